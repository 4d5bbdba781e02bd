"""Whether a study fails in one and the same way from its beginning on: a broken script must not burn the night."""

from __future__ import annotations

from hpotune.history.trial import Trial


class Alike:
    """The trials that have failed since the run began, or the study was mended, as far as all failed alike.

    It says nothing any more once a trial has come to something, or two have failed unlike each other. Whatever it says
    it says for good, until the next failure: a trial that is interrupted and run again does not change it.
    """

    def __init__(self) -> None:
        self.first: Trial | None = None  # the first of them
        self.message = ""  # what the user should read of it
        self._fingerprint = ""
        self.count = 0
        self._reports = 0  # the most that an attempt that failed had come to
        self._furthest = 0  # the most that any attempt has come to
        self._refuted = False

    def failed(self, trial: Trial, fingerprint: str, message: str) -> None:
        """A trial has failed for good. Without a fingerprint it is like no other."""
        if not self.count:
            self._fingerprint, self.first, self.message = fingerprint, trial, message
        self._refuted = self._refuted or not fingerprint or fingerprint != self._fingerprint
        self.count += 1

    def reported(self, reports: int) -> None:
        """An attempt has come to so many reports. One that goes further than those that failed alike shows that the
        script works, whatever comes of it.
        """
        self._furthest = max(self._furthest, reports)

    def attempted(self, reports: int) -> None:
        """An attempt has failed after so many."""
        self._reports = max(self._reports, reports)

    def refute(self) -> None:
        """A trial has come to something: the script works."""
        self._refuted = True

    def condemns(self, least: int) -> bool:
        """Whether at least so many have failed, all alike, and nothing has come further than they."""
        return not self._refuted and self.count >= least and self._furthest <= self._reports

"""Whether a study fails in one and the same way from its beginning on: a broken script must not burn the night."""

from __future__ import annotations

from collections.abc import Iterable

from hpotune.history.trial import JobView, Trial


class Alike:
    """The trials that have failed since the run began, or the study was mended, as far as all failed alike.

    It says nothing any more once a trial has come to something, or two have failed unlike each other.
    """

    def __init__(self) -> None:
        self.first: Trial | None = None  # the first of them
        self._fingerprint = ""
        self.count = 0
        self._reports = 0  # the most that one of them had come to
        self._refuted = False

    def failed(self, trial: Trial, fingerprint: str, reports: int) -> None:
        """A trial has failed for good, after so many reports. Without a fingerprint it is like no other."""
        if not self.count:
            self._fingerprint, self.first = fingerprint, trial
        self._refuted = self._refuted or not fingerprint or fingerprint != self._fingerprint
        self.count += 1
        self._reports = max(self._reports, reports)

    def refute(self) -> None:
        """A trial has come to something: the script works."""
        self._refuted = True

    def condemns(self, least: int, out: Iterable[JobView]) -> bool:
        """Whether at least so many have failed, all alike, and nothing that is `out` has come further than they."""
        if self._refuted or self.count < least:
            return False
        return not any(job.points is not None and len(job.points) > 2 * self._reports for job in out)

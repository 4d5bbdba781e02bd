"""The checkpoint folders of a run's trials: where each is, and how one that is of no more use is deleted.

A folder is renamed first, which takes no time, and deleted beside the loop. So whoever comes after finds a checkpoint
whole or not at all, and a tuner that dies in between leaves nothing but a name that the next session deletes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hpotune.history import Trial

NAME = "checkpoint"
_GONE = ".dropped"


class Checkpoints:
    """The checkpoints below a run's `trials` folder."""

    def __init__(self, trials: str) -> None:
        self._trials = trials
        self._deleting: ThreadPoolExecutor | None = None

    def folder(self, trial: int) -> str:
        """Where a trial keeps its checkpoint."""
        return f"{self._trials}/{trial:05d}/{NAME}"

    def drop(self, trial: int) -> None:
        """Delete a trial's checkpoint; one that is not there is none.

        Raises:
            OSError: it cannot be renamed.
        """
        folder = self.folder(trial)
        gone = f"{folder}{_GONE}"
        with contextlib.suppress(FileNotFoundError):
            if os.path.lexists(gone):  # an earlier one, still being deleted
                gone = f"{gone}.{os.stat(folder).st_ino}"  # noqa: PTH116
            os.rename(folder, gone)  # noqa: PTH104
            self._delete(gone)

    def sweep(self, trials: Iterable[Trial]) -> None:
        """Finish what an earlier session had begun: delete what was dropped, of trials that are not out."""
        for trial in trials:
            with contextlib.suppress(OSError):  # what stays is no more than disk space, and the report shows it
                if trial.dropped:
                    self.drop(trial.number)
                for left in Path(self.folder(trial.number)).parent.glob(f"{NAME}{_GONE}*"):
                    self._delete(str(left))

    def close(self) -> None:
        """Wait until all that was dropped is deleted."""
        if self._deleting is not None:
            self._deleting.shutdown(wait=True)
            self._deleting = None

    def _delete(self, folder: str) -> None:
        if self._deleting is None:
            self._deleting = ThreadPoolExecutor(1, "deleting")
        self._deleting.submit(shutil.rmtree, folder, ignore_errors=True)

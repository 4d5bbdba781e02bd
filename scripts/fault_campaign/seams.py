"""The seams of the real program at which the shim strikes: data, so that a change of the program shows in one place."""

from __future__ import annotations

import errno
from random import Random
from typing import Literal, NamedTuple

# In the environment of every process of a case: its folder, and the number of the call of `hpotune` that it comes from.
MARK, CALL = "FAULT_CAMPAIGN_FOLDER", "FAULT_CAMPAIGN_CALL"

When = Literal["before", "after", "within"]


class Seam(NamedTuple):
    """A place that a tuner passes.

    place    module:object.attribute of the function that is wrapped
    when     before or after its call; within: it is a write of bytes, and a part of its last line is written
    event    the passage counts only if the function is given an event of this type (the name of its class)
    verb     in which command; before `resume` there was a `run` that died within a line
    most     up to which passage it is worth while to wait
    rungs    it is passed only where trials are promoted
    error    what the system says there; 0: the tuner is killed
    """

    place: str
    when: When
    event: str = ""
    verb: Literal["run", "resume"] = "run"
    most: int = 1
    rungs: bool = False
    error: int = 0

    def nth(self, workers: int, rng: Random) -> int:
        """A passage that is likely to come. What is written and flushed is so for all workers together."""
        return rng.randint(1, max(1, self.most // workers) if self.place in (_SYNC, _WRITE) else self.most)


_APPEND = "hpotune.tuner.ledger:Ledger.append"
_PREPARE = "hpotune.run.launch:Launcher.prepare"
_SUBMIT = "hpotune.run.local:LocalExecutor.submit"
_SYNC = "hpotune.journal.writer:_sync_data"
_WRITE = "hpotune.journal.writer:os.write"
_DROP = "hpotune.run.launch:Launcher.drop"
_FILE = "hpotune.run.launch:_write"
_KEPT = "hpotune.journal.repair:sync_folder"
_REPAIR = "hpotune.run.resume:repair"

KILLS = {
    "the birth of a journal: before the journal has its name": Seam("pathlib:Path.rename", "before"),
    "the birth of a journal: after the journal has its name": Seam("pathlib:Path.rename", "after"),
    "a proposal: computed, not entered": Seam("hpotune.tuner.ledger:Ledger.end_proposal", "before", most=6),
    "a launch: planned and flushed": Seam(_PREPARE, "before", most=8),
    "a launch: folders made": Seam(_SUBMIT, "before", most=8),
    "a spawn: before the watchdog knows": Seam("hpotune.run.spawn:Spawner.spawn", "after", most=8),
    "a spawn: before its journal line": Seam(_SUBMIT, "after", most=8),
    "a line: between two bytes": Seam(_WRITE, "within", most=16),
    "a report: not yet appended": Seam(_APPEND, "before", "Reported", most=8),
    "a report: appended, not written": Seam(_APPEND, "after", "Reported", most=8),
    "an end: of a job, appended, not written": Seam(_APPEND, "after", "JobEnded", most=8),
    "an end: of the study, appended, not written": Seam(_APPEND, "after", "StudyFinished"),
    "a promotion: paused, appended, not written": Seam(_APPEND, "after", "TrialPaused", most=6, rungs=True),
    "a promotion: before": Seam(_APPEND, "before", "TrialPromoted", most=3, rungs=True),
    "a promotion: appended, not written": Seam(_APPEND, "after", "TrialPromoted", most=3, rungs=True),
    "a promotion: checkpoint not yet dropped": Seam(_DROP, "before", most=3, rungs=True),
    "a flush: before fsync": Seam(_SYNC, "before", most=8),
    "a flush: after fsync": Seam(_SYNC, "after", most=8),
    "a repair: before": Seam(_REPAIR, "before", verb="resume"),
    "a repair: kept aside, not yet cut": Seam(_KEPT, "after", verb="resume"),
    "a repair: cut": Seam(_REPAIR, "after", verb="resume"),
    "a resume: before study_resumed": Seam(_APPEND, "before", "StudyResumed", verb="resume"),
    "a resume: study_resumed not written": Seam(_APPEND, "after", "StudyResumed", verb="resume"),
    "a resume: written, before fsync": Seam(_SYNC, "before", verb="resume"),
    "a resume: before its first launch": Seam(_PREPARE, "before", verb="resume"),
    "a resume: its first process": Seam("hpotune.run.spawn:Spawner.spawn", "after", verb="resume"),
}

ERRORS = {
    "no space left: for a line": Seam(_WRITE, "within", most=16, error=errno.ENOSPC),
    "no space left: for a trial's files": Seam(_FILE, "before", most=8, error=errno.ENOSPC),
    "no space left: over the quota, for a trial's files": Seam(_FILE, "before", most=8, error=errno.EDQUOT),
    "no space left: for a repair": Seam(_KEPT, "before", verb="resume", error=errno.ENOSPC),
    "flush fails: before the data are there": Seam(_SYNC, "before", most=10, error=errno.EIO),
    "flush fails: after the data are there": Seam(_SYNC, "after", most=10, error=errno.EIO),
    "flush fails: of a resume": Seam(_SYNC, "before", verb="resume", error=errno.EIO),
}

SEAMS = {**KILLS, **ERRORS}

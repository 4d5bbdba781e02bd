"""hpotune tunes any training command from a YAML study file.

    import hpotune

    study = hpotune.load_study("study.yaml")  # or hpotune.Study.from_dict({...})
    tuner = hpotune.Tuner(study)
    while (job := tuner.ask()) is not None:
        tuner.tell(job, train(**job.config))
    print(tuner.best)

Names are imported when they are first used, so that `import hpotune` inside a trial costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpotune.strategies import load_study
    from hpotune.study import Study
    from hpotune.tuner import Job, Tuner

__version__ = "0.1.0"
__all__ = ["Job", "Study", "Tuner", "__version__", "load_study"]

_HOMES = {
    "Job": "hpotune.tuner",
    "Study": "hpotune.study",
    "Tuner": "hpotune.tuner",
    "load_study": "hpotune.strategies",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'hpotune' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

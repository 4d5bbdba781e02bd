"""What a Python script needs inside a trial: its configuration, its budget, and a way to report.

    from hpotune import trial

    config = trial.defaults(lr=0.1, hidden=64)
    for epoch in range(trial.previous_budget + 1, (trial.budget or 10) + 1):
        ...
        trial.report(epoch=epoch, val_accuracy=accuracy)

Run by hand the same script works: the configuration is what `defaults` says, there is no budget, and reports are
printed. This file is all there is to it: standard library, Python 3.8 or later, to be copied where hpotune is not
installed.

    config             the configuration: a dict whose names are attributes too (config.lr)
    budget             train up to here, in all; None if the study has no budget
    previous_budget    what this trial was trained to before; 0 at first
    seed               a seed of this trial's own, below 2**31; 0 by hand
    trial_id           the number of the trial; None by hand
    dir                the trial's folder
    checkpoint_dir     a folder that stays when the trial is trained further
"""

from __future__ import annotations

import json
import math
import operator
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional, Union

__all__ = [
    "active",
    "budget",
    "checkpoint_dir",
    "config",
    "defaults",
    "dir",
    "get",
    "previous_budget",
    "report",
    "saving",
    "seed",
    "trial_id",
]


class Config(Dict[str, Any]):
    """A dict whose entries can be read as attributes. A parameter that is inactive is not there."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            known = ", ".join(self) or "none"
            raise AttributeError(f"this trial has no parameter {name!r} (it has: {known})") from None


def _number(name: str) -> Optional[Union[int, float]]:
    text = os.environ.get(name)
    if not text:
        return None
    number = float(text)
    return int(number) if number.is_integer() else number


def _config() -> Config:
    text = os.environ.get("HPOTUNE_CONFIG")
    file = os.environ.get("HPOTUNE_CONFIG_FILE")
    if not text and file:
        text = Path(file).read_text(encoding="utf-8")
    return Config(json.loads(text or "{}"))


def _checkpoint_dir() -> Path:
    path = Path(os.environ.get("HPOTUNE_CHECKPOINT_DIR") or "checkpoint")
    path.mkdir(parents=True, exist_ok=True)
    return path


active: bool = "HPOTUNE_TRIAL_ID" in os.environ  # whether there is a tuner
config: Config = _config()
budget: Optional[Union[int, float]] = _number("HPOTUNE_BUDGET")
previous_budget: Union[int, float] = _number("HPOTUNE_PREVIOUS_BUDGET") or 0
seed: int = int(os.environ.get("HPOTUNE_SEED") or 0)
trial_id: Optional[int] = int(os.environ["HPOTUNE_TRIAL_ID"]) if active else None
dir: Path = Path(os.environ.get("HPOTUNE_TRIAL_DIR") or ".")  # noqa: A001 - read as trial.dir
checkpoint_dir: Path


def __getattr__(name: str) -> Any:
    """`checkpoint_dir` is made when it is first asked for, so that a script run by hand leaves nothing unasked."""
    if name == "checkpoint_dir":
        return globals().setdefault(name, _checkpoint_dir())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def get(name: str, default: Any = None) -> Any:
    """The value of a parameter, `default` if this trial does not have it."""
    return config.get(name, default)


def defaults(values: Optional[Mapping[str, Any]] = None, **more: Any) -> Config:
    """Give the parameters that this trial does not have these values, and return the configuration.

    Names that are no Python identifiers go in a dict: `defaults({"optim.lr": 0.1})`.
    """
    for name, value in {**(values or {}), **more}.items():
        config.setdefault(name, value)
    return config


def report(values: Optional[Mapping[str, Any]] = None, **more: Any) -> None:
    """Tell the tuner the metric, with the budget reached and any other numbers: `report(epoch=3, val_accuracy=0.91)`.

    Anything that `float` takes is a number, NumPy's and PyTorch's scalars included. Names that are no Python
    identifiers go in a dict: `report({"val/acc": 0.9}, epoch=3)`. Without a tuner the line is printed.

    Raises:
        TypeError: a value is no number, or there is none.
        OSError: the line could not be written.
    """
    numbers = {str(name): _plain(name, value) for name, value in {**(values or {}), **more}.items()}
    if not numbers:
        raise TypeError("report() needs at least one number, such as report(val_accuracy=0.91)")
    path = os.environ.get("HPOTUNE_METRICS_FILE")
    if not path:
        print(" ".join(f"{name}={value}" for name, value in numbers.items()), flush=True)  # noqa: T201
        return
    line = json.dumps(numbers).encode() + b"\n"
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        # one write, so that lines of several processes do not mix
        if os.write(file, line) != len(line):
            raise OSError(f"the report could not be written to {path} whole; is the disk full?")
    finally:
        os.close(file)


@contextmanager
def saving(name: str) -> Iterator[Path]:
    """A path to write a checkpoint to, which becomes `checkpoint_dir / name` once it is complete.

    A trial that is killed while it saves leaves the checkpoint before as it was:

        with trial.saving("model.pt") as path:
            torch.save(model.state_dict(), path)
    """
    path = _checkpoint_dir() / name
    unfinished = path.with_name(f".unfinished-{path.name}")
    yield unfinished
    unfinished.replace(path)


def _plain(name: str, value: Any) -> Union[int, float, str]:
    """The value as JSON can hold it: non-finite numbers are the words nan, inf and -inf, which the tuner reads."""
    try:
        return int(operator.index(value))  # of a bool, Python before 3.10 makes a bool
    except TypeError:
        pass
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a number, not {value!r}") from error
    return number if math.isfinite(number) else str(number)

"""Trials for virtual time: what a script does is a function of its configuration, seed and budget alone, as law 3 asks,
with every way to fail among them.
"""

from __future__ import annotations

from collections.abc import Callable

from hpotune.keys import Key
from hpotune.run.simulator import End, Script
from hpotune.tuner import Job

PATTERNS = ("fine", "some fail", "all fail", "some hang", "mixed")


def behaviour(pattern: str, *, flaky: bool = False) -> Callable[[Job], Script]:
    """How trials behave under a failure pattern. `flaky`: another attempt may fare otherwise than the first."""

    def behave(job: Job) -> Script:
        key = Key.of(job.seed, "behaviour", *((job.attempt,) if flaky else ()))
        value, fate, seconds = (float(number) for number in key.uniforms(3))
        begin = int(job.previous_budget or 0)
        steps = range(begin + 1, int(job.budget or 1) + 1)
        lines = [(seconds * (step - begin), _line(job, step, value)) for step in steps]
        duration = seconds * (len(lines) + 1)
        return _fate(pattern, fate, lines, duration)

    return behave


def _line(job: Job, step: int, value: float) -> bytes:
    if job.budget is None:
        return b"loss=%r\n" % value
    return b'{"epoch": %d, "loss": %r}\n' % (step, value + 1 / step)


def _fate(pattern: str, fate: float, lines: list[tuple[float, bytes]], duration: float) -> Script:
    fine = Script(lines, End(duration))
    failures: list[Script] = [
        Script([], End(duration)),  # no metric
        Script(lines, End(duration / 2, code=1)),
        Script(lines, End(duration, code=None, signal=9)),
        Script([*lines, (duration, b'{"epoch": 99, "loss": NaN}\n')], End(duration)),
        Script([], End(0, launch_fails=True)),
    ]
    hang = Script(lines[:1], End(None))
    match pattern:
        case "fine":
            return fine
        case "some fail":
            return failures[int(fate * 1000) % len(failures)] if fate < 0.4 else fine
        case "all fail":
            return failures[int(fate * 1000) % len(failures)]
        case "some hang":
            return hang if fate < 0.3 else fine
        case _:
            return hang if fate < 0.2 else failures[int(fate * 1000) % len(failures)] if fate < 0.5 else fine

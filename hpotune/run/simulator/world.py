"""What simulated trials do: the values of a problem, in a world where training takes time and things go wrong.

Notation
    problem   (config, budget, seed) -> the metric, with its own sign, of a training to `budget` (None: no budget)
    spread    sigma of a lognormal: a trial trains exp(sigma * z) times as long as the median one, z standard normal
    fate      how a trial, or an attempt, goes wrong

Everything random is keyed by the trial's seed. A fate of the trial comes again in every attempt, at the same budget; so
what a trial does is a function of configuration, seed and budget, wherever it is cut. Those of the attempt are not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Literal, TypeAlias, get_args

from hpotune.errors import UsageError
from hpotune.events import Budget
from hpotune.keys import Key
from hpotune.protocol import budget_keys
from hpotune.run.simulator.executor import End, Script
from hpotune.study import Study
from hpotune.tuner import Job

Problem: TypeAlias = Callable[[Mapping[str, Any], Budget | None, int], float]
Fate = Literal["exit", "signal", "oom", "nan", "no_metric", "hang", "launch", "crash", "lost"]

_MOST_REPORTS = 1000  # of one job
_OF_ATTEMPTS = ("crash", "lost")
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class World:
    """What training costs, and what goes wrong.

    Attributes:
        seconds: of a unit of budget, at the median; of a whole trial in a study without a budget.
        startup: seconds before an attempt begins to train.
        spread: sigma of the lognormal of a trial's speed; 0: all are equally fast.
        reports: how many a job makes, evenly; None: one at each whole unit of budget.
        fates: the probability of each way to go wrong. `crash` (an exit) and `lost` (the machine goes away) are drawn
            for each attempt, the others for each trial.
        stragglers: the probability that an attempt is slower by `straggling`.
        straggling: how many times as slow it is then.
    """

    seconds: float = 1.0
    startup: float = 0.0
    spread: float = 0.0
    reports: int | None = None
    fates: Mapping[Fate, float] = field(default_factory=dict)
    stragglers: float = 0.0
    straggling: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what is no world.

        Raises:
            UsageError: an unknown fate, or probabilities that sum up to more than 1.
        """
        unknown = [fate for fate in self.fates if fate not in get_args(Fate)]
        if unknown:
            raise UsageError(f"unknown fate {unknown[0]!r}", f"one of {', '.join(get_args(Fate))}")
        for own in (True, False):
            if sum(odds for fate, odds in self.fates.items() if (fate in _OF_ATTEMPTS) is own) > 1:
                raise UsageError("the probabilities of the fates sum up to more than 1")


class Scripted:
    """The scripts of a problem's trials: the `behave` of a `VirtualExecutor`."""

    def __init__(self, study: Study, problem: Problem, world: World) -> None:
        budget = study.budget
        self._problem = problem
        self._world = world
        self._least = 1.0 if budget is None else float(budget.min)
        self._most = 1.0 if budget is None else float(budget.max)
        self._metric = json.dumps(study.metric.name)
        self._budget = "" if budget is None else json.dumps(budget_keys(budget.name, budget.key)[0])
        fates = world.fates.items()
        self._trials = [(fate, odds) for fate, odds in fates if fate not in _OF_ATTEMPTS]
        self._attempts = [(fate, odds) for fate, odds in fates if fate in _OF_ATTEMPTS]

    def __call__(self, job: Job) -> Script:
        """What the attempt of a job does."""
        start, to = float(job.previous_budget or 0), float(self._most if job.budget is None else job.budget)
        pace = self._pace(job)
        points = report_points(job.previous_budget or 0, job.budget, self._world.reports)
        output = [(self._after(start, point, pace), self._line(job, point)) for point in points]
        output.append((self._world.startup + (to - start) * pace, b""))
        fate, at = self._fate(job, start)
        if at > to and fate not in ("launch", "no_metric"):
            return Script(output[:-1], End(output[-1][0]))
        return _goes_wrong(fate, output, self._after(start, min(at, to), pace), self._line(job, job.budget, math.nan))

    def _after(self, start: float, point: Budget | None, pace: float) -> float:
        """Seconds into the attempt at a budget."""
        return self._world.startup + ((self._most if point is None else point) - start) * pace

    def _line(self, job: Job, budget: Budget | None, value: float | None = None) -> bytes:
        value = float(self._problem(job.config, budget, job.seed)) if value is None else value
        text = repr(value) if math.isfinite(value) else json.dumps(value)
        if budget is None:
            return b"{%s: %s}\n" % (self._metric.encode(), text.encode())
        return f"{{{self._budget}: {budget!r}, {self._metric}: {text}}}\n".encode()

    def _pace(self, job: Job) -> float:
        """Seconds for a unit of budget."""
        world = self._world
        pace = world.seconds
        if world.spread:
            uniform = float(Key.of(job.seed, "speed").uniforms(1)[0])
            pace *= math.exp(world.spread * _NORMAL.inv_cdf(uniform))
        if world.stragglers and Key.of(job.seed, "straggler", job.job, job.attempt).uniforms(1)[0] < world.stragglers:
            pace *= world.straggling
        return pace

    def _fate(self, job: Job, start: float) -> tuple[Fate | None, float]:
        """What goes wrong, if anything does, and at which budget: as likely in one rung as in another."""
        found: tuple[Fate | None, float] = (None, math.inf)
        if self._trials:
            which, where = (float(uniform) for uniform in Key.of(job.seed, "fate").uniforms(2))
            lowest = self._least / 2
            found = _drawn(self._trials, which), lowest * (self._most / lowest) ** where
        if self._attempts:
            key = Key.of(job.seed, "fate", job.job, job.attempt)
            which, where = (float(uniform) for uniform in key.uniforms(2))
            end = self._most if job.budget is None else job.budget
            at = start + (end - start) * where
            fate = _drawn(self._attempts, which)
            if fate is not None and (found[0] is None or at < found[1]):
                found = fate, at
        return found if found[0] is not None else (None, math.inf)


def report_points(start: Budget, to: Budget | None, count: int | None) -> list[Budget | None]:
    """The budgets at which a job from `start` to `to` reports, ascending; the last is `to`."""
    if to is None:
        return [None]
    length = to - start
    most = min(count or math.ceil(length), _MOST_REPORTS)
    if isinstance(length, int):
        most = max(1, min(most, length))
        return [start + length * i // most for i in range(1, most + 1)]
    return [*(start + length * i / most for i in range(1, most)), to]


def _drawn(odds: list[tuple[Fate, float]], uniform: float) -> Fate | None:
    for fate, probability in odds:
        if uniform < probability:
            return fate
        uniform -= probability
    return None


def _goes_wrong(fate: Fate | None, output: list[tuple[float, bytes]], at: float, nan: bytes) -> Script:
    """The script of an attempt that goes wrong `at` seconds after its start; `output` ends with when it would end."""
    before = [piece for piece in output[:-1] if piece[0] < at]
    match fate:
        case "signal":
            return Script(before, End(at, code=None, signal=11))
        case "oom":
            return Script(before, End(at, code=None, signal=9, oom=True))
        case "nan":
            return Script([*before, (output[-1][0], nan)], End(output[-1][0]))
        case "no_metric":
            return Script([], End(output[-1][0]))
        case "hang":
            return Script(before, End(None))
        case "launch":
            return Script([], End(0.0, launch_fails=True))
        case "lost":
            return Script(before, End(at, lost="the machine is gone"))
        case _:
            return Script(before, End(at, code=1))

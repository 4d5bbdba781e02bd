"""What another strategy would have made of a run: its configurations and its curves, under another schedule.

The configurations come in the run's own order, each once; so it is the schedule that is compared, and a searcher that
learns is not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hpotune.errors import UsageError
from hpotune.events import Budget
from hpotune.history import History, JobView, Trial
from hpotune.journal.folder import RunFolder
from hpotune.keys import Key
from hpotune.run.simulator.recorded import Curve, Recorded, curves
from hpotune.run.simulator.simulate import printing_json, simulate_scripts
from hpotune.strategies import SEARCHERS, check, product
from hpotune.study import ConstantModel, DerivedModel, Source, Study
from hpotune.study.assemble import assemble
from hpotune.study.overrides import apply_overrides
from hpotune.tuner import best

_MAY_BE_SET = ("strategy", "budget", "limits")


@dataclass(frozen=True, slots=True)
class Side:
    """What one way cost, and what it found.

    Attributes:
        trials: how many were begun.
        failed: how many of them failed.
        full: how many were trained to the full budget.
        budget: how far the trials were trained, summed over all their jobs.
        seconds: from the first launch to the end.
        workers: trials at a time.
        value: the best value, in the metric's own sign.
        trial: the trial it belongs to, by its number in the run.
        at: the budget it belongs to.
    """

    trials: int
    failed: int
    full: int
    budget: float
    seconds: float
    workers: int
    value: float | None
    trial: int | None
    at: Budget | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run beside what another strategy would have made of it.

    Attributes:
        history: of the run.
        study: as it was simulated.
        run: what the run did.
        other: what the other strategy would have done.
        favourite: the run's best trial as the other strategy would have left it; None if it would not have begun it.
        unknown: how many trials of the run could not take part, since nothing is known of them.
        short: how many of those that took part have a curve that ends early, without having failed.
        guessed: the trials that were trained beyond what is known of them, and how far, by their number in the run.
        timed: whether the journal tells how long training took; else a unit of budget counts as a second.
        starts: whether the journal tells how long processes take to start, which every job of a trial pays.
        learns: the searchers, of the run and of the strategy, that would have proposed otherwise having seen otherwise.
    """

    history: History
    study: Study
    run: Side
    other: Side
    favourite: Trial | None
    unknown: int
    short: int
    guessed: dict[int, Budget]
    timed: bool
    starts: bool
    learns: tuple[str, ...]

    @property
    def saved_budget(self) -> float | None:
        """The share of the run's budget that would have been saved; negative: more would have been spent."""
        return 1 - self.other.budget / self.run.budget if self.run.budget else None

    @property
    def saved_time(self) -> float | None:
        """The share of the run's time that would have been saved.

        None: they have not the same number of workers, or it is not known what another job of a trial costs.
        """
        comparable = self.timed and self.starts and self.run.seconds and self.run.workers == self.other.workers
        return 1 - self.other.seconds / self.run.seconds if comparable else None


def another_way(
    folder: RunFolder, strategy: str, *, sets: Sequence[str] = (), workers: int | None = None, order: int | None = None
) -> Comparison:
    """Simulate a run under another strategy.

    Args:
        folder: the run.
        strategy: the name of the strategy.
        sets: `key=value` texts that change `strategy`, `budget` or `limits` of the study.
        workers: trials at a time (default: the run's).
        order: a seed for another order of the configurations (default: the run's order).

    Raises:
        UsageError: the run has no curves, or something else is to be set.
        StudyError: the strategy is unknown, or does not fit.
        RunError: the run cannot be read.
    """
    history, pool, timed = curves(folder.events())
    if history.n < 0:
        raise UsageError(f"the journal of {folder.path} is empty", "the run was never started: `hpotune run` starts it")
    _check_curves(history, pool)
    if order is not None:
        pool.sort(key=lambda curve: float(Key.of(order, curve.trial, "order").uniforms(1)[0]))
    study = _study(history.study, pool, strategy, sets)
    done = simulate_scripts(study, Recorded(study, pool), workers=workers or history.workers)
    numbers = [curve.trial for curve in pool]
    favourite = None
    if history.best is not None and history.best.number in numbers:
        place = numbers.index(history.best.number)
        favourite = done.history.trials[place] if place < len(done.history.trials) else None
    most = study.budget.max if study.budget else 0
    return Comparison(
        history=history,
        study=done.history.study,
        run=_side(history, history.elapsed, history.study.budget.max if history.study.budget else 0),
        other=_side(done.history, done.seconds, most, numbers),
        favourite=favourite,
        unknown=len(history.trials) - len(pool),
        short=sum(curve.failed_at is None and curve.known_to < most for curve in pool),
        guessed=_guessed(done.history, pool),
        timed=timed,
        starts=any(curve.startup is not None for curve in pool),
        learns=tuple(dict.fromkeys(name for name in map(_searcher, (history.study, study)) if SEARCHERS[name].learns)),
    )


def _check_curves(history: History, pool: Sequence[Curve]) -> None:
    study = history.study
    if study.budget is None:
        raise UsageError(
            "the run has no learning curves: its study has no `budget`",
            "say what trials are trained to, such as `budget: {name: epochs, max: 81}`, and run it again",
        )
    full = [curve for curve in pool if curve.known_to >= study.budget.max]
    if not full:
        raise UsageError(
            f"no trial of the run was trained to {study.budget.max:g} {study.budget.name}",
            "at least one whole curve is needed",
        )
    if all(len(curve.points) == 1 for curve in full):
        raise UsageError(
            "the run has no learning curves: its trials reported at their end alone",
            f"print the metric as training goes, with its {study.budget.key or study.budget.name}, and run again",
        )


def _study(study: Study, pool: Sequence[Curve], strategy: str, sets: Sequence[str]) -> Study:
    """The study to be simulated: the run's, with its configurations enqueued in their order.

    What happens to a trial is on record, so there is nothing to try again, and no limit of time for a single one.
    """
    for text in sets:
        top = text.partition("=")[0].strip().partition(".")[0]
        if top not in _MAY_BE_SET:
            words = f"--set {text}: the curves are those of the study as it was"
            raise UsageError(words, f"what may be set is {', '.join(_MAY_BE_SET)}")
    fixed = {name for name, kind in study.parameters.items() if isinstance(kind, DerivedModel | ConstantModel)}
    data: dict[str, Any] = printing_json(study).to_dict()
    data["enqueue"] = [{name: value for name, value in curve.config.items() if name not in fixed} for curve in pool]
    data["limits"] = {**data["limits"], "trials": len(pool)}
    data["trial"] = {"grace": 0}
    data["gpus"] = None
    options = apply_overrides(data, [f"strategy={strategy}", *sets])
    if isinstance(data["limits"], dict):
        trials = data["limits"].get("trials")
        if isinstance(trials, int | float) and trials > len(pool):
            raise UsageError(f"the run has no more than {len(pool)} trials of which anything is known")
        data["limits"]["trials"] = len(pool) if trials is None else trials
    changed = assemble(Study, data, Source(None, "", {}, options), (check,)).placed(
        Source(None, "", {}, options), None, None
    )
    if changed.budget is None or study.budget is None or changed.budget.max > study.budget.max:
        most = f"{study.budget.max:g} {study.budget.name}" if study.budget else ""
        raise UsageError("nothing is known of trials beyond the budget of the run", f"leave `budget.max` at {most}")
    return changed


def _guessed(history: History, pool: Sequence[Curve]) -> dict[int, Budget]:
    """The trials of a simulation that went beyond what is known of them, and how far."""
    pairs = ((curve, reached(trial.jobs[-1])) for curve, trial in zip(pool, history.trials, strict=False) if trial.jobs)
    return {curve.trial: budget for curve, budget in sorted(pairs, key=_by_trial) if budget > curve.known_to}


def _by_trial(pair: tuple[Curve, Budget]) -> int:
    return pair[0].trial


def reached(job: JobView) -> Budget:
    """How far a job has trained, as far as its reports show it."""
    return (job.to if job.outcome == "completed" else job.furthest) or job.start or 0


def _searcher(study: Study) -> str:
    return product(study).searcher


def _side(history: History, seconds: float, most: float, numbers: Sequence[int] | None = None) -> Side:
    found = best(history)
    number = None if found is None else found.trial_id
    return Side(
        trials=len(history.trials),
        failed=history.states["failed"],
        full=sum(trial.state == "completed" and (trial.budget or 0) >= most for trial in history.trials),
        budget=sum(_trained(trial) for trial in history.trials),
        seconds=seconds,
        workers=history.workers,
        value=None if found is None else found.value,
        trial=number if numbers is None or number is None else numbers[number],
        at=None if found is None else found.budget,
    )


def _trained(trial: Trial) -> float:
    """The budget that the jobs of a trial have used."""
    return sum(reached(job) - (job.start or 0) for job in trial.jobs)

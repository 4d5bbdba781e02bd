"""Studies of the Gaussian process searcher, run to their end in memory, and the searcher asked by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpotune.events import Event
from hpotune.history import Observations, Results
from hpotune.keys import Key
from hpotune.models.embedding import Embedding
from hpotune.models.gp import Hyperparameters, Posterior
from hpotune.searchers import Proposal
from hpotune.searchers.gp import GpSearcher
from hpotune.searchers.gp.searcher import embedding_of
from hpotune.space import Config, Space
from hpotune.study import Study
from hpotune.tuner import Job, Ledger, Memory, Tuner
from studies import study

UNIT = {"type": "float", "low": 0, "high": 1}
# Every kind of parameter, a condition and a constraint.
EVERY_KIND: dict[str, Any] = {
    "lr": {"type": "float", "low": 1e-5, "high": 1e-1, "log": True},
    "momentum": {"type": "float", "low": 0.5, "high": 0.99, "when": 'optimizer == "sgd"'},
    "width": {"type": "int", "low": 1, "high": 1024, "log": True},
    "depth": {"type": "int", "low": 1, "high": 6},
    "dropout": {"type": "float", "low": 0.0, "high": 0.5, "step": 0.1},
    "batch": {"type": "ordinal", "choices": [16, 32, 64, 128]},
    "optimizer": {"type": "categorical", "choices": ["adam", "sgd", "lion"]},
    "nesterov": {"type": "bool", "when": 'optimizer == "sgd"'},
    "activation": {"type": "categorical", "choices": ["relu", "gelu"], "when": "depth > 2"},
}
Value = float | None


def cube(d: int) -> dict[str, Any]:
    return {f"x{number}": UNIT for number in range(d)}


def declared(trials: int, parameters: Mapping[str, Any], strategy: Any = "bo", **changes: Any) -> Study:
    return study(parameters=dict(parameters), strategy=strategy, limits={"trials": trials}, **changes)


def every_kind(config: Config) -> float:
    """A loss over `EVERY_KIND`: smooth in the numbers, of another level and place for each choice."""
    shift = {"adam": 0.0, "sgd": 1.0, "lion": 2.0}[config["optimizer"]]
    loss = (np.log10(config["lr"]) + 3.0 - 0.3 * shift) ** 2 + 0.1 * shift + (np.log2(config["width"]) - 7.0) ** 2 / 20
    loss += abs(config["depth"] - 3) / 5 + (config["dropout"] - 0.2) ** 2 + (config["batch"] != 32) * 0.1
    return float(loss + 5.0 * (config.get("momentum", 0.9) - 0.9) ** 2 + (config.get("activation") == "relu") * 0.1)


@dataclass
class Run:
    """What came of a study: all in the order of the trials."""

    tuner: Tuner
    events: list[Event]
    values: list[Value]

    @property
    def configs(self) -> list[Config]:
        return [trial.config for trial in self.tuner.history.trials]

    @property
    def records(self) -> list[Mapping[str, Any]]:
        return [trial.record for trial in self.tuner.history.trials]

    @property
    def by(self) -> list[str]:
        return [record.get("by", "") for record in self.records]

    @property
    def space(self) -> Space:
        return self.tuner.history.study.space

    @property
    def points(self) -> Any:
        return np.array([self.space.encode(config) for config in self.configs])

    @property
    def best(self) -> float:
        return min(value for value in self.values if value is not None)


def run(study: Study, function: Callable[[Config], Value]) -> Run:
    """A whole study. A value of None is a failure. With several workers trials end out of their order."""
    memory = Memory()
    return go_on(Tuner(study, sink=memory), memory, function)


def go_on(tuner: Tuner, memory: Memory, function: Callable[[Config], Value]) -> Run:
    """To the end of a study: as many jobs out as there are workers, of which the third last ends first."""
    values: dict[int, Value] = {}
    out: list[Job] = []
    while True:
        while (job := tuner.ask()) is not None:
            out.append(job)
        if not out:
            return Run(tuner, memory.events, [values.get(number) for number in range(len(tuner.history.trials))])
        job = out.pop(max(0, len(out) - 3))
        values[job.trial_id] = function(job.config)
        _end(tuner, job, values[job.trial_id])


def _end(tuner: Tuner, job: Job, value: Value) -> None:
    if value is None:
        tuner.fail(job)
    else:
        tuner.tell(job, value)


def resumed(study: Study, events: Sequence[Event]) -> tuple[Tuner, Memory]:
    """A tuner of another process that has only the events."""
    memory = Memory()
    memory.events = list(events)
    tuner = Tuner(study)
    tuner._ledger = Ledger(memory)
    tuner._ledger.replay(events)
    return tuner, memory


# By hand


def told(
    space: Space,
    points: Any,
    losses: Any,
    *,
    failed: Any = (),
    pending: Any = (),
    fit: Mapping[str, Any] | None = None,
) -> Observations:
    """What a searcher is told of trials at these points of the cube: with losses, then failed, then pending."""
    rows = [np.reshape(np.asarray(part, np.float64), (-1, space.dimension)) for part in (points, failed, pending)]
    ends = np.cumsum([len(part) for part in rows])
    settled = space.settle(np.concatenate(rows))
    losses = np.asarray(losses, np.float64)
    assert len(losses) == ends[0]
    results = Results(
        points=settled,
        trials=np.arange(len(losses)),
        budgets=np.full(len(losses), np.nan),
        losses=losses,
        pending=np.arange(ends[1], ends[2]),
        failed=np.arange(ends[0], ends[1]),
        fit=fit,
    )
    forms = frozenset(space.canonical(space.decode(np.where(np.isnan(point), 0.5, point))) for point in settled)
    return Observations(int(ends[2]), 0, 0, defaulted=False, tried=forms, results=results)


def ask(space: Space, observations: Observations, seed: int = 7, **options: Any) -> Proposal:
    """A proposal of the model, which must be valid, new, and with a record as it is promised."""
    searcher = GpSearcher(seed, **{"initial": 1, **options})
    answer = searcher.propose(space, observations, Key.of(seed, observations.trial, "propose"), None)
    assert isinstance(answer, Proposal), answer
    assert space.problems(answer.config) == []
    assert space.canonical(answer.config) not in observations.tried
    assert answer.record["by"] in ("gp", "list")
    assert json.loads(json.dumps(answer.record, allow_nan=False)) == answer.record
    return answer


def posterior(space: Space, count: int, seed: int, **changes: Any) -> tuple[Embedding, Posterior]:
    """A model of a loss at settled points of a fixed generator."""
    generator = np.random.default_rng(seed)
    embedding = embedding_of(space)
    features = embedding.features(space.settle(generator.random((count, space.dimension))))
    targets = changes.pop("targets", generator.normal(size=count))
    lengths = 0.5 + generator.random(space.dimension)
    h = Hyperparameters(lengths, **{"signal": 1.3, "noise": 1e-3, **changes})
    return embedding, Posterior(features, targets, h, embedding.groups)


CUBE = declared(1, cube(3)).space


def bo(**options: Any) -> dict[str, Any]:
    return {"name": "bo", **options}


def bowl(config: Any) -> float:
    return sum((float(value) - 0.3) ** 2 for value in config.values())


def known(count: int = 14, **more: Any) -> Observations:
    points = np.random.default_rng(1).random((count, 3))
    return told(CUBE, points, ((points - 0.3) ** 2).sum(axis=1), **more)

"""A searcher asked without a tuner: what it is told, and its proposals one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import assume, settings
from hypothesis import strategies as st
from strategies_space import spaces

from hpotune.expressions import parse
from hpotune.history import Observations, Results
from hpotune.keys import Key
from hpotune.searchers import Answer, Proposal, Searcher
from hpotune.space import Bool, Categorical, Config, Float, Int, Space
from hpotune.strategies import SEARCHERS, resolve
from studies import study

every_searcher = pytest.mark.parametrize("name", SEARCHERS)
WITH_INDEX = ("grid", "sobol")
FEW = settings(max_examples=20, deadline=None)

MIXED = Space(
    [
        Int("a", 0, 3),
        Categorical("kind", ("x", "y")),
        Bool("flag", when=parse('kind == "y"')),
        Float("p", 0.0, 0.5, step=0.25),
    ],
    [parse("a + p <= 3")],
)


def searcher(name: str, seed: int = 7) -> Searcher:
    return resolve(study(seed=seed, strategy={"searcher": name, "scheduler": "full"})).searcher


def observed(space: Space, planned: Sequence[Proposal]) -> Observations:
    """What a searcher is told after these proposals were planned, none enqueued: the last is still out, every fifth
    failed, the others have a value.
    """
    trials = np.arange(len(planned))
    pending, failed = trials[-1:], trials[:-1][4::5]
    valued = np.setdiff1d(trials[:-1], failed)
    points = np.array([space.encode(proposal.config) for proposal in planned]).reshape(len(planned), space.dimension)
    fits = [proposal.record["fit"] for proposal in planned if "fit" in proposal.record]
    results = Results(
        points=points,
        trials=valued,
        budgets=np.full(len(valued), np.nan),
        losses=(valued * 0.37) % 1.0 - 0.5,
        pending=pending,
        failed=failed,
        fit=fits[-1] if fits else None,
    )
    return Observations(
        trial=len(planned),
        cursor=max((proposal.record.get("index", -1) + 1 for proposal in planned), default=0),
        enqueued=0,
        defaulted=False,
        tried=frozenset(space.canonical(proposal.config) for proposal in planned),
        results=results,
    )


def ask(searcher: Searcher, space: Space, planned: Sequence[Proposal], seed: int = 7) -> Answer:
    key = Key.of(seed, len(planned), "propose")
    return searcher.propose(space, observed(space, planned), key, None)


def walk(searcher: Searcher, space: Space, planned: Sequence[Proposal] = ()) -> Iterator[Proposal]:
    """The proposals one after the other, until the searcher is through."""
    planned = list(planned)
    while isinstance(answer := ask(searcher, space, planned), Proposal):
        planned.append(answer)
        assert len(planned) <= 200, "it does not end"
        yield answer


def canonical(space: Space, configs: Sequence[Config]) -> list[str]:
    return [space.canonical(config) for config in configs]


@st.composite
def finite_spaces(draw: st.DrawFn) -> tuple[Space, tuple[Config, ...]]:
    """A space with conditions and constraints, and all of its at most sixty valid configurations."""
    space = draw(spaces(max_size=3, discrete=True))
    valid = space.enumerate()
    assert valid is not None
    assume(len(valid) <= 60)
    return space, valid

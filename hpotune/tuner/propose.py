"""`propose`: the configuration of a new trial. First what the user enqueued, then the default, then the searcher."""

from __future__ import annotations

from typing import NamedTuple

from hpotune.errors import StudyError
from hpotune.events import Origin
from hpotune.history import Observations
from hpotune.keys import Key
from hpotune.searchers import Exhausted, Proposal, Searcher
from hpotune.space import SpaceError
from hpotune.study import Study


class Planned(NamedTuple):
    """A proposal and where it came from."""

    proposal: Proposal
    origin: Origin


def propose(
    study: Study,
    searcher: Searcher,
    observations: Observations,
    budget: float | None,
    *,
    try_default: bool = True,
) -> Planned | Exhausted:
    """The configuration of trial `observations.trial`: a pure function, safe to compute outside the loop.

    Raises:
        StudyError: a condition or a derived value of the study cannot be evaluated for a configuration.
    """
    try:
        return _propose(study, searcher, observations, budget, try_default=try_default)
    except SpaceError as error:
        raise StudyError([study.problem(*found) for found in error.problems]) from error


def _propose(
    study: Study, searcher: Searcher, observations: Observations, budget: float | None, *, try_default: bool
) -> Planned | Exhausted:
    key = Key.of(study.seed or 0, observations.trial, "propose")
    space = study.space
    if observations.enqueued < len(study.enqueue):
        config = space.complete(study.enqueue[observations.enqueued], key.child("enqueue"))
        return Planned(Proposal(config, {}), "enqueue")
    if try_default and not observations.defaulted:
        default = space.default()
        if default is not None and space.canonical(default) not in observations.tried:
            return Planned(Proposal(default, {}), "default")
    answer = searcher.propose(space, observations, key, budget)
    return answer if isinstance(answer, Exhausted) else Planned(answer, "search")

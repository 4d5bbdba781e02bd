"""What draws from a space look like: how many its constraints accept, how often each condition holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hpotune.keys import Key
from hpotune.space.parameters import Config, JsonValue
from hpotune.space.plan import Plan, Searched, resolve, violated


def acceptance(plan: Plan, key: Key, draws: int) -> float:
    """The share of `draws` unconstrained draws that the constraints accept."""
    return sum(violated(plan.constraints, config) is None for config in sample(plan, key, draws)) / draws


def activity(plan: Plan, configs: Sequence[Config]) -> dict[str, float]:
    """The share of `configs` in which each parameter that has a `when` is active."""
    conditional = [step.name for step in plan.steps if step.when is not None]
    return {
        name: sum(name in config for config in configs) / len(configs) for name in plan.names if name in conditional
    }


def sample(plan: Plan, key: Key, draws: int) -> Iterator[Config]:
    """Unconstrained draws, all from one stream.

    Raises:
        SpaceError: a condition or a derived value cannot be evaluated.
    """
    dimension = len(plan.searched)
    for coordinates in key.uniforms(draws * dimension).reshape(draws, dimension).tolist():

        def pick(searched: Searched, row: list[float] = coordinates) -> JsonValue:
            return searched.axis.value(row[searched.coordinate])

        yield resolve(plan, pick)

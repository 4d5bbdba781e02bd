"""Law 5 (bounds), and the other promises of a space, over generated spaces."""

from __future__ import annotations

import json
import math
import pickle
from contextlib import suppress
from itertools import islice

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies_space import points, spaces

from hpotune.keys import Key
from hpotune.space import Bool, Categorical, Constant, Float, Int, Ordinal, Space, SpaceError

anything = st.data()


def close(a, b, parameter) -> bool:
    """Exact for discrete kinds; 1e-12 of itself in a log range, of the larger bound in a linear one."""
    if isinstance(parameter, Float) and parameter.step is None:
        scale = abs(a) if parameter.log else max(abs(parameter.low), abs(parameter.high))
        return abs(a - b) <= 1e-12 * scale
    return type(a) is type(b) and a == b


@given(anything)
@settings(max_examples=100)
def test_every_decoded_point_is_a_configuration_of_the_space(data):
    space = data.draw(spaces())
    config = space.decode(data.draw(points(space)))
    broken = [problem for problem in space.problems(config) if not problem.startswith("the constraint")]
    assert broken == []
    assert space.feasible(config) == (space.problems(config) == [])
    assert list(config) == [name for name in space.names if name in config]
    assert json.loads(json.dumps(config, allow_nan=False)) == config


@given(anything)
@settings(max_examples=100)
def test_a_configuration_survives_encode_and_decode(data):
    space = data.draw(spaces())
    config = space.decode(data.draw(points(space)))
    x = space.encode(config)
    assert x.shape == (space.dimension,)
    for parameter, u in zip(space.searchable, x, strict=True):
        assert math.isnan(u) == (parameter.name not in config)
        assert math.isnan(u) or 0 <= u <= 1
    for parameter, value, again in zip(
        space.searchable,
        (config.get(p.name) for p in space.searchable),
        (_alone(p).decode([0.5 if math.isnan(u) else u])[p.name] for p, u in zip(space.searchable, x, strict=True)),
        strict=True,
    ):
        assert parameter.name not in config or close(value, again, parameter)


def _alone(parameter: object) -> Space:
    """The same parameter without its condition: rounding a float must not flip another's `when` in this test."""
    fields = {field: getattr(parameter, field) for field in parameter.__dataclass_fields__}
    return Space([type(parameter)(**fields | {"when": None})])


@given(anything)
@settings(max_examples=60)
def test_a_discrete_space_round_trips_whole(data):
    space = data.draw(spaces(discrete=True))
    config = space.decode(data.draw(points(space)))
    again = space.decode(space.encode(config))
    assert space.canonical(again) == space.canonical(config)
    assert json.dumps(again) == json.dumps(config)


@given(anything)
@settings(max_examples=60)
def test_a_discrete_space_holds_exactly_what_it_enumerates(data):
    space = data.draw(spaces(max_size=4, discrete=True))
    valid = space.enumerate()
    assert valid is not None
    assert len(valid) <= space.cardinality()
    assert all(space.problems(config) == [] for config in valid)
    texts = [space.canonical(config) for config in valid]
    assert len(set(texts)) == len(texts)
    config = space.decode(data.draw(points(space)))
    assert space.feasible(config) == (space.canonical(config) in texts)


@given(spaces(max_size=4, discrete=True))
@settings(max_examples=60)
def test_the_grid_of_a_discrete_space_is_its_valid_set(space):
    assert tuple(space.grid()) == space.enumerate()
    assert space.grid_size() == space.cardinality()


@given(spaces(max_size=4))
@settings(max_examples=60)
def test_grid_points_are_distinct_configurations_of_the_space(space):
    if any(isinstance(p, Float) and p.step is p.grid is None and p.low < p.high for p in space.parameters):
        with pytest.raises(SpaceError, match="a grid needs"):
            space.grid()
        with pytest.raises(SpaceError, match="a grid needs"):
            space.grid_size()
        return
    start = []
    with suppress(SpaceError):  # too many infeasible points in a row
        start.extend(islice(space.grid(patience=1_000), 200))
    assert all(space.problems(config) == [] for config in start)
    assert len({space.canonical(config) for config in start}) == len(start) <= space.grid_size()


@given(spaces(), st.integers(0, 2**32))
@settings(max_examples=60)
def test_a_draw_is_feasible_and_a_function_of_its_key(space, seed):
    config = space.draw(Key.of(seed), tries=50)
    assert config == space.draw(Key.of(seed), tries=50)
    assert config is None or space.problems(config) == []


@given(anything)
@settings(max_examples=60)
def test_completing_keeps_what_is_given(data):
    space = data.draw(spaces())
    whole = space.draw(Key.of(data.draw(st.integers(0, 99))), tries=50)
    assume(whole)
    partial = {name: whole[name] for name in data.draw(st.sets(st.sampled_from(sorted(whole))))}
    try:
        config = space.complete(partial, Key.of(1), tries=50)
    except ValueError:
        return
    assert space.problems(config) == []
    assert {name: config[name] for name in partial} == partial
    assert space.complete(whole) == whole


@given(spaces())
@settings(max_examples=60)
def test_the_default_is_made_of_defaults(space):
    config = space.default()
    if config is None:
        with pytest.raises(ValueError, match=r"no default|constraint"):
            space.complete({})
        return
    assert space.problems(config) == []
    for parameter in space.searchable:
        assert parameter.name not in config or config[parameter.name] == parameter.default


@given(anything)
@settings(max_examples=60)
def test_canonical_text_is_canonical_json(data):
    space = data.draw(spaces())
    config = space.decode(data.draw(points(space)))
    own = {name: value for name, value in config.items() if not name.startswith("derived_")}
    assert space.canonical(config) == json.dumps(own, sort_keys=True, separators=(",", ":"))
    assert space.canonical(dict(reversed(config.items()))) == space.canonical(config)


@given(spaces())
@settings(max_examples=20)
def test_a_pickled_space_is_the_same_space(space):
    twin = pickle.loads(pickle.dumps(space))
    assert twin.parameters == space.parameters
    assert twin.decode([0.3] * space.dimension) == space.decode([0.3] * space.dimension)


@given(anything)
@settings(max_examples=60)
def test_changing_one_value_to_a_stranger_is_noticed(data):
    space = data.draw(spaces())
    config = space.decode(data.draw(points(space)))
    assume(config)
    name = data.draw(st.sampled_from(sorted(config)))
    for stranger in ({"no": "such"}, float("nan"), 10**400, "no such value"):
        assert space.problems({**config, name: stranger}) != []
    assert space.problems({key: value for key, value in config.items() if key != name}) != []
    assert any("never" in problem for problem in space.problems({**config, "never_declared": 1}))


@pytest.mark.parametrize(
    "parameter",
    [Float("x", 3, 3), Float("x", 2.0, 2.0, log=True), Int("x", 4, 4, log=True), Int("x", 4, 4, step=7),
     Float("x", 1, 1, step=0.1), Categorical("x", (None,)), Ordinal("x", ([1],))],
    ids=repr,
)  # fmt: skip
def test_a_single_value_is_a_valid_range(parameter):
    space = Space([parameter])
    assert space.cardinality() == 1
    (only,) = space.enumerate()
    for u in (0.0, 0.3, 1.0):
        assert space.decode([u]) == only
    assert space.decode(space.encode(only)) == only
    assert list(space.grid()) == [only]


def test_an_empty_space_and_a_space_of_constants_have_one_configuration():
    assert Space([]).enumerate() == ({},)
    space = Space([Constant("a", [1])])
    assert space.dimension == 0
    assert space.draw(Key.of(1)) == {"a": [1]} == space.default()
    assert space.enumerate() == ({"a": [1]},)
    assert Space([Bool("b")]).default() is None


def test_a_configuration_may_be_changed_without_harm():
    space = Space([Categorical("layers", ([1, 2], {"a": [3]})), Constant("c", [4])])
    for u in (0.1, 0.9):
        before = json.dumps(space.decode([u]))
        config = space.decode([u])
        config["c"].append(5)
        (config["layers"] if u < 0.5 else config["layers"]["a"]).append(6)
        assert json.dumps(space.decode([u])) == before

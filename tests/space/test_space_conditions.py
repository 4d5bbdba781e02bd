"""What is active and what is feasible; the rules of inactivity; errors while evaluating; surveys."""

from __future__ import annotations

from itertools import islice

import pytest

from hpotune.expressions import parse
from hpotune.keys import Key
from hpotune.space import Bool, Categorical, Constant, Derived, Float, Int, Ordinal, Space, SpaceError

KEY = Key.of(1)


def nested(constraints=()):
    """momentum only with sgd; nesterov only where momentum is active and large."""
    return Space(
        [
            Bool("nesterov", when=parse("momentum > 0.5")),
            Float("momentum", 0, 1, when=parse('optimizer == "sgd"')),
            Categorical("optimizer", ("adam", "sgd")),
            Derived("double", parse("2 * momentum")),
            Derived("fourfold", parse("2 * double")),
            Constant("seed", 3, when=parse("momentum >= 0")),
        ],
        [parse(text) for text in constraints],
    )


def test_conditions_nest_and_what_depends_on_the_inactive_is_inactive():
    space = nested()
    adam, small, large = space.decode([1, 0.9, 0]), space.decode([1, 0.25, 0.9]), space.decode([1, 0.75, 0.9])
    assert adam == {"optimizer": "adam"}
    assert small == {"momentum": 0.25, "optimizer": "sgd", "double": 0.5, "fourfold": 1, "seed": 3}
    assert list(large) == ["nesterov", "momentum", "optimizer", "double", "fourfold", "seed"]
    assert large["nesterov"] is True


def test_a_when_that_names_an_inactive_parameter_is_false_even_if_it_could_be_decided():
    space = Space(
        [Bool("a"), Int("b", 0, 1, when=parse("a")), Constant("c", 1, when=parse("not a or b == 1"))],
    )
    assert space.decode([0.1, 0.9]) == {"a": False}


def test_a_constraint_that_names_an_inactive_parameter_is_satisfied():
    space = nested(["momentum < 0.5", 'optimizer == "sgd" or momentum < 0'])
    assert space.feasible(space.decode([0, 0, 0.1]))
    assert space.feasible({"optimizer": "adam"})
    assert not space.feasible(space.decode([0, 0.9, 0.9]))


def test_an_evaluation_error_violates_a_constraint():
    space = Space([Int("a", 0, 1)], [parse("1 / a >= 1")])
    assert space.enumerate() == ({"a": 1},)
    assert not space.feasible({"a": 0})
    assert Space([Categorical("c", ("x",))], [parse("c > 1")]).enumerate() == ()


@pytest.mark.parametrize("kind", ["when", "expression"])
def test_an_evaluation_error_elsewhere_is_an_error_of_the_study(kind):
    broken = parse("1 / a")
    second = Bool("b", when=broken) if kind == "when" else Derived("b", broken)
    space = Space([Int("a", 0, 1), second])
    with pytest.raises(SpaceError, match="a = 0: division by zero") as caught:
        space.decode([0.1, 0.5][: space.dimension])
    assert caught.value.problems[0].path == ("parameters", "b", kind)
    assert space.problems({"a": 0}) != []


def test_problems_says_what_is_wrong_with_a_configuration():
    space = Space(
        [
            Float("lr", 1e-4, 1, log=True),
            Float("drop", 0, 1, step=0.25),
            Int("n", 0, 8, step=2),
            Ordinal("batch", (16, 32)),
            Float("momentum", 0, 1, when=parse("batch == 16")),
            Derived("total", parse("n * batch")),
            Constant("c", 1),
        ],
        [parse("n < 8")],
    )
    good = {"lr": 0.1, "drop": 0.25, "n": 2, "batch": 32, "total": 64, "c": 1}
    assert space.problems(good) == []
    for change, words in [
        ({"lr": 2.0}, "lr: 2.0 is above the range from 0.0001 to 1.0"),
        ({"lr": "0.1"}, 'lr: "0.1" is not a number'),
        ({"lr": True}, "lr: true is not a number"),
        ({"drop": 0.3}, "drop: 0.3 is not one of the steps; the nearest is 0.25"),
        ({"n": 3}, "n: 3 is not one of the steps; the nearest is 4"),
        ({"n": 2.0}, "n: 2.0 is not an int"),
        ({"batch": 64}, "batch: 64 is not one of 16, 32"),
        ({"momentum": 0.5}, "momentum is not active, which takes batch == 16"),
        ({"batch": 16, "total": 32}, "momentum is missing"),
        ({"total": 65}, "total is derived: 64, not 65"),
        ({"c": 2}, "c is constant: 1, not 2"),
        ({"n": 8, "total": 256}, "the constraint n < 8 does not hold"),
        ({"lrr": 1}, "there is no parameter lrr; did you mean lr?"),
    ]:
        assert space.problems(good | change) == [words]


def test_completing_takes_the_given_then_defaults_then_draws():
    space = Space([Int("a", 0, 9, default=4), Int("b", 0, 9), Derived("s", parse("a + b"))], [parse("a + b <= 5")])
    assert space.complete({"a": 5.0, "b": 0}) == {"a": 5, "b": 0, "s": 5}
    assert space.complete({"b": 1}) == {"a": 4, "b": 1, "s": 5}
    drawn = space.complete({}, KEY)
    assert drawn["a"] == 4
    assert drawn["b"] <= 1
    assert space.complete({"s": 5, "b": 1}) == {"a": 4, "b": 1, "s": 5}
    for partial, key, words in [
        ({}, None, "b is not given and has no default"),
        ({"a": 9, "b": 9}, KEY, r"a \+ b <= 5 does not hold"),
        ({"a": 9}, KEY, r"a \+ b <= 5 does not hold"),
        ({"a": 1.5, "bb": 1}, KEY, "no parameter bb; did you mean b.*; a: 1.5 is not an int"),
        ({"a": 1, "b": 1, "s": 3}, KEY, "s is derived: 2, not 3"),
    ]:
        with pytest.raises(ValueError, match=words):
            space.complete(partial, key, tries=50)


def test_completing_draws_until_what_is_given_is_active():
    space = nested()
    assert space.complete({"momentum": 0.25}, KEY)["optimizer"] == "sgd"
    with pytest.raises(ValueError, match='momentum is not active, which takes optimizer == "sgd"'):
        space.complete({"momentum": 0.25, "optimizer": "adam"}, KEY)


def test_without_defaults_completing_is_drawing():
    space = nested(["momentum < 0.9"])
    assert space.complete({}, KEY) == space.draw(KEY)


def test_a_default_outside_its_range_is_no_default():
    assert Space([Int("a", 0, 9, default=10)]).default() is None
    assert Space([Float("a", 0, 9, default=5)]).default() == {"a": 5.0}
    assert Space([Categorical("a", (None, 1), default=None)]).default() == {"a": None}
    assert Space([Int("a", 0, 9, default=3)], [parse("a > 3")]).default() is None


def test_draws_without_a_feasible_point_end():
    space = Space([Float("a", 0, 1)], [parse("a > 2")])
    assert space.draw(KEY, tries=20) is None
    assert space.acceptance(KEY, draws=20) == 0


def test_the_valid_set_ends_at_its_limit():
    space = Space([Int("a", 1, 10), Int("b", 1, 10)])
    assert len(space.enumerate(100)) == 100
    assert space.enumerate(99) is None
    assert space.enumerate() is space.enumerate()
    assert Space([Int("a", 1, 10**9), Int("b", 1, 10)], [parse("a < 3")]).enumerate(100) is None
    assert len(Space([Bool("a"), Float("x", 0, 1, when=parse("a and not a"))]).enumerate()) == 2
    assert Space([Bool("a"), Float("x", 0, 1, when=parse("a"))]).enumerate() is None
    assert Space([Bool("a"), Float("x", 0, 1)], [parse("a and not a")]).enumerate() == ()


def test_a_grid_of_infeasible_points_does_not_hang():
    space = Space([Int("a", 0, 10**9)], [parse("a % 1000 == 0")])
    assert [config["a"] for config in islice(space.grid(patience=1_000), 3)] == [0, 1000, 2000]
    with pytest.raises(SpaceError, match="reject 998 grid points in a row"):
        list(islice(space.grid(patience=998), 2))


def test_a_space_of_many_parameters_is_no_matter_of_recursion():
    space = Space([Constant(f"c{i}", i) for i in range(1_500)] + [Bool("b")])
    assert len(space.enumerate()) == 2


def test_cardinality_ignores_conditions_and_constraints():
    assert nested().cardinality() is None
    assert Space([Bool("a"), Int("b", 1, 5, when=parse("a"))], [parse("b > 3")]).cardinality() == 10


def test_surveys_find_conditions_that_never_or_always_hold_and_constraints_that_reject_much():
    space = Space(
        [
            Float("x", 0, 1),
            Bool("never", when=parse("x > 2")),
            Bool("always", when=parse("x <= 2")),
            Bool("half", when=parse("x > 0.5")),
        ],
        [parse("x < 0.25")],
    )
    shares = space.activity(KEY)
    assert (shares["never"], shares["always"]) == (0, 1)
    assert shares["half"] == pytest.approx(0.5, abs=0.08)  # five sigmas of 1,000 draws
    assert space.acceptance(KEY) == pytest.approx(0.25, abs=0.07)
    small = Space([Int("n", 1, 50), Bool("rare", when=parse("n == 50"))])
    assert small.activity(KEY) == {"rare": 2 / 51}

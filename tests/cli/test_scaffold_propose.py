"""Proposals: whatever the option, the parameter is a valid one; the table pins what a practitioner would expect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpotune.cli.scaffold import guess_goal
from hpotune.cli.scaffold.options import Option, settle
from hpotune.cli.scaffold.propose import LeftAlone, Proposal, propose
from hpotune.cli.scaffold.ranges import propose_number

NAMES = st.sampled_from(
    ["lr", "weight-decay", "C", "dropout", "momentum", "gamma", "batch-size", "hidden", "layers", "x"]
)
FINITE = st.floats(-1e6, 1e6, allow_nan=False)


def one(flag, command=("python", "train.py"), **facts):
    """The single outcome for an option, a proposal or one left alone."""
    proposals, left = propose([settle(Option((flag,), **facts))], command)
    (outcome,) = [*proposals, *left]
    return outcome


def fields(flag, default, kind="unknown", **facts):
    outcome = one(flag, default=default, kind=kind, **facts)
    return outcome.fields if isinstance(outcome, Proposal) else None


class TestRanges:
    @given(NAMES, st.sampled_from(["int", "float", "unknown"]), st.none() | FINITE | st.integers(-(10**6), 10**6))
    def test_a_range_is_never_empty_and_holds_its_default(self, name, kind, default):
        proposed = propose_number(name, settle(Option((f"--{name}",), kind=kind, default=default)))
        if proposed is None:
            return
        if proposed["type"] == "ordinal":
            assert proposed["choices"] == sorted(set(proposed["choices"]))
            assert len(proposed["choices"]) > 1
            assert proposed.get("default", proposed["choices"][0]) in proposed["choices"]
            return
        low, high = proposed["low"], proposed["high"]
        assert low < high
        assert low <= proposed.get("default", low) <= high
        assert low > 0 or "log" not in proposed
        assert all(type(end) is (int if proposed["type"] == "int" else float) for end in (low, high))

    @given(NAMES, st.sampled_from(["int", "float"]), st.integers(1, 100), FINITE, st.floats(0.1, 100))
    def test_a_range_stays_within_the_bounds_of_the_option(self, name, kind, default, low, width):
        option = settle(Option((f"--{name}",), kind=kind, default=default, low=low, high=low + width))
        proposed = propose_number(name, option)
        if proposed is None:
            return
        ends = proposed["choices"] if proposed["type"] == "ordinal" else [proposed["low"], proposed["high"]]
        assert all(low <= end <= low + width for end in ends)

    @pytest.mark.parametrize("name", ["lr", "hidden", "x", "dropout"])
    def test_an_int_never_leaves_its_bounds(self, name):
        proposed = propose_number(name, Option((f"--{name}",), kind="int", default=8, low=2.5, high=9.5))
        assert (proposed["low"], proposed["high"]) == (3, 9)

    @pytest.mark.parametrize(
        ("flag", "default", "expected"),
        [
            ("--lr", 0.001, {"type": "float", "low": 1e-5, "high": 0.1, "log": True}),
            ("--learning-rate", 3e-4, {"type": "float", "low": 3e-6, "high": 0.03, "log": True}),
            ("--lr", 0.1, {"type": "float", "low": 0.001, "high": 1.0, "log": True}),
            ("--C", 1.0, {"type": "float", "low": 0.01, "high": 100.0, "log": True}),
            ("--dropout", 0.1, {"type": "float", "low": 0.0, "high": 0.5}),
            ("--momentum", 0.9, {"type": "float", "low": 0.5, "high": 0.99}),
            ("--beta2", 0.999, {"type": "float", "low": 0.9, "high": 0.9999}),
            ("--subsample", 1.0, {"type": "float", "low": 0.5, "high": 1.0}),
            ("--batch-size", 32, {"type": "ordinal", "choices": [8, 16, 32, 64, 128]}),
            ("--hidden", 64, {"type": "int", "low": 16, "high": 256, "log": True}),
            ("--layers", 2, {"type": "int", "low": 1, "high": 8}),
            ("--temperature", 2.0, {"type": "float", "low": 0.2, "high": 20.0, "log": True}),
        ],
    )
    def test_usual_options_get_usual_ranges(self, flag, default, expected):
        proposed = fields(flag, default)
        assert {key: value for key, value in proposed.items() if key not in {"as", "default"}} == expected
        assert proposed["default"] == default

    @pytest.mark.parametrize(
        "flag", ["--lr", "--weight-decay", "--dropout", "--batch-size", "--hidden-units", "--num-layers"]
    )
    def test_a_well_known_name_is_enough(self, flag):
        assert "default" not in fields(flag, None)

    def test_a_weight_decay_that_is_off_gets_a_log_range_and_the_default_is_named(self):
        outcome = one("--weight-decay", default=0.0)
        assert outcome.fields["low"] > 0
        assert "default" not in outcome.fields
        assert "default 0" in outcome.note


class TestChoices:
    def test_words_are_categorical_and_numbers_ordinal(self):
        assert fields("--act", "relu", choices=("relu", "tanh")) == {
            "type": "categorical",
            "choices": ["relu", "tanh"],
            "default": "relu",
        }
        assert fields("--heads", "4", choices=("2", "4")) == {"type": "ordinal", "choices": [2, 4], "default": 4}

    def test_a_flag_is_a_bool_that_is_given_or_not(self):
        assert one("--nesterov", kind="flag").fields == {"type": "bool", "flag": True, "default": False}
        assert one("--nesterov", kind="flag").active
        assert not one("--amp", kind="flag").active

    def test_of_a_pair_that_is_on_the_negative_half_is_given(self):
        outcome = one("--augment", kind="flag", default=True, negative="--no-augment")
        assert (outcome.name, outcome.flag, outcome.fields["as"]) == ("no_augment", "--no-augment", "no-augment")

    def test_momentum_beside_sgd_hints_at_a_condition(self):
        options = [
            Option(("--optimizer",), choices=("adam", "sgd")),
            Option(("--momentum",), kind="float", default=0.9),
        ]
        proposals, _ = propose(options, ())
        assert 'when: optimizer == "sgd"' in proposals[1].note


class TestLeftAlone:
    @pytest.mark.parametrize(
        ("flag", "default"),
        [
            ("--epochs", 10),
            ("--max-steps", 1000),
            ("--seed", 0),
            ("--random-state", 0),
            ("--num-workers", 4),
            ("--verbose", 1),
            ("--log-interval", 10),
            ("--port", 8080),
            ("--n", -1),
            ("--name", "base"),
            ("--x", None),
        ],
    )
    def test_what_is_not_a_hyperparameter_is_left_alone_with_a_reason(self, flag, default):
        outcome = one(flag, default=default)
        assert isinstance(outcome, LeftAlone)
        assert outcome.reason

    @pytest.mark.parametrize("command", [("t", "--lr=1"), ("t", "--lr", "1")])
    def test_what_the_command_sets_is_left_alone(self, command):
        assert "command" in one("--lr", command, default=0.1).reason

    def test_a_required_option_is_said(self):
        assert "required" in one("--data-dir", required=True).reason

    def test_help_and_version_are_not_mentioned(self):
        assert propose([Option(("-h", "--help"), kind="flag"), Option(("--version",), kind="flag")], ()) == ([], [])

    def test_names_that_differ_in_case_alone_would_share_a_variable(self):
        proposals, left = propose(
            [Option(("--c",), default=1.0, kind="float"), Option(("--C",), default=1.0, kind="float")], ()
        )
        assert ([item.name for item in proposals], [item.flag for item in left]) == (["c"], ["--C"])


@pytest.mark.parametrize(
    ("metric", "goal"),
    [
        ("val_loss", "minimize"),
        ("test/perplexity", "minimize"),
        ("RMSE", "minimize"),
        ("errorRate", "minimize"),
        ("Test accuracy", "maximize"),
        ("val_acc", "maximize"),
        ("roc-auc", "maximize"),
        ("f1", "maximize"),
        ("neg_mean_squared_error_loss", "maximize"),
        ("r2", "maximize"),
        ("thing", None),
        ("loss_score", None),
    ],
)
def test_the_goal_is_guessed_from_the_name_or_not_at_all(metric, goal):
    assert guess_goal(metric) == goal

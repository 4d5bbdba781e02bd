"""The environment: every value arrives, and nothing of an outer trial does."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune.protocol import (
    Outward,
    TrialContext,
    clashes,
    inheritable,
    param_variable,
    template_context,
    trial_environment,
)

CONTEXT = TrialContext(
    study="digits",
    trial_id=42,
    trial_dir="/runs/digits/trials/00042",
    config_file="/runs/digits/trials/00042/config.json",
    checkpoint_dir="/runs/digits/trials/00042/checkpoint",
    metrics_file="/runs/digits/trials/00042/jobs/0-0/metrics.jsonl",
    seed=123,
    budget=27,
    previous_budget=9,
    token="t0ken",
)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9.-]{0,5}", fullmatch=True), VALUES, max_size=4))
def test_a_process_finds_the_configuration_it_was_given(config: dict[str, object]) -> None:
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    environment = trial_environment(config, CONTEXT, [Outward(name, name) for name in config])
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], env={**environment, "PYTHONUTF8": "1"}, capture_output=True, check=True
    )
    seen = json.loads(done.stdout)
    assert environment.items() <= seen.items()
    assert json.loads(seen["HPOTUNE_CONFIG"]) == config


def test_all_variables() -> None:
    config = {"lr": 1e-5, "optim.name": "adam w", "nesterov": True}
    outward = [Outward("lr", "lr"), Outward("optim.name", "optim-name"), Outward("nesterov", "n", True)]
    assert trial_environment(config, CONTEXT, [*outward, Outward("momentum", "momentum")]) == {
        "PYTHONUNBUFFERED": "1",
        "HPOTUNE_CONFIG": '{"lr": 1e-05, "optim.name": "adam w", "nesterov": true}',
        "HPOTUNE_CONFIG_FILE": CONTEXT.config_file,
        "HPOTUNE_PARAM_LR": "1e-05",
        "HPOTUNE_PARAM_OPTIM_NAME": "adam w",
        "HPOTUNE_PARAM_N": "true",
        "HPOTUNE_STUDY": "digits",
        "HPOTUNE_TRIAL_ID": "42",
        "HPOTUNE_TRIAL_DIR": CONTEXT.trial_dir,
        "HPOTUNE_CHECKPOINT_DIR": CONTEXT.checkpoint_dir,
        "HPOTUNE_METRICS_FILE": CONTEXT.metrics_file,
        "HPOTUNE_SEED": "123",
        "HPOTUNE_BUDGET": "27",
        "HPOTUNE_PREVIOUS_BUDGET": "9",
        "HPOTUNE_RUN_TOKEN": "t0ken",
    }


@pytest.mark.parametrize(("budget", "text"), [(27.0, "27"), (0, "0"), (0.25, "0.25"), (1e300, str(int(1e300)))])
def test_a_whole_budget_has_no_point(budget: float, text: str) -> None:
    context = dataclasses.replace(CONTEXT, budget=budget)
    assert trial_environment({}, context, ())["HPOTUNE_BUDGET"] == text
    assert template_context(context)["budget"] == text


def test_without_a_budget_there_is_no_variable_of_it() -> None:
    context = dataclasses.replace(CONTEXT, budget=None, previous_budget=None)
    names = trial_environment({}, context, ()).keys() | template_context(context).keys()
    assert not [name for name in names if "budget" in name.lower()]


@pytest.mark.parametrize("value", ["a\0b", "half \ud800 pair", ["\0"]])
def test_a_value_that_no_variable_can_hold_is_refused_in_words(value: object) -> None:
    if isinstance(value, list):  # inside JSON it is escaped
        assert trial_environment({"x": value}, CONTEXT, [Outward("x", "x")])["HPOTUNE_PARAM_X"] == '["\\u0000"]'
        return
    with pytest.raises(ValueError, match="of x cannot be put in an environment variable"):
        trial_environment({"x": value}, CONTEXT, [Outward("x", "x")])


@given(st.text(min_size=1, max_size=20))
def test_a_variable_is_a_name_that_every_shell_can_use(name: str) -> None:
    variable = param_variable(name)
    assert variable.isascii()
    assert variable.isidentifier()
    assert variable == variable.upper()


def test_clashes_are_pairs_with_the_first() -> None:
    assert clashes(["a.b", "c", "a-b", "A_B", "d"]) == [("a.b", "a-b"), ("a.b", "A_B")]
    assert clashes(["a", "a", "b"]) == [("a", "a")]  # two parameters with the same `as:`
    assert clashes(["a", "b"]) == []


def test_a_tuner_inside_a_trial_does_not_hand_on_the_outer_trial() -> None:
    assert inheritable({"HPOTUNE_BUDGET": "3", "HPOTUNE_PARAM_LR": "1", "HOME": "/h"}) == {"HOME": "/h"}

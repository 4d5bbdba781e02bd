"""The command line: what a process receives is what the configuration holds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune.protocol import CommandTemplate, Outward

LR, MOMENTUM, NESTEROV = Outward("lr", "learning-rate"), Outward("momentum", "momentum"), Outward("nesterov", "n", True)
PARAMETERS = (LR, MOMENTUM, NESTEROV)
CONTEXT = {"trial_id": "7", "trial_dir": "/runs/a b/7", "seed": "11", "args_json_file": "/runs/a b/7/config.json"}

# what an argument can hold: any text without NUL that UTF-8 can encode
ARGUMENTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


def render(command: list[str], config: dict[str, object]) -> list[str]:
    return CommandTemplate(command, PARAMETERS).render(config, CONTEXT)


def messages(command: list[str], **options: bool) -> list[tuple[int, str, str]]:
    return CommandTemplate(command, (*PARAMETERS, Outward("seed", "seed")), **options).problems()


@settings(max_examples=15, deadline=None)
@given(st.lists(ARGUMENTS, min_size=1, max_size=6))
def test_every_value_arrives_as_it_is(values: list[str]) -> None:
    parameters = [Outward(f"p{index}", f"p{index}") for index in range(len(values))]
    config = {f"p{index}": value for index, value in enumerate(values)}
    receiver = [sys.executable, "-S", "-c", "import json, sys; print(json.dumps(sys.argv[1:]))"]
    command = [*receiver, *(f"${{p{index}}}" for index in range(len(values))), "${args}", "${args_no_hyphens}"]
    argv = CommandTemplate(command, parameters).render(config, {})
    done = subprocess.run(argv, capture_output=True, check=True, env={"PYTHONUTF8": "1"})
    flags = [f"--p{index}={value}" for index, value in enumerate(values)]
    assert json.loads(done.stdout) == values + flags + [flag[2:] for flag in flags]


@given(ARGUMENTS.filter(lambda text: "${" not in text))
def test_an_element_without_references_is_left_alone(element: str) -> None:
    template = CommandTemplate([element], PARAMETERS)
    assert template.problems() == []
    assert template.render({}, {}) == [element]


@given(ARGUMENTS)
def test_a_text_with_its_dollars_escaped_is_the_text(text: str) -> None:
    template = CommandTemplate([text.replace("${", "$${")], PARAMETERS)
    assert template.problems() == []
    assert template.render({}, {}) == [text]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_exactly(number: float) -> None:
    [text] = render(["${lr}"], {"lr": number})
    assert float(text) == number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (3, "3"),
        (1e-5, "1e-05"),
        (1.0, "1.0"),
        ("a b", "a b"),
        ("", ""),
        ([1, "é", None], '[1,"é",null]'),
        ({"depth": 2}, '{"depth":2}'),
    ],
)
def test_values_as_texts(value: object, text: str) -> None:
    assert render(["--x=${lr}"], {"lr": value}) == [f"--x={text}"]


def test_args_list_the_active_parameters_in_order_and_by_their_spelling() -> None:
    config = {"nesterov": True, "lr": 0.1}
    assert render(["run", "${args}", "end"], config) == ["run", "--learning-rate=0.1", "--n", "end"]
    assert render(["run", "${args_no_hyphens}"], config) == ["run", "learning-rate=0.1", "n=true"]
    assert render(["${args}"], {"nesterov": False}) == []


def test_context_values_may_be_named() -> None:
    assert render(["--out=${trial_dir}/m", "${args_json_file}"], {}) == [
        "--out=/runs/a b/7/m",
        "/runs/a b/7/config.json",
    ]


@pytest.mark.parametrize(
    ("command", "argv"),
    [
        (["t", "--momentum=${momentum}", "end"], ["t", "end"]),
        (["t", "--momentum", "${momentum}", "end"], ["t", "end"]),
        (["t", "--both", "${lr},${momentum}"], ["t", "--both"]),  # dropped whole; only a value alone has a flag
        (["t", "-", "${momentum}"], ["t", "-"]),
        (["t", "--", "${momentum}"], ["t", "--"]),
        (["t", "--lr=3", "${momentum}"], ["t", "--lr=3"]),
        (["t", "--lr", "${lr}", "${momentum}"], ["t", "--lr", "0.1"]),
        (["t", "-v", "--m", "${momentum}", "${momentum}"], ["t", "-v"]),
        (["t", "--epochs", "${budget}"], ["t"]),
    ],
)
def test_an_element_that_names_an_inactive_parameter_is_dropped_with_its_flag(
    command: list[str], argv: list[str]
) -> None:
    assert render(command, {"lr": 0.1}) == argv


@pytest.mark.parametrize(
    ("element", "message", "remedy"),
    [
        ("--lr=${lrr}", "`${lrr}` is neither", "did you mean `${lr}`?"),
        ("${trial_idd}", "`${trial_idd}` is neither", "did you mean `${trial_id}`?"),
        ("${HOME:-x}", "`${HOME:-x}` is neither", "write `$${HOME:-x}`"),
        ("${}", "`${}` is neither", "write"),
        ("--lr=${lr", "a `${` is not closed", "close it"),
        ("${lr}${", "a `${` is not closed", "close it"),
        ("${seed}", "`${seed}` is both", "`as: seed`"),
        ("x=${args}", "must be an element of its own", 'write "${args}"'),
    ],
)
def test_mistakes_are_named_with_a_remedy(element: str, message: str, remedy: str) -> None:
    [(index, words, way_out)] = messages(["python", element])
    assert index == 1
    assert message in words
    assert remedy in way_out


def test_a_budget_that_the_study_lacks_is_a_mistake() -> None:
    assert messages(["${budget}"]) == []
    [(index, words, _)] = messages(["${budget}"], has_budget=False)
    assert index == 0
    assert "no budget" in words


def test_a_parameter_hides_a_context_value_of_its_name() -> None:
    template = CommandTemplate(["${seed}"], [Outward("seed", "seed")])
    assert template.render({"seed": 1}, {"seed": "11"}) == ["1"]
    assert template.render({}, {"seed": "11"}) == []


def test_a_nul_byte_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="NUL byte"):
        render(["${lr}"], {"lr": "a\0b"})

"""What is wrong with a study file: the place, the words, the remedy, and all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_examples import FULL

from hpotune.errors import Problem, StudyError, dotted
from hpotune.study import Study, load_study, load_text


def problems(text: str, **options: object) -> tuple[Problem, ...]:
    with pytest.raises(StudyError) as caught:
        load_text(text, "study.yaml", **options)  # type: ignore[arg-type]
    return caught.value.problems


# A text in FULL, what replaces it, the path of the problem, the text that the caret points at, words, remedy.
MISTAKES = [
    ("[python, train.py]", "python 'x", "command", "python '", "cannot be split", "close the quote"),
    ("[python, train.py]", "[]", "command", "[]", "the command is empty", "[python, train.py]"),
    ("[python, train.py]", "[python, 1.5]", "command", "[python, 1.5]", "expected text, found 1.5", 'in quotes: "1.5"'),
    ("maximize", "max", "metric.goal", "max", "expected maximize or minimize", "did you mean 'maximize'?"),
    ("goal: maximize, ", "", "metric.goal", "metric:", "the key 'goal' is missing", "goal: minimize"),
    ("use: last", "usage: last", "metric.usage", "usage", "unknown key 'usage'", "did you mean 'use'?"),
    ("target: 0.99", "target: .nan", "metric.target", ".nan", "expected a finite number, found .nan", ""),
    ("target: 0.99", "pattern: 'a(b'", "metric.pattern", "(b'", "not a regular expression", ""),
    ("target: 0.99", "pattern: 'acc'", "metric.pattern", "'acc'", "has no group", "in parentheses"),
    ("low: 1e-5", "low: 1e-5x", "parameters.lr.low", "1e-5x", "expected a number, found the string '1e-5x'", ""),
    ("low: 1e-5", "low: '0.1'", "parameters.lr.low", "'0.1'", "expected a number", "without quotes: 0.1"),
    ("log: true, default", "log: yes, default", "parameters.lr.log", "yes", "expected true or false", "YAML 1.2"),
    ("low: 1e-5", "low: 0", "parameters.lr.low", "0", "log range cannot begin at 0", "a number above 0"),
    ("high: 512", "high: 12", "parameters.hidden.low", "64", "low (64) is above high (12)", "exchange"),
    ("low: 64", "low: 64.5", "parameters.hidden.low", "64.5", "expected a whole number, found 64.5", ""),
    ("step: 0.05", "step: 0", "parameters.dropout.step", "0}", "step must be above 0", ""),
    ("step: 0.05", "step: 5", "parameters.dropout.step", "5}", "wider than the range", "smaller step"),
    ("choices: [16, 32, 64, 128]", "choices: []", "parameters.batch.choices", "[]", "no choices", "at least one"),
    ("[16, 32, 64, 128]", "[16, 32, 16]", "parameters.batch.choices", "[16", "16 is listed twice", ""),
    ("type: ordinal", "type: orinal", "parameters.batch.type", "orinal", "unknown type 'orinal'", "mean 'ordinal'?"),
    ("type: ordinal", "type: choice", "parameters.batch.type", "choice", "unknown type", "type: categorical"),
    ("{type: ordinal, ", "{", "parameters.batch.type", "batch:", "the key 'type' is missing", "type: ordinal"),
    ("type: constant", "type: constant, low: 1", "parameters.loaders.low", "low", "has no 'low'", "float and int"),
    ("{type: constant, value: 2}", "2", "parameters.loaders", "2", "expected a mapping, found 2", "type: float"),
    ("loaders:", "2loaders:", "parameters.2loaders", "2loaders", "cannot be the name", "begins with a letter"),
    ("lr * batch / 32", "lr * bach / 32", "parameters.peak_lr.expression", "bach", "no parameter bach", "batch?"),
    ("lr * batch / 32", "lr * batch /", "parameters.peak_lr.expression", "}", "ends too early", ""),
    ("lr * batch / 32", "lr * optimizer", "parameters.peak_lr.expression", "lr * o", "", ""),
    ("lr * batch / 32", "peak_lr + 1", "parameters.peak_lr.expression", "peak_lr", "depends on itself", ""),
    ("when: optimizer", "when: optimiser", "parameters.momentum.when", "optimiser", "no parameter", "optimizer?"),
    ('"hidden * batch <= 32768"', '"hidden * batch <="', "constraints[0]", '"]', "ends too early", ""),
    ('["hidden * batch <= 32768"]', '"hidden > 1"', "constraints", '"hidden', "expected a list", "in brackets"),
    ("min: 1, max: 81", "min: 100, max: 81", "budget.min", "100", "min (100) is above max (81)", ""),
    ("min: 1, max: 81", "min: 0, max: 81", "budget.min", "0", "must be above 0", ""),
    (", max: 81", "", "budget.max", "budget", "the key 'max' is missing", "max: 81"),
    ("trials: 100", "trials: 0", "limits.trials", "0", "must be at least 1, found 0", ""),
    ("time: 2h", "time: 2hh", "limits.time", "2hh", "expected a duration", "1h30m"),
    ("workers: 4", "workers: 2.5", "workers", "2.5", "expected a whole number", ""),
    ("seed: 7", "seed: -7", "seed", "-7", "must be at least 0", ""),
    ("seed: 7", "sed: 7", "sed", "sed", "unknown key 'sed'", "did you mean 'seed'?"),
    ("seed: 7", "trials: 7", "trials", "trials", "unknown key", "write it under 'limits'"),
    ("cwd: study", "cwd: 3", "trial.cwd", "3", "expected text, found 3", 'in quotes: "3"'),
    ('{OMP_NUM_THREADS: "1"}', "{A: [1]}", "trial.env.A", "[1]", "expected text, found a list", ""),
    ("devices: auto", "devices: [0, 0]", "gpus.devices", "[0", "twice", "share"),
    ("per_trial: 1", "per_trial: 1.5", "gpus.per_trial", "1.5", "cannot have 1.5 GPUs", "0.5"),
    ("{lr: 1e-3, hidden: 128}", "{lr: 1, hidden: 128}", "enqueue[0].lr", "1,", "above the range", ""),
    ("{lr: 1e-3, hidden: 128}", "{hiden: 128}", "enqueue[0].hiden", "hiden", "unknown parameter", "'hidden'?"),
    ("{lr: 1e-3, hidden: 128}", "{peak_lr: 1}", "enqueue[0].peak_lr", "peak_lr", "computed", "leave it out"),
    ("{lr: 1e-3, hidden: 128}", "{optimizer: adam, momentum: 0.9}", "enqueue[0].momentum", "mom", "not active", ""),
    ("{lr: 1e-3, hidden: 128}", "{hidden: 512, batch: 128}", "enqueue[0]", "{hidden", "does not hold", ""),
    ("digits-mlp", "a/b", "name", "a/b", "cannot be the name of a study", "letter"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "at", "words", "remedy"), MISTAKES)
def test_a_mistake_is_shown_where_it_is(old: str, new: str, path: str, at: str, words: str, remedy: str) -> None:
    assert old in FULL
    (problem,) = problems(FULL.replace(old, new, 1))
    assert dotted(problem.path) == path
    assert words in problem.message
    assert remedy in problem.remedy
    assert problem.source_line is not None
    assert problem.column is not None
    assert problem.source_line[problem.column - 1 :].startswith(at)


def _disjoint(chosen: Sequence[int]) -> list[int]:
    """Of some mistakes, those in different lines of the study that do not refer to one another."""
    found: dict[int, int] = {}
    for index in chosen:
        old, _, path, *_ = MISTAKES[index]
        if not path.startswith(("constraints", "enqueue", "parameters.peak_lr", "parameters.momentum")):
            found.setdefault(FULL[: FULL.index(old)].count("\n"), index)
    return list(found.values())


@given(st.lists(st.integers(0, len(MISTAKES) - 1), min_size=2, max_size=8))
def test_all_mistakes_of_a_file_at_once_in_their_order(chosen: list[int]) -> None:
    text, expected = FULL, set()
    for index in _disjoint(chosen):
        old, new, path, *_ = MISTAKES[index]
        if old in text:
            text = text.replace(old, new, 1)
            expected.add(path)
    if not expected:
        return
    found = problems(text)
    assert {dotted(problem.path) for problem in found} == expected
    places = [(problem.line, problem.column) for problem in found]
    assert places == sorted(places)


def test_checks_across_parts_see_past_a_faulty_part() -> None:
    text = (
        FULL.replace("low: 1e-5", "low: x").replace("hidden * batch", "hiden * batch").replace("hidden: 128", "hid: 1")
    )
    assert [dotted(problem.path) for problem in problems(text)] == [
        "parameters.lr.low",
        "constraints[0]",
        "enqueue[0].hid",
    ]


def test_duplicate_keys_and_wrong_values_come_together() -> None:
    found = problems(FULL.replace("workers: 4", "workers: 4\nworkers: 5").replace("seed: 7", "seed: x"))
    assert [problem.line for problem in found] == [19, 20]
    assert "the first is in line 18" in found[0].message


def test_two_parameters_of_one_spelling() -> None:
    (problem,) = problems(FULL.replace("type: bool,", "type: bool, as: lr,"))
    assert dotted(problem.path) == "parameters.nesterov.as"
    assert "'lr'" in problem.message


def test_a_dashed_name_in_an_expression() -> None:
    text = FULL.replace("loaders:   {type: constant, value: 2}", "w-d: {type: float, low: 0, high: 1}")
    found = problems(text.replace("lr * batch / 32", "w-d * 2"))
    assert any("w_d" in problem.remedy and "as: w-d" in problem.remedy for problem in found)


def test_checks_of_others_get_their_place() -> None:
    def check(study: Study) -> list[Problem]:
        return [Problem("no such strategy", path=("strategy", "name")), study.problem(("command",), "odd", key=True)]

    found = problems(FULL, checks=[check])
    assert [(problem.line, problem.column, problem.message) for problem in found] == [
        (2, 1, "odd"),
        (15, 18, "no such strategy"),
    ]
    # They need a sound study, so they wait for one.
    assert len(problems(FULL.replace("maximize", "x"), checks=[check])) == 1
    assert len(problems(FULL.replace("low: 64", "low: x"), checks=[check])) == 3


def test_a_short_form_is_shown_at_its_value() -> None:
    text = FULL.replace("strategy: {name: bohb, eta: 3}", "strategy: bohb")
    (problem,) = problems(text, checks=[lambda study: [study.problem(("strategy", "name"), "unknown")]])
    assert (problem.line, problem.column) == (15, 11)


def test_a_problem_as_it_is_printed() -> None:
    (problem,) = problems(FULL.replace("use: last", "usage: last"))
    assert str(problem).splitlines() == [
        "study.yaml:3:46: metric.usage: unknown key 'usage'",
        "    metric: {name: val_accuracy, goal: maximize, usage: last, target: 0.99}",
        "                                                 ^",
        "  did you mean 'use'?",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("- a\n- b\n", "expected a mapping, found a list"),
        ("just words", "expected a mapping, found the string 'just words'"),
        ("3", "expected a mapping, found 3"),
    ],
)
def test_not_a_mapping(text: str, words: str) -> None:
    (problem,) = problems(text)
    assert problem.message == words
    assert problem.remedy
    assert (problem.file, problem.line) == ("study.yaml", 1 if "#" not in text else problem.line)


def test_nothing_at_all() -> None:
    found = problems("{}")
    assert [problem.message for problem in found] == [
        f"the key {key!r} is missing" for key in ("command", "metric", "parameters")
    ]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(FULL)
    (tmp_path / "binary.yaml").write_bytes(b"\x7fELF\0\0\1")
    (tmp_path / "latin.yaml").write_bytes("# a\nname: f\xfcr\n".encode("latin-1"))
    (tmp_path / "utf16.yaml").write_bytes("name: x".encode("utf-16"))
    expected = {
        "sudy.yaml": ("no such file", "did you mean 'study.yaml'?"),
        ".": ("a folder", "study.yaml"),
        "binary.yaml": ("binary file", ""),
        "latin.yaml": ("byte 0xfc is not UTF-8", "UTF-8"),
        "utf16.yaml": ("UTF-16", "UTF-8"),
        "a\0b": ("cannot be read", ""),
        "study.yaml/x": ("", ""),
    }
    for name, (words, remedy) in expected.items():
        with pytest.raises(StudyError) as caught:
            load_study(f"{tmp_path}/{name}")
        assert words in caught.value.problems[0].message
        assert remedy in caught.value.problems[0].remedy
        assert str(tmp_path) in str(caught.value)


def test_a_script_in_place_of_a_study_is_told_how_to_begin(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print('loss=1')\n")
    with pytest.raises(StudyError) as error:
        load_study(tmp_path / "train.py")
    assert "this is a script" in error.value.problems[0].message
    assert 'hpotune init --command "python train.py"' in error.value.problems[0].remedy

"""Which variables are secret, and that their values are in nothing that is made of a study but the study itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from study_examples import FULL, SMALL, study_dicts

from hpotune.errors import Problem, StudyError
from hpotune.study import Study, compare, load_text
from hpotune.study.concealing import ELSEWHERE, concealed, recorded_override, recorded_text
from hpotune.study.secrets import PLACEHOLDER, completed, is_secret, recorded, remember, scrubbed, without_secrets

NAMES = ("WANDB_API_KEY", "HF_TOKEN", "DB_PASSWORD", "secret", "Github-Token", "api.key", "PGPASSWORD", "X_CREDENTIALS")
# Nothing of it can be found in a text by chance.
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0\x85"), max_size=12).map("q9Zx7".__add__)
NUMBERS = st.text("0123456789", min_size=9, max_size=12)


def of_env(env: dict[str, Any]) -> Study:
    return Study.from_dict({**SMALL, "trial": {"env": env}})


@pytest.mark.parametrize(
    "name",
    [*NAMES, "KEY", "token", "AWS_SECRET_ACCESS_KEY", "API_KEYS", "passwd_file", "SSH_PASSPHRASE", "apikey", "DB_PASS"],
)
def test_names_that_are_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["OMP_NUM_THREADS", "PATH", "MONKEY", "MAX_TOKENS", "KEYBOARD", "TOKENIZERS_PARALLELISM", "BYPASS", "KEY_ID"],
)
def test_names_that_are_not(name: str) -> None:
    assert not is_secret(name)


def test_names_mean_variables_only_where_variables_are_set() -> None:
    assert set(Study.known_keys()) - ELSEWHERE == {"trial"}


@given(study_dicts(), st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_what_is_recorded_of_a_study_is_the_study_but_for_its_secrets(
    data: dict[str, Any], env: dict[str, str]
) -> None:
    study = Study.from_dict(data)
    study = study.replace(trial={**study.trial.model_dump(mode="json"), "env": {**study.trial.env, **env}})
    written = recorded(study)
    text = json.dumps(written.to_dict(), ensure_ascii=False)
    assert "q9Zx7" not in text + repr(written)
    assert not compare(study, written)
    assert study.trial.env == {**study.trial.env, **env}
    assert written.to_dict() == without_secrets(study.to_dict())
    assert Study.from_dict(json.loads(text)) == written
    bare = study.replace(trial={**study.trial.model_dump(mode="json"), "env": {}})
    assert recorded(bare) == bare


@given(st.dictionaries(st.sampled_from(NAMES), VALUES), st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_a_change_of_values_is_none_and_a_change_of_names_is_told(old: dict[str, str], new: dict[str, str]) -> None:
    found = compare(of_env(old), of_env(new))
    assert {change.path for change in found.allowed} == {f"trial.env.{name}" for name in old.keys() ^ new.keys()}
    assert not found.refused + found.warned
    assert "q9Zx7" not in repr(found)


@given(
    st.dictionaries(st.sampled_from([*NAMES, "A KEY"]), VALUES, min_size=1),
    st.sampled_from([None, False, True]),
    st.sampled_from([None, "'", '"', "|", ">"]),
    st.integers(20, 120),
)
@settings(max_examples=100)
def test_the_copy_of_a_text_has_every_entry_but_the_secrets(
    env: dict[str, str], flow: bool | None, style: str | None, width: int
) -> None:
    data = {**SMALL, "trial": {"env": {"PLAIN": "seen", **env}, "timeout": 60}}
    text = yaml.safe_dump(
        data, default_flow_style=flow, default_style=style, width=width, allow_unicode=True, sort_keys=False
    ) if style is None else _styled(data, {"PLAIN": "seen", **env}, style)  # fmt: skip
    study = load_text(text, "study.yaml")
    copy = recorded_text(text)
    assert copy.count("\n") == text.count("\n")
    assert load_text(copy, "study.yaml") == recorded(study)
    assert "q9Zx7" not in copy
    assert "seen" in copy
    assert recorded_text(copy) == copy


def _styled(data: dict[str, Any], env: dict[str, str], style: str) -> str:
    """The same with the variables in one style of scalars."""
    values = yaml.safe_dump({"env": env}, default_style=style, sort_keys=False, allow_unicode=True)
    rest = yaml.safe_dump({**data, "trial": {}}, sort_keys=False).replace("trial: {}\n", "")
    return rest + "trial:\n" + "".join(f"  {line}\n" if line else "\n" for line in values.split("\n")[:-1])


@pytest.mark.parametrize(
    "text",
    [
        "trial: {env: {HF_TOKEN: q9Zx7abc, A: 1}, timeout: 3}",
        "trial: {env: {HF_TOKEN: 'q9Zx7abc', A: b}}  # not q9Zx7abc",
        'trial: {env: {"HF_TOKEN":"q9Zx7abc"}}',
        "trial:\n  env:\n    HF_TOKEN: |\n      q9Zx7abc\n      q9Zx7def\n    A: 1\n  timeout: 3",
        "trial:\n  env:\n    HF_TOKEN: q9Zx7abc\n      q9Zx7def\n    A: 1",
        "trial:\n  env:\n    HF_TOKEN:\n      q9Zx7abc\n    A: 1",
        "trial:\n  env:\n    ? HF_TOKEN\n    : q9Zx7abc",
        "trial:\n  env:\n    HF_TOKEN: !!str q9Zx7abc\n    B: 1",
        "trial:\n  env:\n    HF_TOKEN: &t q9Zx7abc\n    OTHER_TOKEN: *t",
        'trial:\n  env: {HF_TOKEN: "q9Zx7abc\n    q9Zx7def", B: "1"}\n  timeout: 3',
        "trial:\n  env: &e {HF_TOKEN: q9Zx7abc}\n  timeout: 3",
        "# HF_TOKEN: q9Zx7old\ntrial: {env: {HF_TOKEN: q9Zx7abc}}",
        "trial:\n  env:\n    # HF_TOKEN=q9Zx7old q9Zx7older\n    HF_TOKEN: q9Zx7abc",
        "trial: {env: {HF_TOKEN: 'it''s q9Zx7abc'}}",
    ],
)
def test_the_copy_of_any_spelling(text: str) -> None:
    text = yaml.safe_dump(SMALL) + text + "\n"
    copy = recorded_text(text)
    assert "q9Zx7" not in copy
    assert load_text(copy, "study.yaml") == recorded(load_text(text, "study.yaml"))


def test_a_text_without_secrets_is_its_own_copy() -> None:
    assert recorded_text(FULL) == FULL
    # Names such as these are common among parameters.
    text = "parameters: {n_token: {type: int, low: 1, high: 9}}\nenqueue: [{n_token: 2}]\nbudget: {name: e, key: e}\n"
    assert recorded_text(text) == text


@pytest.mark.parametrize(
    ("trial", "place"),
    [
        ("trial: {env: {HF_TOKEN: q9Zx7abc, A: [1]}}", (1, 38)),
        ("trial: {env: {HF_TOKEN: q9Zx7abc}, timeout: soon}", (1, 45)),
        ("trial: {env: {HF_TOKEN: [q9Zx7abc]}}", (1, 25)),
        ("trial: {env: {HF_TOKEN: {a: q9Zx7abc}}}", (1, 25)),
        ("trial: {env: [HF_TOKEN=q9Zx7abc]}", (1, 14)),
        ("trial:\n  env: HF_TOKEN=q9Zx7abc", (2, 8)),
        ("trail: {env: {HF_TOKEN: q9Zx7abc}}", (1, 1)),
        ("env: {HF_TOKEN: q9Zx7abc}", (1, 1)),
        ("trial:\n  env:\n    HF_TOKEN: q9Zx7abc\n    HF_TOKEN: q9Zx7def", (4, 5)),
        ('trial: {env: {HF_TOKEN: "q9Zx7abc\\0"}}', (1, 25)),
    ],
)
def test_an_error_points_at_its_place_and_shows_no_secret(trial: str, place: tuple[int, int]) -> None:
    with pytest.raises(StudyError) as caught:
        load_text(f"{trial}\n{yaml.safe_dump(SMALL)}", "study.yaml")
    assert "q9Zx7" not in str(caught.value)
    problem = caught.value.problems[0]
    assert (problem.line, problem.column) == place
    assert problem.source_line is not None
    # All but the secret is shown, where it is.
    shown = trial.split("\n")[place[0] - 1]
    assert len(problem.source_line) == len(shown)
    assert all(left in (right, "*") for left, right in zip(problem.source_line, shown, strict=True))


def test_an_error_of_a_later_check_shows_no_secret() -> None:
    text = yaml.safe_dump(SMALL) + "trial: {cwd: nowhere, env: {HF_TOKEN: q9Zx7abc}}\n"
    problem = load_text(text, "study.yaml").problem(("trial", "cwd"), "there is no such folder")
    assert "nowhere" in str(problem)
    assert "q9Zx7" not in str(problem)


def test_an_error_in_an_option_shows_no_secret() -> None:
    with pytest.raises(StudyError) as caught:
        load_text(yaml.safe_dump(SMALL), "study.yaml", overrides=["trial.env.HF_TOKEN=[q9Zx7abc]"])
    assert "--set trial.env.HF_TOKEN=" in str(caught.value)
    assert "q9Zx7" not in str(caught.value)


@given(st.text(max_size=60), st.integers(0, 60))
@settings(max_examples=300)
def test_of_a_text_that_is_no_yaml_at_least_the_line_is_covered(rest: str, at: int) -> None:
    """Whatever is broken elsewhere, the line with the name never shows the value."""
    line = "  HF_TOKEN: q9Zx7abc"
    text = f"trial:\n {{{rest[:at]}\n{line}\n{rest[at:]}"
    shown = line if line in text.splitlines() else None
    if shown is not None:
        number = text.splitlines().index(line) + 1
        problem = concealed(Problem("not YAML", "", (), "f", number, 1, line), text)
        assert "q9Zx7" not in str(problem)


@pytest.mark.parametrize(
    ("override", "kept"),
    [
        ("trial.env.HF_TOKEN=q9Zx7abc", "trial.env.HF_TOKEN=(secret)"),
        (" trial.env.HF_TOKEN = q9Zx7abc", " trial.env.HF_TOKEN =(secret)"),
        ("trial.env={HF_TOKEN: q9Zx7abc, A: 1}", 'trial.env={HF_TOKEN: "(secret)", A: 1}'),
        ("trial={env: {HF_TOKEN: q9Zx7abc}, timeout: 3}", 'trial={env: {HF_TOKEN: "(secret)"}, timeout: 3}'),
        ("trial.env.a.b_key=q9Zx7abc", "trial.env.a.b_key=(secret)"),
        ("trial.env.PLAIN=1", "trial.env.PLAIN=1"),
        ("limits.trials=20", "limits.trials=20"),
        ("enqueue[0].n_token=5", "enqueue[0].n_token=5"),
        ("budget.key=epoch", "budget.key=epoch"),
        ("no equals sign", "no equals sign"),
    ],
)
def test_what_is_kept_of_an_option(override: str, kept: str) -> None:
    assert recorded_override(override) == kept
    assert recorded_override(kept) == kept


@given(st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1))
def test_the_environment_fills_what_is_not_recorded(env: dict[str, str]) -> None:
    written = recorded(of_env(env))
    assert completed(written, env).trial.env == env
    assert completed(of_env(env), {}).trial.env == env
    with pytest.raises(StudyError) as caught:
        completed(written, {"OTHER": "1"})
    assert len(caught.value.problems) == len(env)
    assert all(name in str(caught.value) for name in env)


def test_only_secrets_are_filled() -> None:
    assert completed(of_env({"PLAIN": PLACEHOLDER}), {"PLAIN": "x"}).trial.env == {"PLAIN": PLACEHOLDER}


@given(NUMBERS, st.text(max_size=20), st.text(max_size=20))
def test_a_text_is_scrubbed_of_every_secret_that_was_read(value: str, before: str, after: str) -> None:
    of_env({"PIN_TOKEN": value})
    assert value not in scrubbed(f"{before}{value}{after}")
    remember(["it's \n secret"])
    assert "secret" not in scrubbed(repr({"a": "it's \n secret"})).replace(PLACEHOLDER, "")


def test_a_study_that_is_wrong_is_remembered_too() -> None:
    with pytest.raises(StudyError):
        Study.from_dict({**SMALL, "workers": -1, "trial": {"env": {"HF_TOKEN": "w7Yq-never-valid"}}})
    assert "w7Yq" not in scrubbed("the value was w7Yq-never-valid")

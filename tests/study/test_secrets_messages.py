"""What is no YAML, or no option, shows no secret either."""

from __future__ import annotations

import pytest
import yaml
from study_examples import SMALL

from hpotune.errors import StudyError
from hpotune.study import load_text


@pytest.mark.parametrize(
    "trial",
    [
        'trial: {env: {HF_TOKEN: "q9Zx7abc}}',
        "trial: {env: {HF_TOKEN: *q9Zx7abc}}",
        "trial: {env: {HF_TOKEN: !q9Zx7abc 1}}",
        "trial:\n  env:\n    HF_TOKEN: @q9Zx7abc",
        "trial:\n  env:\n    HF_TOKEN: q9Zx7abc: q9Zx7def",
        'trial:\n  env:\n    HF_TOKEN: "q9Zx7abc"q9Zx7def',
        'trial:\n  env:\n    HF_TOKEN: "q9Zx7abc\n      q9Zx7\\q"',
        "trial:\n  env:\n    HF_TOKEN: q9Zx7abc\n   A: 1",
    ],
)
def test_a_file_that_cannot_be_read(trial: str) -> None:
    with pytest.raises(StudyError) as caught:
        load_text(f"{trial}\n{yaml.safe_dump(SMALL)}", "study.yaml")
    assert "q9Zx7" not in str(caught.value)
    assert caught.value.problems[0].line is not None


@pytest.mark.parametrize(
    "override",
    [
        "trial.env.HF_TOKEN=[q9Zx7abc",
        "trial.env.HF_TOKEN=*q9Zx7abc",
        "trial.env={HF_TOKEN: q9Zx7abc",
        "trail.env.HF_TOKEN=q9Zx7abc",
        "trial.evn.HF_TOKEN=q9Zx7abc",
        "trial.timeout.HF_TOKEN=q9Zx7abc",
    ],
)
def test_an_option_that_cannot_be_read(override: str) -> None:
    text = yaml.safe_dump({**SMALL, "trial": {"timeout": 3}})
    with pytest.raises(StudyError) as caught:
        load_text(text, "study.yaml", overrides=[override])
    assert "q9Zx7" not in str(caught.value)
    assert override.partition("=")[0] in str(caught.value)


@pytest.mark.parametrize("depth", [51, 2_000, 100_000])
def test_an_option_that_is_too_deep_is_refused_in_words(depth: int) -> None:
    with pytest.raises(StudyError) as caught:
        load_text(yaml.safe_dump(SMALL), "study.yaml", overrides=[f"{'a.' * depth}b=1"])
    assert "levels deep" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "trial.env.HF_TOKEN: q9Zx7abc",
        "trial.env.HF_TOKEN q9Zx7abc",
        "trial.env[HF_TOKEN]=q9Zx7abc",
        "trial.env.HF_TOKEN.x=q9Zx7abc",
        'trial.env."HF_TOKEN"=q9Zx7abc',
        "limits.HF_TOKEN=q9Zx7abc",
        "command.HF_TOKEN=q9Zx7abc",
    ],
)
def test_a_mistyped_option_shows_no_secret(text: str) -> None:
    with pytest.raises(StudyError) as refused:
        load_text(yaml.safe_dump(SMALL), "study.yaml", overrides=[text])
    assert "q9Zx7" not in str(refused.value)


@pytest.mark.parametrize(
    "trial",
    [
        "trial: {env: {HF_TOKEN=q9Zx7abc}}",
        "trial: {env: [[HF_TOKEN, q9Zx7abc], {name: HF_TOKEN, value: q9Zx7abc}]}",
        "trial:\n  env: &e {HF_TOKEN: &k q9Zx7abc}\n  timeout: *k",
    ],
)
def test_a_secret_in_a_shape_of_other_tools_is_not_shown(trial: str) -> None:
    with pytest.raises(StudyError) as refused:
        load_text(f"{yaml.safe_dump(SMALL)}{trial}\n", "study.yaml")
    assert "q9Zx7" not in str(refused.value)

"""A study file cannot make objects, and cannot cost more than its size: in time, in memory, or in depth."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from study_examples import SMALL

from hpotune.errors import StudyError
from hpotune.study import load_study, load_text
from hpotune.study.concealing import recorded_override, recorded_text
from hpotune.study.nodes import MAX_DEPTH, MAX_NODES
from hpotune.study.yaml12 import read_yaml

BASE = yaml.safe_dump(SMALL)
_LARGE = 200_000
OBJECTS = (
    "!!python/object/apply:os.system ['touch pwned']",
    "!!python/object/new:os.system ['touch pwned']",
    "!!python/object:os.system {}",
    "!!python/name:os.system",
    "!!python/module:os",
    "!!python/tuple [1]",
    "!<tag:yaml.org,2002:python/object/apply:os.system> ['touch pwned']",
    "!!binary aGVsbG8=",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!include /etc/passwd",
    "!ENV x",
)


@pytest.mark.parametrize("tagged", OBJECTS)
@pytest.mark.parametrize("place", ["trial: {{env: {{A: {}}}}}", "enqueue: [{{x: {}}}]", "{}: 1", "name: {}"])
def test_no_tag_makes_an_object(tagged: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = f"{place.format(tagged)}\n{BASE}"
    with pytest.raises(StudyError):
        load_text(text, "study.yaml")
    with pytest.raises(StudyError):
        load_text(BASE, "study.yaml", overrides=[f"enqueue={tagged}"])
    assert not (tmp_path / "pwned").exists()


def test_a_tag_directive_gives_no_way_round() -> None:
    text = f"%TAG !e! tag:yaml.org,2002:python/\n---\n{BASE}enqueue:\n  - x: !e!name:os.system ''\n"
    with pytest.raises(StudyError) as caught:
        load_text(text, "study.yaml")
    assert "has no place in a study" in str(caught.value)


def _bomb(levels: int, width: int) -> str:
    """Aliases of aliases: width to the power of levels values, if they were written out."""
    lines = [f"a0: &a0 [{', '.join(['x'] * width)}]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


def _merged_bomb(levels: int, width: int) -> str:
    lines = [f"a0: &a0 {{{', '.join(f'k{j}: 1' for j in range(width))}}}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * width)}], n{i}: *a{i - 1}}}" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("text", [_bomb(100, 2), _bomb(2, 1000), _merged_bomb(9, 9)])
def test_aliases_expand_within_bounds(text: str) -> None:
    """Time and memory are the machine's; both follow from the number of values, which is what is bounded."""
    document = read_yaml(text, "f")
    assert document.data is None
    assert f"{MAX_NODES:,} values" in document.problems[-1].remedy


def test_covering_secrets_does_not_expand_aliases() -> None:
    text = _bomb(40, 8).replace("x", "{HF_TOKEN: q9Zx7abc}", 1)
    assert "q9Zx7" not in recorded_text(text)
    assert "q9Zx7" not in recorded_override("trial=" + "{HF_TOKEN: &a q9Zx7abc, b: [*a, *a]}")


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("[{a: ", "}]"), ("- - ", "")],
)
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 2_000, 100_000])
def test_deep_nesting_is_refused_in_words(opening: str, closing: str, depth: int) -> None:
    text = f"enqueue: {opening * depth}1{closing * depth}\n{BASE}"
    if opening[0] in "-?":
        text = f"enqueue:\n  {opening * depth}1\n{BASE}"
    with pytest.raises(StudyError):
        load_text(text, "study.yaml")


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 2_000])
def test_deep_nesting_in_an_option_is_refused_in_words(depth: int) -> None:
    with pytest.raises(StudyError):
        load_text(BASE, "study.yaml", overrides=[f"trial.env={'[' * depth}"])
    assert "q9Zx7" not in recorded_override(f"trial.env={'[' * depth} HF_TOKEN: q9Zx7abc")


@pytest.mark.parametrize(
    "number",
    ["9" * 5_000, "-" + "9" * 5_000, "1e400", "-1e400", "0x" + "f" * 5_000, "0o" + "7" * 9_000, ".inf", "1e-400"],
)
@pytest.mark.parametrize(
    "place",
    [
        "workers: {}",
        "seed: {}",
        "limits: {{trials: {}}}",
        "limits: {{time: {}}}",
        "limits: {{budget: {}}}",
        "trial: {{timeout: {}}}",
        "trial: {{env: {{A: {}}}}}",
        "gpus: {{per_trial: {}}}",
        "gpus: {{devices: [{}]}}",
        "enqueue: [{{x: {}}}]",
        "budget: {{name: epochs, max: {}}}",
        "parameters: {{x: {{type: int, low: 0, high: {}}}}}",
        "parameters: {{x: {{type: float, low: 0, high: {}}}}}",
        "parameters: {{x: {{type: float, low: 0, high: 1, step: {}}}}}",
        "parameters: {{x: {{type: ordinal, choices: [{}, 2]}}}}",
    ],
)
def test_a_number_of_any_size_is_taken_or_refused_in_words(number: str, place: str) -> None:
    key = place.partition(":")[0]
    text = yaml.safe_dump({name: value for name, value in SMALL.items() if name != key}) + place.format(number) + "\n"
    with contextlib.suppress(StudyError):  # nothing else may come of it
        assert load_text(text, "study.yaml").to_dict()


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "x" * _LARGE,
        "# " + "x" * _LARGE,
        "\n" * _LARGE,
        " " * _LARGE,
    ],
    ids=["value", "comment", "lines", "spaces"],
)
def test_a_large_file_is_an_error_like_any_other(text: str) -> None:
    with pytest.raises(StudyError) as caught:
        load_text(text, "study.yaml")
    assert len(str(caught.value)) < 10 * _LARGE


def test_a_file_beyond_the_bound_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    with path.open("wb") as file:
        file.truncate(50_000_000_000)  # a hole: no disk is used, and none could hold it in memory
    with pytest.raises(StudyError) as caught:
        load_study(path)
    assert "larger than" in str(caught.value)


def test_a_file_without_end_is_not_read() -> None:
    with pytest.raises(StudyError):
        load_study("/dev/zero")


def test_a_real_process_stays_small_on_a_bomb(tmp_path: Path) -> None:
    """A limit on its memory that a bomb would break holds for the whole program."""
    (tmp_path / "study.yaml").write_text(_bomb(30, 10) + BASE)
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "from hpotune.cli import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "validate", "study.yaml"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "expand without bound" in done.stderr

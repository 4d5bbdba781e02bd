"""The pages for users say what is so: studies in them load, commands in them exist, examples in them run.

docs/cli.md and docs/trial-protocol.md have tests of their own beside what they describe.
"""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from hpotune.cli.registry import COMMANDS
from hpotune.strategies import SCHEDULERS, SEARCHERS, STRATEGIES, check, complete
from hpotune.study import json_schema
from hpotune.study.durations import parse_duration
from hpotune.study.load import load_text
from hpotune.study.model import Study
from hpotune.study.parameters import MODELS, ParameterModel
from hpotune.study.section import Section
from hpotune.study.sections import SECTIONS
from hpotune.study.yaml12 import read_value
from studies import study

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("studies/*/README.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
STUDY_FILE = (ROOT / "docs" / "study-file.md").read_text(encoding="utf-8")
RECORDER = runpy.run_path(str(ROOT / "scripts" / "record_session"))

FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"^    \S.*$", re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
REST = {  # what a part of a study needs to be one
    "command": "command: [python, train.py]",
    "metric": "metric: {name: loss, goal: minimize}",
    "parameters": "parameters: {lr: {type: float, low: 0, high: 1}}",
    "limits": "limits: {trials: 3}",
}


def blocks(language: str) -> list[Any]:
    found = []
    for page in PAGES:
        texts = [text for name, text in FENCED.findall(page.read_text(encoding="utf-8")) if name == language]
        found += [pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}") for number, text in enumerate(texts)]
    return found


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_study_loads(text: str) -> None:
    rest = [line for key, line in REST.items() if not re.search(rf"^{key}:", text, re.MULTILINE)]
    load_text("\n".join([text, *rest]), "study.yaml", checks=(check,))


def test_there_are_studies_to_load() -> None:
    assert len(blocks("yaml")) > 10


@pytest.mark.parametrize("text", [each for each in blocks("python") if "protocol" not in str(each.id)])
def test_every_python_example_runs(text: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def commands() -> dict[str, list[str]]:
    """Every command that a page names, with its options, and where it stands."""
    found: dict[str, list[str]] = {}
    for page in PAGES:
        if page.name == "cli.md":
            continue
        text = page.read_text(encoding="utf-8")
        code = chain((body for _, body in FENCED.findall(text)), INDENTED.findall(text), INLINE.findall(text))
        for piece in code:
            bare = re.sub(r" #.*| &$", "", piece, flags=re.MULTILINE)
            for command in re.findall(r"(?<!from )\bhpotune ([a-z]+\b[^\n)`]*)", bare):
                found.setdefault(command.strip(), []).append(str(page.relative_to(ROOT)))
    return found


def options_of(name: str) -> set[str]:
    """As docs/cli.md has them, which another test holds to the commands' own help."""
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    section = page.partition(f"## `hpotune {name}`\n")[2].partition("\n## ")[0].partition("\nOptions:")[2]
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", section))


def words_of(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


@pytest.mark.parametrize(("command", "places"), commands().items())
def test_every_command_exists_with_its_options(command: str, places: list[str]) -> None:
    name, *words = words_of(command)
    assert name in COMMANDS, places
    options = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert options <= options_of(name), places


def test_there_are_commands_to_look_at() -> None:
    assert {words_of(command)[0] for command in commands()} >= {"init", "validate", "try", "run", "resume", "report"}


def test_the_session_shows_the_commands_that_its_script_runs() -> None:
    assert RECORDER["commands_of"](README) == RECORDER["COMMANDS"]


def test_the_session_tells_nothing_of_the_machine_it_was_recorded_on() -> None:
    told = f"/tmp/x/trees/runs, process 7 on {RECORDER['socket'].gethostname()}"
    tidied = RECORDER["tidy"](told, Path("/tmp/x/trees"))
    assert tidied == "~/trees/runs, process 7 on box"
    session = README.partition(RECORDER["BEGIN"])[2].partition(RECORDER["END"])[0]
    assert session.strip()
    assert not re.search(r"(?<![\w.~])/(tmp|home|root|work|var)\b", session)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [each for each in targets if "://" not in each and not (page.parent / each).exists()]
    assert missing == []


def test_the_readme_begins_with_the_two_commands_and_names_every_study() -> None:
    assert re.match(r"# hpotune\n\n    scripts/demo .*\n    scripts/test ", README)
    for file in ROOT.glob("studies/*/study.yaml"):
        assert f"hpotune run {file.relative_to(ROOT)}" in README


def rows(heading: str) -> dict[str, str]:
    """The keys of a section's table in study-file.md, each with its default."""
    _, found, below = STUDY_FILE.partition(f"\n{heading}\n")
    assert found, heading
    table = re.split(r"\n#+ ", below)[0]
    return dict(re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*?) \|", table, re.MULTILINE))


def headings() -> list[Any]:
    found: list[tuple[str, type[Section], set[str]]] = [("## Top level", Study, set())]
    found += [(f"## `{name}`", section, set()) for name, section in SECTIONS.items()]
    common = {"type", *ParameterModel.known_keys()}
    found += [(f"### `{name}`", model, common) for name, model in MODELS.items()]
    return [pytest.param(*each, id=each[0].strip("# `")) for each in found]


@pytest.mark.parametrize(("heading", "model", "elsewhere"), headings())
def test_every_key_of_the_study_file_is_explained(heading: str, model: type[Section], elsewhere: set[str]) -> None:
    assert set(rows(heading)) == set(model.known_keys()) - elsewhere


def test_what_every_parameter_has_is_explained_once() -> None:
    assert set(rows("## `parameters`")) == {"type", *ParameterModel.known_keys()}


@pytest.mark.parametrize(("heading", "model", "elsewhere"), headings())
def test_the_defaults_are_those_of_the_models(heading: str, model: type[Section], elsewhere: set[str]) -> None:
    del elsewhere
    for name, field in model.model_fields.items():
        told = rows(heading).get(field.alias or name)
        if told is None or (model, name) == (Study, "name"):
            continue
        if field.is_required():
            assert told == "required", name
            continue
        default = field.get_default(call_default_factory=True)
        if default is None:
            assert told == "–", name
        else:
            assert _read(told, default) == _plain(default), name


def _read(told: str, default: object) -> object:
    value = read_value(told.strip("`"))
    return parse_duration(value) if isinstance(default, float) and isinstance(value, str) else value


def _plain(default: object) -> object:
    """A default as a study file would write it: what is a default of its own is left out."""
    if isinstance(default, Section):
        plain = default.model_dump(mode="json", exclude_defaults=True)
        return plain.get("name", plain) if isinstance(plain, dict) else plain
    return list(default) if isinstance(default, tuple) else default


def test_every_key_of_the_schema_is_mentioned() -> None:
    def keys(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(keys, node))
        if not isinstance(node, dict):
            return set()
        own = node.get("properties", {})
        return set(own) | set().union(*(keys(each) for each in node.values()))

    assert {key for key in keys(json_schema(tuple(STRATEGIES))) if f"`{key}`" not in STUDY_FILE} == set()


@pytest.mark.parametrize(("heading", "searcher"), [("### Options of `bo`", "gp"), ("### Options of `tpe`", "kde")])
def test_every_option_is_explained(heading: str, searcher: str) -> None:
    assert set(rows(heading)) == set(SEARCHERS[searcher].options)


def test_every_option_of_a_scheduler_is_explained() -> None:
    options = {name for kind in SCHEDULERS.values() for name in kind.options}
    assert set(rows("### Giving budget where it pays: rungs")) == options


def test_the_defaults_of_tpe_are_those_of_the_table() -> None:
    told = re.findall(r"^\| `(\w+)` \|[^|]*\| `([^`]*)` \| `([^`]*)` \|", STUDY_FILE, re.MULTILINE)
    of_kde = complete(study(strategy={"searcher": "kde"})).strategy.options
    of_tpe = complete(study(strategy="tpe")).strategy.options
    assert {name: read_value(tpe) for name, tpe, _ in told} == of_tpe
    assert {name: 1 / 3 if kde == "1/3" else read_value(kde) for name, _, kde in told} == of_kde


def test_every_strategy_is_named() -> None:
    missing = [name for name in (*STRATEGIES, *SEARCHERS, *SCHEDULERS) if f"`{name}`" not in STUDY_FILE]
    assert missing == []
    assert [name for name in STRATEGIES if f"`{name}`" not in README] == []

"""A report shows hostile texts; it never lets a terminal, a browser, a shell or a spreadsheet obey them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from histories import Tale
from hostile import ESCAPES, FORMULAS, HOSTILE, MARKUP, SHELL, obeyed
from hypothesis import given, settings
from hypothesis import strategies as st

from hpotune.journal.folder import RunFolder
from hpotune.report import FORMATS, Report, build, collect, render

TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=3).map("".join),
    st.text(max_size=9),
)


def hostile_report(text: str, folder: Path = Path("/home/someone/runs/digits"), **study: Any) -> Report:
    """A report in which a text stands wherever a script or a study file can put one."""
    text = text.replace("\0", "") or "x"
    name = text if text.strip() else "x"
    kinds = {"type": "categorical", "choices": [text, "other"]}
    constant = {"type": "constant", "value": {text: [text]}}
    tale = Tale(
        parameters={"kind": kinds, "whole": constant, "spelt": {"type": "constant", "value": text, "as": name}},
        metric={"name": name, "goal": "minimize"},
        command=["python", "train.py", f"--x={text.replace('${', '$${')}", "${kind}"],
        **study,
    )
    config = {"kind": text, "whole": {text: [text]}, "spelt": text}
    tale.completed(0.5, config)
    tale.failed(message=f"{text}\nValueError: {text}")
    tale.failed(cause="no_metric", message=text, code=0)
    return build(*collect(tale.finish("trials").events), RunFolder(folder), 10)


@given(TEXTS, st.sampled_from(sorted(FORMATS)), st.integers(20, 160))
@settings(max_examples=200)
def test_no_terminal_obeys_a_report(text: str, form: str, width: int) -> None:
    shown = render(hostile_report(text), form, width)
    assert obeyed(shown) == []
    assert "\r" not in shown
    assert all(line.isprintable() for line in shown.split("\n"))


@pytest.mark.parametrize("text", HOSTILE)
def test_json_is_the_text_as_it_was(text: str) -> None:
    shown = render(hostile_report(text), "json")
    assert shown.isascii()
    found = json.loads(shown)
    assert found["best"]["config"] == {"kind": text, "whole": {text: [text]}, "spelt": text}
    assert found["by_hand"]["argv"][2:] == [f"--x={text}", text]


class Elements(HTMLParser):
    """The elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_holds_no_markup_of_others(text: str) -> None:
    """Outside of code, where Markdown means every character as it is, nothing opens an element or a link."""
    shown = render(hostile_report(text), "markdown")
    plain = _without_code(shown)
    elements = Elements()
    elements.feed(re.sub(r"\\([\\`*_{}\[\]<>#|~&!])", "", plain))
    assert elements.found == []
    assert not re.search(r"(?<!\\)\]\(", plain)
    # Every row of a table has as many cells as its head.
    rows = [line for line in plain.split("\n") if line.startswith("|")]
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) >= 3
    tables = re.split(r"\n\n", plain)
    for table in (each for each in tables if each.startswith("|")):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.strip().split("\n")}) == 1


def _without_code(markdown: str) -> str:
    """Markdown with its fenced blocks and code spans taken out, as CommonMark finds them."""
    markdown = re.sub(r"(?ms)^(`{3,})sh\n.*?\n\1$", "", markdown)
    code = re.compile(r"(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)")
    return "\n".join(code.sub("code", line) for line in markdown.split("\n"))


@pytest.mark.parametrize("text", [*FORMULAS, *HOSTILE])
def test_no_spreadsheet_computes_a_cell(text: str) -> None:
    rows = list(csv.reader(io.StringIO(render(hostile_report(text), "csv"))))
    assert len({len(row) for row in rows}) == 1
    for row in rows:
        for cell in row:
            assert not cell.startswith(("=", "@", "\t", "\r"))
            assert not (cell.startswith(("+", "-")) and not re.fullmatch(r"[+-]?[\d.e+-]+", cell))


# A program that tells what it was given.
_TELLING = """
import os, sys
with open("args", "wb") as file:
    file.write(b"".join(os.fsencode(each) + b"\\0" for each in sys.argv[1:]))
with open("variables", "wb") as file:
    file.write(b"".join(name + b"=" + value + b"\\0" for name, value in os.environb.items()))
"""


@pytest.mark.parametrize("text", [*SHELL, *ESCAPES, *MARKUP])
def test_the_line_to_run_by_hand_is_the_command_and_nothing_more(text: str, tmp_path: Path) -> None:
    """A real shell is given the line: the program gets the arguments and variables that it says, and no other runs."""
    name = "PLAIN; touch pwned #"
    report = hostile_report(text, trial={"env": {name: text, "OTHER": text, "API_KEY": "hunter2-5f0c"}})
    assert report.by_hand is not None
    line = report.by_hand.line
    assert line.isprintable()
    assert "hunter2" not in line
    (tmp_path / "python").write_text(f"#!{sys.executable} -S\n{_TELLING}")
    (tmp_path / "python").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "API_KEY": "of-the-shell"}
    subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment, check=True)
    arguments = (tmp_path / "args").read_bytes().decode().split("\0")[:-1]
    assert arguments == ["train.py", f"--x={text}", text]
    variables = dict(
        each.split("=", 1) for each in (tmp_path / "variables").read_bytes().decode().split("\0") if "=" in each
    )
    assert variables["OTHER"] == text
    assert variables[name] == text
    assert variables["API_KEY"] == "of-the-shell"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["args", "python", "variables"]


def test_the_line_to_run_by_hand_asks_for_a_secret(tmp_path: Path) -> None:
    report = hostile_report("x", trial={"env": {"API_KEY": "hunter2-5f0c"}})
    assert report.by_hand is not None
    assert report.by_hand.environment["API_KEY"] == "(secret)"
    assert 'API_KEY="${API_KEY:?}"' in shlex.split(report.by_hand.line, posix=False)
    refused = subprocess.run(
        ["/bin/sh", "-c", report.by_hand.line], cwd=tmp_path, env={"PATH": "/nowhere"}, capture_output=True, check=False
    )
    assert refused.returncode != 0
    assert b"API_KEY" in refused.stderr


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_a_report_of_an_old_journal_shows_no_secret(form: str) -> None:
    """Journals of earlier versions hold the values; a report of one does not."""
    shown = render(hostile_report("x", trial={"env": {"HF_TOKEN": "hunter2-5f0c", "PLAIN": "seen"}}), form)
    assert "hunter2" not in shown

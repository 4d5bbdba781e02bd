"""The entry: what it costs, what it lists, and how it refuses."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from hpotune import __version__
from hpotune.cli.registry import COMMANDS

HEAVY = ("numpy", "scipy", "pydantic", "yaml", "typer", "rich")


def _loaded(code: str) -> set[str]:
    """The modules that are loaded after some code has run in a fresh interpreter."""
    program = f"import sys\ntry:\n    {code}\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "code",
    [
        "import hpotune",
        "import hpotune.cli",
        "import hpotune.cli; sys.argv = ['hpotune', '--help']; hpotune.cli.main()",
        "import hpotune.cli; sys.argv = ['hpotune', '--version']; hpotune.cli.main()",
    ],
)
def test_nothing_heavy_is_imported_before_a_command_is_called(code: str) -> None:
    loaded = _loaded(code)
    assert not loaded.intersection(HEAVY)
    assert not [name for name in loaded if name.startswith(("hpotune.study", "hpotune.history", "hpotune.journal"))]
    assert not loaded.intersection(entry.module for entry in COMMANDS.values())


def test_help_of_one_command_imports_no_other() -> None:
    loaded = _loaded("import hpotune.cli; sys.argv = ['hpotune', 'schema', '--help']; hpotune.cli.main()")
    others = {entry.module for name, entry in COMMANDS.items() if name != "schema"}
    assert COMMANDS["schema"].module in loaded
    assert not loaded.intersection(others)


def test_help_lists_every_command(cli) -> None:
    shown = cli("--help")
    assert shown.returncode == 0
    assert shown.stderr == ""
    for name, entry in COMMANDS.items():
        assert any(line.split()[:1] == [name] and entry.summary in line for line in shown.stdout.splitlines())
    assert max(map(len, shown.stdout.splitlines())) <= 100
    assert cli("-h").stdout == cli("help").stdout == shown.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(call, name: str) -> None:
    assert find_spec(COMMANDS[name].module) is not None
    shown = call(name, "--help")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"Usage: hpotune {name} ")
    assert call("help", name).stdout == shown.stdout


def test_version(cli) -> None:
    assert cli("--version").stdout == f"hpotune {__version__}\n"


def test_without_a_command_the_help_is_a_usage_error(cli) -> None:
    shown = cli()
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "hpotune COMMAND" in shown.stderr


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ("stauts", "did you mean `hpotune status`?"),
        ("resum", "did you mean `hpotune resume`?"),
        ("study.yaml", "`hpotune run study.yaml`"),
        ("xyzzy", "`hpotune --help`"),
    ],
)
def test_an_unknown_command_gets_a_hint(cli, wrong: str, remedy: str) -> None:
    shown = cli(wrong)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert wrong in shown.stderr
    assert remedy in shown.stderr
    assert len(shown.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["validate"], "Missing argument"),
        (["validate", "study.yaml", "--jsn"], "--json"),
        (["validate", "a.yaml", "b.yaml"], "unexpected extra argument"),
        (["show", "runs/toy", "seven"], "TRIAL"),
        (["show", "runs/toy", "-1"], "TRIAL"),
        (["list", "--runs"], "--runs"),
        (["init"], "--command"),
    ],
)
def test_wrong_usage_of_a_command(cli, arguments: list[str], words: str) -> None:
    shown = cli(*arguments)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert words in shown.stderr
    assert "Traceback" not in shown.stderr
    assert f"hpotune {arguments[0]}" in shown.stderr or "requires an argument" in shown.stderr


def test_windows_is_refused_in_one_line() -> None:
    program = (
        "import sys; sys.platform = 'win32'; sys.argv = ['hpotune', 'run', 's.yaml']\nimport hpotune.cli as c; c.main()"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert "WSL" in shown.stderr
    assert len(shown.stderr.splitlines()) == 1

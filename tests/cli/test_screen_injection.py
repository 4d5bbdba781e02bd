"""What scripts and study files say is shown on a terminal, never obeyed by it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hostile import ESCAPES, HOSTILE, MARKUP, SHELL, obeyed

METRIC = "\x1b]52;c;cm0gLXJm\x07loss\u202e"
CHOICES = [each for each in HOSTILE if "\0" not in each]
# Prints every hostile text, reports, and in every third trial fails with hostile last words.
SCRIPT = f"""
import json, os, sys
config = json.loads(os.environ["HPOTUNE_CONFIG"])
hostile = {HOSTILE!r}
metric = {METRIC!r}
for text in hostile:
    print("said:", text)
    print("complained:", text, file=sys.stderr)
number = int(os.environ["HPOTUNE_TRIAL_ID"])
if number % 3 == 2:
    sys.exit(hostile[number])
print(json.dumps({{metric: len(config["kind"]), "also \x1b[31mred": 1.0, "epoch\x9b": 1}}))
print("\\x1b[31m" + "\\xff", metric + "=nan")
"""
STUDY: dict[str, Any] = {
    "name": "toy",
    "command": [sys.executable, "train.py", "--say=\x1b[31mred", "${args}"],
    "metric": {"name": METRIC, "goal": "minimize"},
    "parameters": {
        "kind": {"type": "categorical", "choices": CHOICES},
        "other": {"type": "constant", "value": "\x1b[31mred\u202e"},
        "listed": {"type": "constant", "value": {"\x1b[31mred": ["\x9b31m", "\x07"]}},
        "spelt": {"type": "constant", "value": 1, "as": "\x1b[31mred"},
    },
    "trial": {"env": {"\x1b]0;x\x07": "\x1b[31mred"}, "grace": 1},
    "limits": {"trials": 9},
    "seed": 3,
}


class Seen(NamedTuple):
    """What a terminal was given, and how the program ended."""

    text: str
    code: int


def on_terminal(folder: Path, *arguments: str, **env: str) -> Seen:
    """`hpotune ...` on a terminal of its own."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 110, 0, 0))
    pieces: list[bytes] = []
    reader = threading.Thread(target=_read, args=(parent, pieces))
    process = subprocess.Popen(
        [sys.executable, "-m", "hpotune", *arguments],
        cwd=folder,
        env={**_environment(), "TMPDIR": str(folder), "TERM": "xterm-256color", **env},
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    reader.start()
    code = process.wait(90)
    reader.join()
    os.close(parent)
    text = b"".join(pieces).decode()
    assert "Traceback" not in text
    return Seen(text, code)


def _read(terminal: int, pieces: list[bytes]) -> None:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end was closed
            return
        if not piece:
            return
        pieces.append(piece)


def _environment() -> dict[str, str]:
    unwanted = ("CI", "NO_COLOR", "CUDA_VISIBLE_DEVICES")
    return {name: value for name, value in os.environ.items() if name not in unwanted and "HPOTUNE" not in name}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Seen]:
    """A run of the hostile study, seen on a terminal."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "train.py").write_text(SCRIPT)
    (folder / "study.yaml").write_text(json.dumps(STUDY))
    return folder, on_terminal(folder, "run", "study.yaml")


def test_the_board(played: tuple[Path, Seen]) -> None:
    _, seen = played
    assert seen.code == 0, seen.text
    assert obeyed(seen.text, own=True) == []
    assert "\\x1b" in seen.text


@pytest.mark.parametrize(
    "arguments",
    [
        ("report",),
        ("report", "--format", "markdown"),
        ("report", "--format", "csv"),
        ("report", "--json"),
        ("status",),
        ("list",),
        ("show", "runs/toy", "0"),
        ("show", "runs/toy", "2"),
        ("why", "runs/toy", "0"),
        ("validate", "study.yaml"),
        ("plan", "study.yaml"),
        ("replay",),
        ("resume", "--set", "limits.trials=9", "--set", "trial.env.\x1b[31mred=\x1b]0;x\x07"),
        ("run", "study.yaml", "--set", "parameters.\x1b[31mred=\x9b"),
        ("run", "study.yaml", "--set", "parameters.kind=[\u202e"),
        ("status", "\x1b[31mred"),
    ],
    ids=lambda arguments: "-".join(arguments[:3]).encode("unicode_escape").decode(),
)
def test_every_command(
    played: tuple[Path, Seen], call: Any, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(played[0])
    done = call(*arguments)
    assert done.returncode != 3
    assert done.stdout + done.stderr
    assert obeyed(done.stdout) == [] == obeyed(done.stderr)


@pytest.mark.parametrize("arguments", [("0",), ("2", "--stderr")], ids=["stdout", "stderr"])
def test_a_log_on_a_terminal_shows_what_it_does_not_obey(played: tuple[Path, Seen], arguments: tuple[str, ...]) -> None:
    seen = on_terminal(played[0], "logs", "runs/toy", *arguments)
    assert "^[]52;c;" in seen.text
    assert obeyed(seen.text.replace("\r\n", "\n")) == []


def test_a_pipe_gets_the_bytes_of_a_log_as_they_are(played: tuple[Path, Seen]) -> None:
    folder, _ = played
    piped = subprocess.run(
        [sys.executable, "-m", "hpotune", "logs", "runs/toy", "0"], cwd=folder, capture_output=True, check=True
    )
    assert piped.stdout == (folder / "runs/toy/trials/00000/jobs/0-0/stdout.log").read_bytes()
    assert b"\x1b]52;c;" in piped.stdout


def test_the_log_of_the_tuner_is_plain_text(played: tuple[Path, Seen]) -> None:
    folder, _ = played
    assert obeyed((folder / "runs/toy/tuner.log").read_text()) == []


ECHO = """
import json, os, sys
config = json.loads(os.environ["HPOTUNE_CONFIG"])
with open("got.jsonl", "a") as file:
    variables = {k: v for k, v in os.environ.items() if k.startswith("HPOTUNE_PARAM_")}
    got = {"argv": sys.argv[1:], "config": config, "variables": variables, "path": os.environ["PATH"],
           "preload": os.environ.get("LD_PRELOAD"), "others": sorted(os.environ)}
    file.write(json.dumps(got) + "\\n")
print("loss=1")
"""


def test_values_are_values_and_names_are_names_in_a_real_process(tmp_path: Path) -> None:
    """Nothing of a parameter becomes a variable or an argument of its own, or a command of a shell."""
    hostile = [*SHELL, *ESCAPES, *MARKUP, "x\nLD_PRELOAD=/evil.so", "--=\n--evil=1", "${args}", "${PATH}", "é\ud7ff"]
    study = {
        "name": "toy",
        "command": [sys.executable, "echo.py", "${kind}", "x=${kind}", "${args}", "${args_no_hyphens}"],
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {
            "kind": {"type": "categorical", "choices": hostile},
            "PATH": {"type": "constant", "value": "/evil"},
            "LD_PRELOAD": {"type": "constant", "value": "/evil.so"},
            "a.b-c": {"type": "constant", "value": "x\nB=1"},
            "HPOTUNE_SEED": {"type": "constant", "value": "evil"},
        },
        "strategy": "grid",
        "workers": 4,
    }
    (tmp_path / "study.yaml").write_text(json.dumps(study))
    (tmp_path / "echo.py").write_text(ECHO)
    done = subprocess.run(
        [sys.executable, "-m", "hpotune", "run", "study.yaml", "--quiet"],
        cwd=tmp_path,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    got = [json.loads(line) for line in (tmp_path / "got.jsonl").read_text().splitlines()]
    assert sorted(each["config"]["kind"] for each in got) == sorted(hostile)
    names = {"PATH", "LD_PRELOAD", "A_B_C", "HPOTUNE_SEED", "KIND"}
    for each in got:
        kind = each["config"]["kind"]
        fixed = ["PATH=/evil", "LD_PRELOAD=/evil.so", "a.b-c=x\nB=1", "HPOTUNE_SEED=evil"]
        pairs = [f"kind={kind}", *fixed]
        assert each["argv"] == [kind, f"x={kind}", *(f"--{pair}" for pair in pairs), *pairs]
        assert each["path"] == os.environ["PATH"]
        assert each["preload"] == os.environ.get("LD_PRELOAD")
        assert each["variables"].keys() == {f"HPOTUNE_PARAM_{name}" for name in names}
        assert each["variables"]["HPOTUNE_PARAM_KIND"] == kind
        assert not {"B", "evil", "--evil"} & set(each["others"])
    assert not (tmp_path / "pwned").exists()


def test_a_zero_byte_in_a_value_is_the_failure_of_its_trial(tmp_path: Path) -> None:
    study = {
        "name": "toy",
        "command": [sys.executable, "echo.py", "${args}"],
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"kind": {"type": "categorical", "choices": ["a", "b\0--evil=1"]}},
        "strategy": "grid",
    }
    (tmp_path / "study.yaml").write_text(json.dumps(study))
    (tmp_path / "echo.py").write_text(ECHO)
    call = [sys.executable, "-m", "hpotune", "run", "study.yaml", "--quiet"]
    done = subprocess.run(call, cwd=tmp_path, env=_environment(), capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2), done.stderr
    got = (tmp_path / "got.jsonl").read_text() if (tmp_path / "got.jsonl").exists() else ""
    assert "evil" not in got

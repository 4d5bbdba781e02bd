"""The commands that look at a run: status, list, show, logs, best, replay. None of them changes it."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hpotune import events as ev
from hpotune.cli import logs
from hpotune.cli.terminal import harmless
from hpotune.journal import RunLock


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "RUN"),
        ("status", "RUN", "--json"),
        ("list", "--runs", "."),
        ("show", "RUN", "1"),
        ("logs", "RUN", "0"),
        ("best", "RUN"),
        ("replay", "RUN"),
        ("report", "RUN"),
    ],
)
def test_looking_changes_nothing(call, done_run, arguments) -> None:
    before = _files(done_run.folder.path)
    shown = call(*(str(done_run.folder.path) if word == "RUN" else word for word in arguments))
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout
    assert _files(done_run.folder.path) == before


@pytest.mark.parametrize("command", ["status", "best", "replay", "report"])
def test_the_only_run_is_meant_when_none_is_named(call, done_run, command: str) -> None:
    assert call(command).stdout == call(command, str(done_run.folder.path)).stdout != ""


@pytest.mark.parametrize("named", [".", "runs", "runs/toy"])
def test_a_folder_stands_for_the_only_run_in_it(call, done_run, named: str) -> None:
    assert call("status", named).stdout == call("status", str(done_run.folder.path)).stdout != ""


def test_what_fresh_has_put_aside_is_not_meant(call, done_run, make_run) -> None:
    make_run("runs/toy.1").write()
    assert call("status").stdout == call("status", str(done_run.folder.path)).stdout != ""


@pytest.mark.parametrize(("place", "name"), [("runs/toy.1", "toy.1"), ("runs/other.1", "other"), ("runs/toy.x", "toy")])
def test_any_other_second_run_leaves_it_open_which_is_meant(call, done_run, make_run, place: str, name: str) -> None:
    make_run(place, name=name).write()
    shown = call("status")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert str(done_run.folder.path) in shown.stderr
    assert place in shown.stderr


@pytest.mark.parametrize("command", ["status", "best", "report", "replay", "stop"])
@pytest.mark.parametrize("run", ["nowhere", "."])
def test_a_run_that_is_not_there(call, command: str, run: str) -> None:
    shown = call(command, run)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("error: ")
    assert len(shown.stderr.splitlines()) == 2


def test_status_of_a_finished_run(call, done_run) -> None:
    row = json.loads(call("status", "--json").stdout)
    assert row["state"] == "finished"
    assert row["trials"] == 3
    assert row["states"] == {"completed": 2, "failed": 1}
    assert row["failures"] == {"exit": 1}
    assert row["best"]["value"] == 0.25
    assert row["best"]["trial"] == 2
    text = call("status").stdout
    assert "finished" in text
    assert "3 of 3 done" in text
    assert "loss 0.25" in text
    assert "hpotune resume" not in text


def test_status_of_a_run_that_nobody_holds(call, make_run) -> None:
    run = make_run()
    run.ask()
    assert json.loads(call("status", "--json").stdout)["state"] == "interrupted"
    assert "hpotune resume" in call("status").stdout


def test_status_of_a_living_run(call, make_run) -> None:
    run = make_run()
    job = run.ask()
    run.tuner.report(job, None, 0.125)
    run.write()
    with RunLock.acquire(run.folder.path):
        row = json.loads(call("status", "--json").stdout)
        assert row["state"] == "running"
        assert [entry["trial"] for entry in row["running"]] == [0]
        assert row["running"][0]["value"] == 0.125
        text = call("status").stdout
        assert f"process {row['pid']}" in text
        assert "0.125" in text


def test_list_finds_runs_at_every_usual_place(call, make_run, tmp_path: Path) -> None:
    places = ("runs/a", "project/runs/b", "studies/deep/runs/c")
    for place in places:
        make_run(place).write()
    rows = json.loads(call("list", "--json").stdout)
    assert [row["run"] for row in rows] == sorted(str(tmp_path / place) for place in places)
    text = call("list").stdout
    assert all(place in text for place in places)
    assert [row["run"] for row in json.loads(call("list", "--json", "--runs", "runs").stdout)] == [
        str(tmp_path / "runs/a")
    ]


def test_list_goes_on_after_a_damaged_run(call, done_run, make_run, tmp_path: Path) -> None:
    bad = make_run("runs/bad")
    bad.write()
    bad.folder.journal.write_bytes(bad.folder.journal.read_bytes().replace(b"toy", b"tox"))
    shown = call("list", "--json")
    assert shown.returncode == 0
    states = {Path(row["run"]).name: row["state"] for row in json.loads(shown.stdout)}
    assert states == {"bad": "unusable", "toy": "finished"}
    assert call("status", "runs/bad").returncode == 4


def test_list_without_runs(call) -> None:
    shown = call("list")
    assert (shown.returncode, shown.stdout) == (0, "")
    assert "there is no run" in shown.stderr
    assert call("list", "--json").stdout == "[]\n"
    assert call("list", "--runs", "nowhere").returncode == 2


def test_show_tells_all_about_a_trial(call, done_run) -> None:
    row = json.loads(call("show", "runs/toy", "1", "--json").stdout)
    assert (row["state"], row["cause"], row["value"]) == ("failed", "exit", None)
    (attempt,) = row["attempts"]
    assert attempt["outcome"] == "failed"
    assert "ValueError" in attempt["message"]
    assert Path(attempt["stdout"]).read_bytes() == b"half a li\xffne"
    text = call("show", "runs/toy", "1").stdout
    assert "ValueError" in text
    assert "\x1b" not in text
    assert str(Path(attempt["stdout"]).parent) in text
    good = json.loads(call("show", "runs/toy", "2", "--json").stdout)
    assert good["attempts"][0]["reports"] == [{"budget": None, "value": 0.25, "also": {}, "late": False}]


def test_show_tells_retries_apart(call, make_run) -> None:
    run = make_run(trial={"retries": 1})
    run.tuner.fail(run.ask(), "exit", "first")
    run.tuner.tell(run.ask(), 0.5)
    run.write()
    row = json.loads(call("show", "runs/toy", "0", "--json").stdout)
    assert [(a["job"], a["attempt"], a["launched_for"], a["outcome"]) for a in row["attempts"]] == [
        (0, 0, "first", "failed"),
        (0, 1, "retry", "completed"),
    ]


@pytest.mark.parametrize("command", ["show", "logs"])
def test_a_trial_that_is_not_there(call, done_run, command: str) -> None:
    shown = call(command, "runs/toy", "3")
    assert shown.returncode == 2
    assert "no trial 3" in shown.stderr
    assert "0 to 2" in shown.stderr


def test_logs_give_the_bytes_as_they_are(done_run, call, tmp_path: Path) -> None:
    assert call("logs", "runs/toy", "0").stdout == "hello\n"
    assert call("logs", "runs/toy", "0", "--stderr").stdout == "from stderr\n"
    with (tmp_path / "out").open("wb") as out:
        subprocess.run(
            [sys.executable, "-m", "hpotune", "logs", str(done_run.folder.path), "1"], stdout=out, check=True
        )
    assert (tmp_path / "out").read_bytes() == b"half a li\xffne"
    assert call("logs", "runs/toy", "0", "--attempt", "5").returncode == 2


def test_logs_follow_until_the_attempt_has_ended(make_run, monkeypatch: pytest.MonkeyPatch, capfdbinary) -> None:
    monkeypatch.setattr(logs, "_POLL", 0.01)
    run = make_run()
    job = run.ask(b"first\n")
    path = run.folder.attempt(0, 0, 0) / "stdout.log"

    def go_on() -> None:
        time.sleep(0.1)
        with path.open("ab") as file:
            file.write(b"second\n")
        time.sleep(0.1)
        with path.open("ab") as file:
            file.write(b"third")
        run.tuner.tell(job, 0.5)
        run.write()

    with RunLock.acquire(run.folder.path):
        writer = threading.Thread(target=go_on)
        writer.start()
        assert logs.command(str(run.folder.path), 0, follow=True) == 0
        writer.join()
    assert capfdbinary.readouterr().out == b"first\nsecond\nthird"


def test_logs_follow_no_dead_run(make_run, capfdbinary) -> None:
    run = make_run()
    run.ask(b"first\n")
    assert logs.command(str(run.folder.path), 0, follow=True) == 0
    assert capfdbinary.readouterr().out == b"first\n"


def test_escape_codes_are_shown_on_a_terminal_but_not_obeyed() -> None:
    assert harmless("\x1b[31mred\x07 \x9b2J\x7f\tok\r\n") == "^[[31mred^G \\x9b2J^?\tok\r\n"
    assert harmless("plain – text ✓\n") == "plain – text ✓\n"


def test_best_in_every_format(call, done_run) -> None:
    config = json.loads(call("best").stdout)
    assert config == done_run.tuner.best.config
    arguments = shlex.split(call("best", "--format", "args").stdout)
    assert arguments == [
        f"--{name}={value if isinstance(value, str) else repr(value)}" for name, value in config.items()
    ]
    script = call("best", "--format", "env").stdout + 'printf "%s" "$HPOTUNE_CONFIG"'
    assert json.loads(subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout) == config
    script = call("best", "--format", "env").stdout + 'printf "%s" "$HPOTUNE_PARAM_KIND"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, check=True, text=True).stdout == config["kind"]
    assert call("best", "--format", "yaml").returncode == 2


def test_best_of_nothing(call, make_run) -> None:
    make_run().write()
    shown = call("best")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "no trial has a value" in shown.stderr


def test_replay_says_whether_all_is_the_same(call, done_run, make_run) -> None:
    shown = call("replay", "runs/toy")
    assert shown.returncode == 0, shown.stdout
    assert "decisions are the same" in shown.stdout
    other = make_run("runs/other")
    other.tuner._ledger.append(ev.TrialPlanned(0, {"lr": 0.05, "kind": "a"}, "search", 1))
    other.write()
    shown = call("replay", "runs/other", "--json")
    assert shown.returncode == 1
    assert json.loads(shown.stdout)["differences"]

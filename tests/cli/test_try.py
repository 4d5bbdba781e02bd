"""`hpotune try`: the trial a run would start, its output untouched, and a mark at what gave the metric."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest


@pytest.fixture
def tried(cli, tmp_path: Path):
    """Runs a script under `try`."""

    def run(script: str, *options: str, **study: object):
        write(tmp_path, script, **study)
        return cli("try", "study.yaml", *options)

    return run


def write(folder: Path, script: str, **changes: object) -> None:
    (folder / "train.py").write_text(textwrap.dedent(script))
    study = {
        "name": "toy",
        "command": [sys.executable, "train.py", "${args}"],
        "metric": {"name": "acc", "goal": "maximize"},
        "parameters": {"lr": {"type": "float", "low": 0.001, "high": 0.1, "default": 0.01}},
        "limits": {"trials": 3},
        "seed": 1,
        **changes,
    }
    (folder / "study.yaml").write_text(json.dumps(study))


def test_the_output_goes_straight_through_and_the_value_is_told(tried, tmp_path: Path) -> None:
    shown = tried("""
        import sys
        print("hello", sys.argv[1])
        print("oops", file=sys.stderr)
        print("acc=0.5")
        print("acc=0.75")
        """)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == "hello --lr=0.01\nacc=0.5\nacc=0.75\n"
    lines = shown.stderr.splitlines()
    assert "oops" in lines
    assert "◀ acc 0.5" in lines
    assert "its defaults" in shown.stderr
    assert "exited 0" in shown.stderr
    assert lines[-1] == "it would count with acc 0.75"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.yaml", "train.py"]


def test_on_a_terminal_the_line_itself_is_marked(tmp_path: Path) -> None:
    write(tmp_path, "print('acc=0.5'); print('done')")
    main, other = pty.openpty()
    command = [sys.executable, "-m", "hpotune", "try", "study.yaml"]
    process = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=other, stderr=subprocess.DEVNULL)
    os.close(other)
    output = b""
    try:
        while piece := os.read(main, 4096):
            output += piece
    except OSError:  # how a pseudo-terminal says that the other side is closed
        pass
    os.close(main)
    assert process.wait(60) == 0
    marked, done = output.decode().splitlines()[:2]
    assert marked.startswith("acc=0.5  ")
    assert "◀ acc 0.5" in marked
    assert done == "done"


def test_nothing_gave_the_metric(tried) -> None:
    shown = tried("print('accuracy=0.5')")
    assert (shown.returncode, shown.stdout) == (1, "accuracy=0.5\n")
    assert "no line gave acc; nearest:" in shown.stderr
    assert "accuracy=0.5" in shown.stderr
    assert "acc=0.5" in shown.stderr


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("print('acc=0.5'); raise SystemExit(7)", "exit code 7"),
        ("import os; print('acc=0.5', flush=True); os.kill(os.getpid(), 9)", "SIGKILL"),
        ("print('acc=nan')", "no finite number"),
    ],
)
def test_a_trial_that_would_fail(tried, script: str, words: str) -> None:
    shown = tried(script)
    assert shown.returncode == 1
    assert words in shown.stderr
    assert "would count as failed" in shown.stderr


BUDGET = {"name": "epochs", "min": 2, "max": 10}
COUNTS = "import os\nfor epoch in range({start}, {stop}): print(f'epoch={{epoch}} acc=0.{{epoch}}')"


def test_the_smallest_budget_is_the_default_and_another_may_be_asked_for(tried) -> None:
    script = "import os\nn = int(os.environ['HPOTUNE_BUDGET'])\nfor e in range(1, n + 1): print(f'epoch={e} acc=0.5')"
    assert "acc 0.5 at 2 epochs" in tried(script, budget=BUDGET).stderr
    shown = tried(script, "--budget", "5", budget=BUDGET)
    assert len(shown.stdout.splitlines()) == 5
    assert "acc 0.5 at 5 epochs" in shown.stderr


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (COUNTS.format(start=0, stop=2), "counts epochs from 0"),
        (COUNTS.format(start=1, stop=6), "HPOTUNE_BUDGET and no further"),
        (COUNTS.format(start=1, stop=2), "short of 2"),
        ("print('acc=0.5')", "no report names its epochs"),
        ("print('epoch=1 acc=0.5'); print('epoch=1 acc=0.6'); print('epoch=2 acc=1')", "reported already"),
    ],
)
def test_what_a_user_should_know_about_the_budget(tried, script: str, words: str) -> None:
    shown = tried(script, budget=BUDGET)
    assert shown.returncode == 0, shown.stderr
    assert words in shown.stderr


def test_without_all_defaults_it_says_where_the_values_come_from(tried) -> None:
    free = {"lr": {"type": "float", "low": 0.001, "high": 0.1}}
    assert "drawn at random" in tried("print('acc=1')", parameters=free).stderr
    shown = tried("import sys; print(sys.argv[1]); print('acc=1')", parameters=free, enqueue=[{"lr": 0.05}])
    assert "the first of `enqueue`" in shown.stderr
    assert shown.stdout.startswith("--lr=0.05\n")


def test_a_command_that_is_not_there(tried) -> None:
    shown = tried("", command=["./no-such-program"])
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "no-such-program" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_limits_of_time_hold(tried) -> None:
    shown = tried("import time; time.sleep(60)", trial={"timeout": 0.2, "grace": 0.1})
    assert shown.returncode == 1
    assert "timed out" in shown.stderr


def test_ctrl_c_ends_the_trial_and_what_it_started(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import os, subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        open("pids.new", "w").write(f"{os.getpid()} {child.pid}")
        os.rename("pids.new", "pids")
        time.sleep(60)
        """,
    )
    command = [sys.executable, "-m", "hpotune", "try", "study.yaml"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "pids").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in output
    for pid in (tmp_path / "pids").read_text().split():
        assert not Path(f"/proc/{pid}/cmdline").exists() or Path(f"/proc/{pid}/cmdline").read_bytes() == b""

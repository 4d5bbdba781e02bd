"""A private run is its owner's alone, and the values of secrets are in no file of any run."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_program import PARABOLA, Program

from hpotune.journal import JournalReader, JournalWriter

SECRET = "hunter2-5f0c9a7e"
OTHER = "tr0ub4dor-and-3"
ENV = {"WANDB_API_KEY": SECRET, "PLAIN": "seen"}
# Says which values it was given, by their lengths and ends alone: what a trial prints is its own affair.
TELLING = (
    """
import os
value = os.environ.get("WANDB_API_KEY", "")
with open("given.txt", "a") as file:
    file.write("%s:%d:%s\\n" % (os.environ["HPOTUNE_TRIAL_ID"], len(value), value[-1:]))
"""
    + PARABOLA
)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """As on most machines: new files may be read by all."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def files(folder: Path) -> list[Path]:
    return [folder, *folder.rglob("*")]


def open_to_others(folder: Path) -> list[str]:
    return [str(path) for path in files(folder) if stat.S_IMODE(path.stat().st_mode) & 0o077]


def holding(folder: Path, text: str) -> list[str]:
    """The files below a folder in which a text stands, as it is, as JSON has it, or as a URL has it."""
    forms = {text.encode(), json.dumps(text)[1:-1].encode()}
    return [str(path) for path in files(folder) if path.is_file() and any(form in path.read_bytes() for form in forms)]


def given(program: Program) -> dict[str, str]:
    """What each trial said of the secret that it was given: of its last attempt."""
    lines = (program.folder / "given.txt").read_text().split()
    return {trial: told for trial, _, told in (line.partition(":") for line in lines)}


def told(value: str) -> str:
    return f"{len(value)}:{value[-1:]}"


@pytest.mark.usefixtures("open_umask")
def test_all_that_a_private_run_makes_is_for_the_user_alone(program: Program) -> None:
    study = program.study(private=True, limits={"trials": 2})
    program.call("run", str(study), "--quiet")
    assert open_to_others(program.run().path) == []
    # Also what a later session makes, and what is kept of a journal that was cut short.
    with program.run().journal.open("ab") as journal:
        journal.write(b'{"n": 99')
    program.call("resume", str(study), "--set", "limits.trials=4", "--quiet")
    assert (program.run().path / "journal.torn-1").exists()
    assert len(program.history().trials) == 4
    assert open_to_others(program.run().path) == []
    # The folder of all runs is not the run's own.
    assert stat.S_IMODE((program.folder / "runs").stat().st_mode) == 0o755


@pytest.mark.usefixtures("open_umask")
def test_a_run_that_is_not_private_follows_the_umask(program: Program) -> None:
    program.call("run", str(program.study()), "--quiet")
    assert stat.S_IMODE(program.run().path.stat().st_mode) == 0o755
    assert stat.S_IMODE(program.run().journal.stat().st_mode) == 0o644


@pytest.mark.usefixtures("open_umask")
def test_a_run_that_becomes_private_closes_its_folder(program: Program) -> None:
    program.call("run", str(program.study(limits={"trials": 1})), "--quiet")
    study = program.study(limits={"trials": 3}, private=True)
    program.call("resume", str(study), "--quiet")
    run = program.run()
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    assert open_to_others(run.trial(1)) == [] == open_to_others(run.trial(2))
    assert run.history().study.private
    # Taking it away again opens nothing: that is for its owner to do.
    program.call("resume", str(program.study(limits={"trials": 4}, private=False)), "--quiet")
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    assert open_to_others(run.trial(3)) == []


def test_the_value_of_a_secret_reaches_the_trials_and_no_file(program: Program) -> None:
    study = program.study(script=TELLING, trial={"env": ENV}, limits={"trials": 2})
    shown = program.call("run", str(study), "--json")
    shown_again = program.call("resume", str(study), "--json", "--set", "limits.trials=3", code=0)
    assert given(program) == dict.fromkeys("012", told(SECRET))
    run = str(program.run().path)
    calls = [
        shown,
        shown_again,
        program.call("report", run, "--json"),
        program.call("show", run, "0", "--json"),
        program.call("validate", str(study), "--json"),
        program.call("try", str(study)),
    ]
    for done in calls:
        assert SECRET not in done.out + done.err
    assert holding(program.run().path, SECRET) == []
    assert holding(program.run().path, "seen") != []
    started = program.events("study_started")[0]
    assert started["study"]["trial"]["env"] == {"WANDB_API_KEY": "(secret)", "PLAIN": "seen"}
    # It resumed without finding that the study had changed but for the limit.
    assert [change["path"] for change in program.events("study_resumed")[0]["changes"]] == ["limits.trials"]


def test_a_new_value_is_used_and_is_no_change(program: Program) -> None:
    study = program.study(script=TELLING, trial={"env": ENV}, limits={"trials": 1})
    program.call("run", str(study), "--quiet")
    program.study(script=TELLING, trial={"env": {**ENV, "WANDB_API_KEY": OTHER}}, limits={"trials": 2})
    done = program.call("resume", str(study))
    assert given(program) == {"0": told(SECRET), "1": told(OTHER)}
    assert "WANDB_API_KEY" not in done.err
    assert holding(program.run().path, OTHER) == []


def test_no_hash_tells_of_a_secret(program: Program) -> None:
    """Two studies that differ only in the secret leave the same hashes, though the command names the study file."""
    found = []
    for name, value in (("one", SECRET), ("two", OTHER)):
        command = ["sh", "-c", "echo loss=1", "study.yaml"]
        program.study(
            script=None, name=name, command=command, trial={"env": {"PIN_TOKEN": value}}, limits={"trials": 1}
        )
        program.call("run", str(program.study_file), "--set", "name=same", "--runs", name, "--quiet")
        text = (program.folder / name / "same" / "journal.jsonl").read_text()
        found.append(json.loads(text.partition("\n")[0])["hashes"])
    assert found[0] == found[1]
    assert found[0]["study"]


def test_a_secret_that_was_set_is_asked_for_again(program: Program) -> None:
    study = program.study(script=TELLING, limits={"trials": 1})
    program.call("run", str(study), "--set", f"trial.env.WANDB_API_KEY={SECRET}", "--quiet")
    assert given(program) == {"0": told(SECRET)}
    assert holding(program.run().path, SECRET) == []
    more = ("--set", "limits.trials=2")
    refused = program.call("resume", str(study), *more, code=2)
    assert "WANDB_API_KEY" in refused.err
    assert "--set trial.env.WANDB_API_KEY=" in refused.err
    assert len(program.events("job_planned")) == 1
    # By the terminal's environment, or by the option.
    program.call("resume", str(study), *more, env={"WANDB_API_KEY": OTHER})
    assert given(program)["1"] == told(OTHER)
    again = ("--set", "limits.trials=3", "--set", f"trial.env.WANDB_API_KEY={SECRET}")
    program.call("resume", str(study), *again)
    assert given(program)["2"] == told(SECRET)
    assert holding(program.run().path, SECRET) == [] == holding(program.run().path, OTHER)


def test_without_the_study_file_the_copy_has_all_but_the_secrets(program: Program) -> None:
    study = program.study(script=TELLING, trial={"env": ENV}, limits={"trials": 1})
    program.call("run", str(study), "--quiet")
    study.unlink()
    run = str(program.run().path)
    refused = program.call("resume", run, "--set", "limits.trials=2", code=2)
    assert "is gone" in refused.err
    assert "export WANDB_API_KEY=" in refused.err
    program.call("resume", run, "--set", "limits.trials=2", env={"WANDB_API_KEY": SECRET})
    assert given(program)["1"] == told(SECRET)


def test_an_old_run_with_its_secrets_in_the_clear_goes_on(program: Program) -> None:
    """Runs of earlier versions have neither `private` nor placeholders; what they wrote stays, and is not shown."""
    study = program.study(script=TELLING, trial={"env": ENV}, limits={"trials": 1})
    program.call("run", str(study), "--quiet")
    _as_before(program)
    assert holding(program.run().path, SECRET) != []
    done = program.call("resume", str(study), "--set", "limits.trials=2")
    assert "WANDB_API_KEY" not in done.err
    assert given(program) == dict.fromkeys("01", told(SECRET))
    run = str(program.run().path)
    program.call("replay", run)
    assert SECRET not in program.call("report", run, "--json").out


def _as_before(program: Program) -> None:
    """Rewrite the journal as a version that knew of no secrets would have written it."""
    journal = program.run().journal
    lines = list(JournalReader(journal))
    for line in lines:
        line.pop("crc", None)
        if line["event"] == "study_started":
            line["study"]["trial"]["env"] = ENV
            del line["study"]["private"]
    journal.unlink()
    with JournalWriter.create(journal) as writer:
        for line in lines:
            writer.append(line)


def test_a_crash_file_tells_no_secret(program: Program) -> None:
    """The crash is made by a module that stands in for one of hpotune's own."""
    study = program.study(trial={"env": ENV})
    script = program.folder / "crash.py"
    script.write_text(
        "import sys\n"
        "import hpotune.run.session as session\n"
        "import hpotune.cli.run as run\n"
        "def broken(study, *rest):\n"
        "    secret = study.trial.env\n"
        "    raise LookupError('the environment was %s' % secret)\n"
        "run.start = broken\n"
        "from hpotune.cli import main\n"
        "sys.exit(main())\n"
    )
    call = ["run", str(study), "--set", f"trial.env.DB_PASSWORD={OTHER}", f"--set=trial.env={{MY_TOKEN: {OTHER}}}"]
    done = subprocess.run(
        [sys.executable, str(script), *call],
        cwd=program.folder,
        env={**os.environ, "TMPDIR": str(program.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    (crash,) = program.folder.glob("**/hpotune-crash-*.txt")
    text = crash.read_text()
    assert "LookupError" in text
    assert "limits" in text or "trial.env" in text
    for value in (SECRET, OTHER):
        assert value not in text + done.stdout + done.stderr
    assert stat.S_IMODE(crash.stat().st_mode) == 0o600

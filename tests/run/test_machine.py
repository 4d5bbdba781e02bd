"""What a study becomes on a machine: its command is found before the first trial, workers and devices are settled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hpotune.errors import RunError, StudyError
from hpotune.run.machine import check_command, fit_to_machine, working_folder
from hpotune.strategies import load_study
from hpotune.study import Study
from studies import study as small_study

ENVIRON = {"PATH": os.environ["PATH"]}


def study(folder: Path, **changes: Any) -> Study:
    return Study.from_dict(small_study(**changes).to_dict(), folder=folder)


def refusal(folder: Path, environ: dict[str, str] | None = None, **changes: Any) -> str:
    with pytest.raises(StudyError) as caught:
        check_command(study(folder, **changes), ENVIRON if environ is None else environ)
    (problem,) = caught.value.problems
    return f"{'.'.join(map(str, problem.path))}: {problem.message} | {problem.remedy}"


def script(path: Path, *, executable: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755 if executable else 0o644)
    return path


# The command


@pytest.mark.parametrize(
    "command",
    [
        ["true"],
        ["sh", "-c", "exit 0"],
        ["python", "-m", "nowhere"],
        ["python"],
        ["python", "${script}"],
        ["${program}", "train.py"],
        ["true", "not-a-file"],
    ],
)
def test_a_command_that_can_be_started(tmp_path: Path, command: list[str]) -> None:
    parameters = {"script": {"type": "constant", "value": "a.py"}, "program": {"type": "constant", "value": "true"}}
    parameters["lr"] = {"type": "float", "low": 0.0, "high": 1.0}
    path = f"{script(tmp_path / 'bin' / 'python').parent}:{ENVIRON['PATH']}"
    check_command(study(tmp_path, command=command, parameters=parameters), {"PATH": path})


def test_a_program_that_is_not_on_the_path(tmp_path: Path) -> None:
    assert refusal(tmp_path, command=["trian", "--lr"]) == (
        "command: no program 'trian' on the PATH | is it installed, and on the PATH of this terminal?"
    )
    script(tmp_path / "train")
    assert refusal(tmp_path, command=["train"]) == (
        "command: no program 'train' on the PATH | write `./train`: there is such a file beside the study"
    )
    check_command(study(tmp_path, command=["./train"]), ENVIRON)


def test_the_path_is_that_of_the_trial(tmp_path: Path) -> None:
    script(tmp_path / "bin" / "train")
    check_command(study(tmp_path, command=["train"]), {"PATH": str(tmp_path / "bin")})
    check_command(study(tmp_path, command=["train"], trial={"env": {"PATH": str(tmp_path / "bin")}}), ENVIRON)
    assert "no program 'true'" in refusal(tmp_path, command=["true"], trial={"env": {"PATH": str(tmp_path)}})
    assert "no program 'train'" in refusal(tmp_path, {}, command=["train"])


def test_a_program_named_by_its_path(tmp_path: Path) -> None:
    assert refusal(tmp_path, command=["./train.sh"]) == (
        f"command: there is no program {tmp_path}/train.sh | paths are relative to {tmp_path}"
    )
    script(tmp_path / "train.sh", executable=False)
    found = refusal(tmp_path, command=["./train.sh"])
    assert found.startswith(f"command: {tmp_path}/train.sh is not executable | run `chmod +x {tmp_path}/train.sh`")
    assert "[sh, ./train.sh]" in found
    script(tmp_path / "train.py", executable=False)
    assert "[python, ./train.py]" in refusal(tmp_path, command=["./train.py"])
    (tmp_path / "folder").mkdir()
    assert "there is no program" in refusal(tmp_path, command=["./folder"])
    script(tmp_path / "ok.sh")
    check_command(study(tmp_path, command=["./ok.sh"]), ENVIRON)
    check_command(study(tmp_path, command=[str(tmp_path / "ok.sh")]), ENVIRON)


@pytest.mark.parametrize("program", ["sh", "bash"])
def test_a_script_that_an_interpreter_is_to_read(tmp_path: Path, program: str) -> None:
    assert refusal(tmp_path, command=[program, "train.sh", "--lr"]) == (
        f"command: there is no file {tmp_path}/train.sh | paths are relative to {tmp_path}"
    )
    script(tmp_path / "train.sh", executable=False)
    check_command(study(tmp_path, command=[program, "train.sh"]), ENVIRON)


@pytest.mark.parametrize("name", ["python3", "python3.12", "python3.13t", "Rscript", "node"])
def test_interpreters_are_known_with_their_versions(tmp_path: Path, name: str) -> None:
    environ = {"PATH": str(script(tmp_path / "bin" / name).parent)}
    assert "there is no file" in refusal(tmp_path, environ, command=[name, "train.x"])
    assert "there is no file" in refusal(tmp_path, command=[f"./bin/{name}", "train.x"])


@pytest.mark.parametrize("name", ["shuffle", "shiny-train", "python-train", "pythonic", "nodeenv", "perlbrew"])
def test_a_program_that_is_only_named_like_an_interpreter_may_take_any_word(tmp_path: Path, name: str) -> None:
    environ = {"PATH": str(script(tmp_path / "bin" / name).parent)}
    check_command(study(tmp_path, command=[name, "fit"]), environ)


def test_a_mistake_in_the_command_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "tune.yaml").write_text(
        "metric: {name: loss, goal: minimize}\ncommand: [python, trian.py]\n"
        "parameters: {lr: {type: float, low: 0, high: 1}}\nlimits: {trials: 1}\n"
    )
    with pytest.raises(StudyError) as caught:
        check_command(load_study(tmp_path / "tune.yaml"), {"PATH": str(script(tmp_path / "bin" / "python").parent)})
    (problem,) = caught.value.problems
    assert (problem.line, problem.source_line) == (2, "command: [python, trian.py]")


# Where trials run


def test_where_trials_run(tmp_path: Path) -> None:
    assert working_folder(study(tmp_path)) == tmp_path
    assert working_folder(study(tmp_path, trial={"cwd": "trial"})) is None
    assert working_folder(study(tmp_path, trial={"cwd": "a/../b"})) == tmp_path / "b"
    assert working_folder(study(tmp_path, trial={"cwd": "/"})) == Path("/")


def test_a_folder_to_run_in_must_be_there(tmp_path: Path) -> None:
    found = refusal(tmp_path, trial={"cwd": "nowhere"})
    assert found == f"trial.cwd: there is no folder {tmp_path}/nowhere | trials need it to run in"
    script(tmp_path / "src" / "train.sh")
    check_command(study(tmp_path, command=["./train.sh"], trial={"cwd": "src"}), ENVIRON)
    check_command(study(tmp_path, command=["sh", "train.sh"], trial={"cwd": "src"}), ENVIRON)
    assert "there is no file" in refusal(tmp_path, command=["sh", "src/train.sh"], trial={"cwd": "src"})


def test_in_a_trials_own_folder_a_script_may_come_to_be_later(tmp_path: Path) -> None:
    check_command(study(tmp_path, command=["sh", "train.sh"], trial={"cwd": "trial"}), ENVIRON)


# Workers and devices


@pytest.mark.parametrize(
    ("changes", "visible", "workers"),
    [
        ({}, None, 1),
        ({"workers": 3}, None, 3),
        ({"gpus": {"devices": [0, 1]}}, None, 2),
        ({"gpus": {"devices": [0, 1, 2], "per_trial": 2}}, None, 1),
        ({"gpus": {"devices": [0, 1], "per_trial": 0.5}}, None, 4),
        ({"gpus": {"devices": [0, 1], "per_trial": 0.3}}, None, 6),
        ({"gpus": {"devices": [0, 1]}, "workers": 1}, None, 1),
        ({"gpus": {"devices": "auto"}}, "3,5,7", 3),
        ({"gpus": {"devices": [5]}}, "3,5,7", 1),
    ],
)
def test_workers_are_those_of_the_study_or_the_places_there_are(
    tmp_path: Path, changes: dict[str, Any], visible: str | None, workers: int
) -> None:
    environ = ENVIRON if visible is None else {**ENVIRON, "CUDA_VISIBLE_DEVICES": visible}
    machine = fit_to_machine(study(tmp_path, **changes), environ)
    assert machine.workers == machine.study.workers == workers
    assert (machine.slots is None) == ("gpus" not in changes)


def test_auto_devices_are_written_out(tmp_path: Path) -> None:
    whole = study(tmp_path, gpus={"devices": "auto", "per_trial": 0.5})
    machine = fit_to_machine(whole, {**ENVIRON, "CUDA_VISIBLE_DEVICES": "2,GPU-ab"})
    assert machine.study.gpus is not None
    assert machine.study.gpus.devices == ("2", "GPU-ab")
    assert machine.study.gpus.per_trial == 0.5
    assert machine.slots is not None
    assert [machine.slots.take() for _ in range(4)] == [("2",), ("GPU-ab",), ("2",), ("GPU-ab",)]
    assert machine.study.folder == tmp_path, "where it came from is kept"


@pytest.mark.parametrize(
    ("changes", "visible", "words"),
    [
        ({"gpus": {"devices": [0, 1]}, "workers": 3}, None, "3 workers, but the devices here have room for 2 trials"),
        ({"gpus": {"devices": "auto"}}, "", "A trial asks for 1 GPUs, and there are 0 here"),
        ({"gpus": {"devices": "auto", "per_trial": 2}}, "4", "A trial asks for 2 GPUs, and there are 1 here"),
        ({"gpus": {"devices": [0, 9]}}, "0,1", "names 9, which CUDA_VISIBLE_DEVICES=0,1 does not show"),
    ],
)
def test_what_the_machine_cannot_give_is_refused_at_once(
    tmp_path: Path, changes: dict[str, Any], visible: str | None, words: str
) -> None:
    environ = ENVIRON if visible is None else {**ENVIRON, "CUDA_VISIBLE_DEVICES": visible}
    with pytest.raises(RunError, match=words) as caught:
        fit_to_machine(study(tmp_path, **changes), environ)
    assert caught.value.remedy


def test_the_command_is_checked_before_the_devices(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no program"):
        fit_to_machine(study(tmp_path, command=["nowhere"], gpus={"devices": [0]}, workers=9), ENVIRON)

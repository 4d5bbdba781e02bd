"""From a job to what an executor can start: its folders, its files, its command line and its environment."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from hpotune.errors import RunError
from hpotune.journal.folder import RunFolder
from hpotune.protocol import (
    CommandTemplate,
    TrialContext,
    inheritable,
    template_context,
    trial_environment,
)
from hpotune.run.checkpoints import Checkpoints
from hpotune.run.executor import JobSpec
from hpotune.run.machine import working_folder
from hpotune.study import Study, outward_names
from hpotune.tuner import Job


class Launcher:
    """Prepares the attempts of one run. Creates `trials/00042/…` as DESIGN has it; everything else is data."""

    def __init__(self, study: Study, folder: RunFolder, token: str, environ: Mapping[str, str]) -> None:
        self._study = study
        self.checkpoints = Checkpoints(f"{folder.path}/trials")
        self._token = token
        self._outward = outward_names(study)
        self._template = CommandTemplate(study.command, self._outward)
        self._environ = {**inheritable(environ), **study.trial.env}
        self._trials = f"{folder.path}/trials"
        cwd = working_folder(study)
        self._cwd = None if cwd is None else str(cwd)
        try:
            Path(self._trials).mkdir(exist_ok=True)
        except OSError as error:
            raise RunError(f"{self._trials}: {error.strerror}", "the run's folder must be writable") from error

    def prepare(self, job: Job) -> JobSpec:
        """Make the folders and files of an attempt.

        Raises:
            RunError: a folder or file cannot be written.
        """
        trial_folder = f"{self._trials}/{job.trial_id:05d}"
        checkpoint = self.checkpoints.folder(job.trial_id)
        attempt_folder = f"{trial_folder}/jobs/{job.job}-{job.attempt}"
        config_file = f"{trial_folder}/config.json"
        metrics_file = f"{attempt_folder}/metrics.jsonl"
        try:
            # For every attempt: the session that planned the first may have died before it came to this.
            if job.fresh:
                self.checkpoints.drop(job.trial_id)
            _make(trial_folder, checkpoint, f"{trial_folder}/jobs")
            _write(config_file, json.dumps(job.config))
            if not _make(attempt_folder):
                _remove(metrics_file)  # of an attempt that a shortened journal knows nothing of
        except OSError as error:
            place = error.filename or trial_folder
            raise RunError(f"{place}: {error.strerror}", "the run goes on with `hpotune resume`") from error
        context = TrialContext(
            study=self._study.name,
            trial_id=job.trial_id,
            trial_dir=trial_folder,
            config_file=config_file,
            checkpoint_dir=checkpoint,
            metrics_file=metrics_file,
            seed=job.seed,
            budget=job.budget,
            previous_budget=job.previous_budget,
            token=self._token,
        )
        return JobSpec(
            id=job.id,
            argv=tuple(self._template.render(job.config, template_context(context))),
            env={**self._environ, **trial_environment(job.config, context, self._outward)},
            cwd=trial_folder if self._cwd is None else self._cwd,
            stdout=f"{attempt_folder}/stdout.log",
            stderr=f"{attempt_folder}/stderr.log",
            metrics=context.metrics_file,
            memory_limit=self._study.trial.memory_limit,
        )

    def drop(self, trial: int) -> None:
        """Delete the trial's checkpoint.

        Raises:
            RunError: the folder cannot be changed.
        """
        try:
            self.checkpoints.drop(trial)
        except OSError as error:
            raise RunError(
                f"{self.checkpoints.folder(trial)}: {error.strerror}", "the run goes on with `hpotune resume`"
            ) from error


def _make(*folders: str) -> bool:
    """Make folders that may be there; whether the last of them is new."""
    new = False
    for folder in folders:
        try:
            os.mkdir(folder)  # noqa: PTH102 - once per launch: a Path costs more than the call
        except FileExistsError:
            new = False
        except FileNotFoundError:  # someone removed the trial's folder
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            new = True
        else:
            new = True
    return new


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - as above


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        data = text.encode()
        while data:  # a write to a nearly full disk may take a part
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)

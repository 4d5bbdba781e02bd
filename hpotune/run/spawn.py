"""Starting a trial's process: argv as it stands, a session of its own, and nothing inherited but three descriptors."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

_DEFAULTS = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
_SHORT = {errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EIO}
_WHY = {
    errno.ENOENT: "no such file; or, if it is a script, the interpreter in its first line is missing",
    errno.EACCES: "permission denied: make it executable, `chmod +x`",
    errno.ENOEXEC: "neither a program nor a script with a first line such as `#!/bin/sh`",
    errno.E2BIG: "command line and environment are too long; give the configuration by file: ${args_json_file}",
    errno.EAGAIN: "too many processes: raise `ulimit -u`, or lower `workers`",
    errno.EMFILE: "too many open files: raise `ulimit -n`, or lower `workers`",
    errno.ENFILE: "the machine has too many open files",
}


class LaunchError(Exception):
    """No process came to be. `transient`: the machine was short of something."""

    def __init__(self, what: str, error: OSError) -> None:
        code = error.errno or 0
        self.message = f"{what}: {_WHY.get(code) or os.strerror(code)}"
        self.transient = code in _SHORT
        super().__init__(self.message)


class Spawner:
    """Starts processes with posix_spawn, which costs less than fork the larger the tuner is.

    Every signal is at its default in the child, and none is blocked. Descriptors that the tuner itself inherited are
    kept from all its children.
    """

    def __init__(self) -> None:
        self._null = _descriptor_above_standard()
        _keep_descriptors()
        self._home: int | None = None
        with contextlib.suppress(OSError):  # a current folder that may not be read, or is gone
            self._home = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._found: dict[tuple[str, str, str], str] = {}

    def spawn(self, argv: tuple[str, ...], env: Mapping[str, str], cwd: str, stdout: int, stderr: int) -> int:
        """Start argv in the folder cwd; its pid, which is also that of its session and process group.

        Raises:
            LaunchError: the program is not found or cannot be started.
        """
        try:
            os.chdir(cwd)  # posix_spawn has no portable way to start elsewhere
        except OSError as error:
            raise LaunchError(f"the folder {cwd} cannot be entered", error) from error
        try:
            program = self._program(argv[0], env, cwd)
            actions = [
                (os.POSIX_SPAWN_DUP2, self._null, 0),
                (os.POSIX_SPAWN_DUP2, stdout, 1),
                (os.POSIX_SPAWN_DUP2, stderr, 2),
            ]
            return os.posix_spawn(
                program, argv, env, file_actions=actions, setsid=True, setsigmask=(), setsigdef=_DEFAULTS
            )
        except OSError as error:
            self._found.clear()  # what was found has moved, perhaps
            raise LaunchError(f"{argv[0]} cannot be started", error) from error
        except ValueError as error:
            raise LaunchError(f"{argv[0]} cannot be started: {error}", OSError(errno.EINVAL, "")) from error
        finally:
            if self._home is not None:
                os.fchdir(self._home)

    def _program(self, name: str, env: Mapping[str, str], cwd: str) -> str:
        """The file that a name means: looked up on the trial's own PATH, in its own folder."""
        if "/" in name:
            return name
        path = env.get("PATH", os.defpath)
        key = (name, path, cwd)
        program = self._found.get(key)
        if program is None:
            program = shutil.which(name, path=path)
            if program is None:
                raise FileNotFoundError(errno.ENOENT, f"{name} is not on the PATH")
            if len(self._found) > 1000:  # trials that each have a folder of their own
                self._found.clear()
            self._found[key] = program
        return program

    def close(self) -> None:
        """Let go of the descriptors."""
        os.close(self._null)
        if self._home is not None:
            os.close(self._home)


def _descriptor_above_standard() -> int:
    """/dev/null, with 0 to 2 surely taken: a file opened as one of them would be lost on its way into a child."""
    while (descriptor := os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) <= 2:
        os.set_inheritable(descriptor, True)
    return descriptor


def _keep_descriptors() -> None:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            for entry in list(Path(folder).iterdir()):
                with contextlib.suppress(OSError, ValueError):
                    if int(entry.name) > 2:
                        os.set_inheritable(int(entry.name), False)
            return

"""The one error boundary: from whatever a command raised to words on stderr and an exit code.

HpotuneError            its message and remedy, its own code
SystemExit              the code that was asked for
KeyboardInterrupt       130
a reader that went away 141, quietly, as if SIGPIPE had ended us
the system said no      4, in words (disk full, no permission, too many open files, ...)
anything else           3, and a crash file: it is a bug of ours
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

from hpotune.cli.crash import run_folder, write_crash_file
from hpotune.cli.streams import let_go_of_stdout
from hpotune.cli.terminal import harmless
from hpotune.errors import HpotuneError, RunError, StudyError

__all__ = ["guard", "mark", "refused", "run_folder", "tell"]

BUG = 3
INTERRUPTED = 130
READER_GONE = 141

_FULL = "make room; what was journalled before is kept, and `hpotune resume` goes on from there"
_DENIED = "give yourself the right to read and write there, or name another place"
_OPEN_FILES = "raise the limit on open files (`ulimit -n`)"
_HARDWARE = "the disk or the network file system failed: look at the system's log before you go on"
_REFUSALS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "raise the limit on file sizes (`ulimit -f`)",
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EROFS: "the file system is read-only: name another place",
    errno.EMFILE: _OPEN_FILES,
    errno.ENFILE: _OPEN_FILES,
    errno.ENAMETOOLONG: "give the study, or the folder it is in, a shorter name",
    errno.ENOTDIR: "a part of this path is a file where a folder belongs",
    errno.EISDIR: "this is a folder where a file belongs",
    errno.ELOOP: "symbolic links lead in a circle here",
    errno.EIO: _HARDWARE,
    errno.ESTALE: _HARDWARE,
    errno.ENOMEM: "the machine is out of memory",
    errno.EAGAIN: "the system's limit on processes is reached (`ulimit -u`)",
}


def guard(call: Callable[[], int]) -> int:
    """The exit code of a call, whatever it raises. Its output is flushed, so that nothing fails later."""
    try:
        code = call()
        return _flushed(code)
    except HpotuneError as error:
        tell(error)
        return error.exit_code
    except SystemExit as stop:
        return _code(stop)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        let_go_of_stdout()
        return READER_GONE
    except OSError as error:
        refusal = refused(error)
        if refusal is None:
            return _crash(error)
        tell(refusal)
        return refusal.exit_code
    except Exception as error:  # noqa: BLE001 - this is the place where nothing may go through
        return _crash(error)


def _flushed(code: int) -> int:
    """The code of a call that went through, its output flushed; a reader that went away meanwhile changes nothing."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        let_go_of_stdout()
    return code


def tell(error: HpotuneError) -> None:
    """Print an error for the user on stderr: what is wrong, and what to do next."""
    if isinstance(error, StudyError):
        text = f"{harmless(error.message)}\n"
        if len(error.problems) > 1:
            text += f"{mark('error:')} {len(error.problems)} problems in the study\n"
    else:
        text = f"{mark('error:')} {harmless(error.message)}\n"
        text += f"  {harmless(error.remedy)}\n" if error.remedy else ""
    sys.stderr.write(text)


def mark(text: str) -> str:
    """The text in red, where that can be seen and is wanted (https://no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty():
        return text
    return f"\033[1;31m{text}\033[0m"


def refused(error: OSError) -> RunError | None:
    """The system's refusal in words; None if the error is nothing that a user could have caused."""
    remedy = _REFUSALS.get(error.errno or 0)
    if remedy is None:
        return None
    reason = os.strerror(error.errno or 0)
    place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    return RunError(f"{place}{reason}", remedy)


def _code(stop: SystemExit) -> int:
    """The code of a SystemExit, flushed as a normal end would be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        let_go_of_stdout()
        return READER_GONE
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code
    sys.stderr.write(f"{stop.code}\n")
    return 1


def _crash(error: Exception) -> int:
    path: Path | None = write_crash_file(error)
    where = (
        f"the details are in {path}; please attach that file to a report" if path else "no crash file can be written"
    )
    sys.stderr.write(f"{mark('bug:')} hpotune failed ({type(error).__name__}): {where}\n")
    return BUG

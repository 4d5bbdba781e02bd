"""Attempts as they should go: what they are given, what they give back, and in which order."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_helpers import Trials, eventually

from hpotune.run import watchdog
from hpotune.run.executor import Exit, LaunchFailed, Lost, Output, Queued, Started
from hpotune.run.exits import PidfdExits, PollExits
from hpotune.run.local import LocalExecutor


@pytest.fixture(params=["pidfd", "poll"])
def trials(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trials]:
    if request.param == "poll":
        monkeypatch.setattr("hpotune.run.local.exits", PollExits)
    executor = LocalExecutor(2, token=f"test-{os.getpid()}-{tmp_path.name}", grace=0.5)
    yield Trials(tmp_path, executor)
    executor.close(0.0)


SHOW = """
import json, os, sys
print(json.dumps({
    "argv": sys.argv[1:], "cwd": os.getcwd(), "x": os.environ["X"], "session": os.getsid(0) == os.getpid(),
    "group": os.getpgrp() == os.getpid(), "stdin": sys.stdin.read(),
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
}))
print("complaint", file=sys.stderr)
with open(sys.argv[1], "w") as file:
    file.write("{}\\n")
"""


def test_what_a_trial_is_given_and_what_it_gives_back(trials: Trials) -> None:
    inside = trials.folder / "inside"
    inside.mkdir()
    leak = os.open(os.devnull, os.O_RDONLY)
    before = Path.cwd()
    odd = "a value with 'quotes', \n lines and \udcff"
    arguments = (str(trials.folder / "0.metrics"), odd)
    attempt = trials.submit(sys.executable, "-I", "-c", SHOW, *arguments, env={"X": odd}, cwd=inside)
    end = trials.end_of(attempt)
    os.close(leak)
    assert (end.code, end.signal, end.killed, end.stragglers, end.oom) == (0, None, False, 0, False)
    assert end.seconds > 0
    assert end.usage["cpu"] > 0
    shown = json.loads(trials.output(attempt).decode("utf-8", "surrogateescape"))
    assert shown["argv"] == list(arguments)
    assert shown["x"] == odd
    assert shown["cwd"] == str(inside)
    assert (shown["session"], shown["group"], shown["stdin"]) == (True, True, "")
    assert shown["descriptors"] == [0, 1, 2, 3]  # 3 lists the folder
    assert trials.output(attempt, "stderr") == b"complaint\n"
    assert trials.output(attempt, "file") == b"{}\n"
    assert (trials.folder / "0.err").read_bytes() == b"complaint\n"
    assert Path.cwd() == before


def test_signals_are_at_their_defaults(trials: Trials) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        attempt = trials.submit("grep", "-E", "Sig(Blk|Ign)", "/proc/self/status")
        trials.end_of(attempt)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        signal.signal(signal.SIGHUP, before)
    blocked, ignored = (int(line.split()[1], 16) for line in trials.output(attempt).splitlines())
    assert blocked == 0
    assert ignored & ((1 << 31) - 1) == 0  # above are those that the C library keeps to itself


def test_the_events_of_an_attempt_come_in_order(trials: Trials) -> None:
    first, second, third = (trials.submit("echo", f"loss={n}") for n in range(3))
    trials.events += trials.executor.wait(0)
    assert isinstance(trials.events[0], Started)
    trials.executor.cancel((7, 7, 7), 1.0)  # unknown: nothing happens
    attempt = trials.submit("echo", "again")
    assert trials.end_of(attempt).code == 0
    for one in (third, attempt):
        kinds = [type(event) for event in trials.events if event.id == one]
        assert kinds in ([Queued, Started, Output, Exit], [Started, Output, Exit])
    assert {event.id for event in trials.events if isinstance(event, Exit)} == {first, second, third, attempt}


def test_no_more_run_than_there_are_places(trials: Trials) -> None:
    source = "import sys, time\nprint('up', flush=True)\ntime.sleep(0.1)"
    attempts = [trials.python(source) for _ in range(7)]
    for attempt in attempts:
        assert trials.end_of(attempt).code == 0
    running = most = 0
    for event in trials.events:
        running += isinstance(event, Started) - isinstance(event, Exit)
        most = max(most, running)
    assert most == trials.executor.capacity == 2
    assert [event.id for event in trials.events if isinstance(event, Started)] == attempts


@pytest.mark.parametrize(("source", "code", "by"), [("import sys; sys.exit(3)", 3, None), ("0/0", 1, None)])
def test_exit_codes(trials: Trials, source: str, code: int, by: int | None) -> None:
    end = trials.end_of(trials.python(source))
    assert (end.code, end.signal, end.killed) == (code, by, False)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_exit_by_a_signal(trials: Trials, number: signal.Signals) -> None:
    end = trials.end_of(trials.python(f"import os; os.kill(os.getpid(), {int(number)})"))
    assert (end.code, end.signal, end.killed) == (None, number, False)


class TestLaunchFailures:
    """A command that cannot be started is the trial's failure; the executor goes on."""

    @pytest.mark.parametrize(
        ("argv", "words"),
        [
            (("no-such-program-anywhere",), "no such file"),
            (("./missing",), "no such file"),
            (("./plain",), "permission denied"),
            (("./folder",), "permission denied"),
            (("./text",), "#!"),
            (("./orphaned",), "interpreter"),
            (("echo", "x" * 3_000_000), "too long"),
            (("echo", "nul\0byte"), "null"),
        ],
    )
    def test_are_said_in_words(self, trials: Trials, argv: tuple[str, ...], words: str) -> None:
        (trials.folder / "plain").write_text("#!/bin/sh\n")
        (trials.folder / "folder").mkdir()
        for name, content in (("text", "loss=1\n"), ("orphaned", "#!/no/such/interpreter\n")):
            (trials.folder / name).write_text(content)
            (trials.folder / name).chmod(0o755)
        attempt = trials.submit(*argv)
        trials.wait_for(lambda: any(event.id == attempt for event in trials.events))
        failure = trials.events[-1]
        assert isinstance(failure, LaunchFailed)
        assert words in failure.message
        assert not failure.transient
        assert trials.end_of(trials.submit("true")).code == 0

    def test_a_folder_that_is_gone(self, trials: Trials) -> None:
        trials.submit("true", cwd=trials.folder / "gone")
        assert "gone" in str(trials.executor.wait(1)[0])
        assert trials.end_of(trials.submit("true")).code == 0

    def test_too_many_open_files_is_transient(self, trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(pid: int) -> None:
            raise OSError(24, "Too many open files")

        with monkeypatch.context() as patch:
            patch.setattr(trials.executor._exits, "add", refuse)
            trials.submit("sleep", "600")
            (failure,) = trials.executor.wait(1)
        assert isinstance(failure, LaunchFailed)
        assert failure.transient
        assert trials.end_of(trials.submit("true")).code == 0

    def test_a_program_is_looked_up_on_the_trials_own_path(self, trials: Trials) -> None:
        tool = trials.folder / "bin" / "my-trial"
        tool.parent.mkdir()
        for content, expected in (("first", b"first\n"), ("second", b"second\n")):
            tool.write_text(f"#!/bin/sh\necho {content}\n")
            tool.chmod(0o755)
            attempt = trials.submit("my-trial", env={"PATH": f"{tool.parent}:/usr/bin:/bin"})
            trials.end_of(attempt)
            assert trials.output(attempt) == expected


def test_wait_returns_at_the_timeout_and_at_a_wake(trials: Trials) -> None:
    assert trials.executor.wait(0) == []
    assert trials.executor.wait(0.01) == []
    trials.executor.wake()
    assert trials.executor.wait(None) == []  # the wake was not lost
    timer = threading.Timer(0.05, trials.executor.wake)
    timer.start()
    assert trials.executor.wait(None) == []
    timer.join()


def test_a_signal_handler_may_wake(trials: Trials) -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: trials.executor.wake())
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        assert trials.executor.wait(None) == []
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def test_an_idle_executor_does_not_spin(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = trials.submit("sleep", "600")
    trials.executor.wait(0)
    polls = []
    poll = trials.executor._exits.poll
    monkeypatch.setattr(trials.executor._exits, "poll", lambda pause: polls.append(pause) or poll(pause))
    trials.executor.wait(1.0)
    assert len(polls) < 40
    trials.executor.cancel(attempt, 0.0)
    trials.end_of(attempt)
    polls.clear()
    assert trials.executor.wait(0.2) == []
    assert len(polls) <= 2


def test_the_handle_is_what_the_system_says(trials: Trials) -> None:
    for _ in range(30):
        trials.submit("sleep", "600")
        (started,) = (event for event in trials.executor.wait(0) if isinstance(event, Started))
        state = watchdog.status(started.handle["pid"])
        assert state is not None
        assert started.handle == {"pid": state.session, "start": state.start}
        trials.executor.cancel(started.id, 0.0)
        trials.end_of(started.id)


@pytest.mark.parametrize("kind", [PidfdExits, PollExits])
def test_a_reaped_child_is_heard_of_no_more(kind: type[PidfdExits | PollExits]) -> None:
    exits = kind()
    child = os.posix_spawn("/bin/true", ["true"], {})
    exits.add(child)
    heir = os.fork()  # holds copies of all descriptors, as a child in the middle of its exec does
    if heir == 0:
        signal.pause()
    try:
        assert exits.poll(None) == ([child], False)
        assert os.waitstatus_to_exitcode(exits.reap(child)[0]) == 0
        assert exits.poll(0.0) == ([], False)
    finally:
        os.kill(heir, signal.SIGKILL)
        os.waitpid(heir, 0)
        exits.close()


def test_a_cancel_in_the_queue_ends_what_never_started(trials: Trials) -> None:
    running = [trials.submit("sleep", "600") for _ in range(2)]
    waiting = trials.submit("sleep", "600")
    trials.executor.cancel(waiting, 1.0)
    end = trials.end_of(waiting)
    assert (end.code, end.signal, end.killed) == (None, None, True)
    for attempt in running:
        trials.executor.cancel(attempt, 1.0)
        trials.end_of(attempt)


def test_nothing_is_there_to_reattach(trials: Trials) -> None:
    events = trials.executor.reattach({(1, 0, 0): {"pid": 1, "start": 1}})
    assert [type(event) for event in events] == [Lost]


def test_nothing_leaks(trials: Trials) -> None:
    def descriptors() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    trials.end_of(trials.submit("true"))
    before = descriptors()
    for _ in range(20):
        trials.end_of(trials.submit("true"))
        trials.submit("no-such-program-anywhere")
        trials.executor.wait(0)
    eventually(lambda: descriptors() == before, 1)
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert children == [str(trials.executor._guard.pid)]

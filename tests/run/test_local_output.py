"""All output arrives, in order, whatever its size and shape, and none of it in the way of anything else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_helpers import Trials

from hpotune.run.executor import Output
from hpotune.run.local import LocalExecutor
from hpotune.run.tail import PathTail, Tail


@pytest.fixture
def trials(tmp_path: Path) -> Iterator[Trials]:
    executor = LocalExecutor(2, token=f"test-{os.getpid()}-{tmp_path.name}", grace=0.5)
    yield Trials(tmp_path, executor)
    executor.close(0.0)


def test_output_comes_while_the_trial_runs(trials: Trials) -> None:
    attempt = trials.submit("sh", "-c", "echo loss=1; echo no end >&2; printf half; exec sleep 600")
    trials.wait_for_output(attempt, b"loss=1\nhalf")
    trials.wait_for(lambda: trials.output(attempt, "stderr") == b"no end\n")
    trials.executor.cancel(attempt, 5.0)
    trials.end_of(attempt)


def test_a_flood_arrives_whole_and_in_pieces(trials: Trials) -> None:
    size = 64 << 20
    flood = trials.python(f"import sys\nfor _ in range({size >> 20}): sys.stdout.write('x' * (1 << 20))")
    quiet = trials.submit("sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.05; done")
    total = 0
    ended = set()
    while ended != {flood, quiet}:
        for event in trials.executor.wait(1.0):
            if isinstance(event, Output):
                assert len(event.data) <= 1 << 20
                total += len(event.data) if event.id == flood else 0
            elif type(event).__name__ == "Exit":
                ended.add(event.id)
                assert event.id != flood or total == size
    assert total == size


def test_a_closed_stdout_is_not_the_end(trials: Trials) -> None:
    attempt = trials.python("import os, time\nos.close(1); os.close(2); time.sleep(0.3); os._exit(5)")
    assert trials.end_of(attempt).code == 5


def test_what_is_written_last_comes_before_the_exit(trials: Trials) -> None:
    source = "import os, sys\nopen(sys.argv[1], 'w').write('{}\\n')\nos.write(2, b'last')\nos.write(1, b'words')"
    for number in range(10):
        attempt = trials.python(source, str(trials.folder / f"{number}.metrics"))
        trials.end_of(attempt)
        assert trials.output(attempt) == b"words"
        assert trials.output(attempt, "stderr") == b"last"
        assert trials.output(attempt, "file") == b"{}\n"


appends = st.lists(st.binary(max_size=30), max_size=8)


@given(pieces=appends, limit=st.integers(1, 50))
def test_a_growing_file_is_read_as_it_was_written(
    pieces: list[bytes], limit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tail") / "log"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    late = PathTail(str(path.with_name("late")))
    tails = {Tail(descriptor): b"", late: b""}
    for piece in [*pieces, b""]:
        os.write(descriptor, piece)
        if piece:
            with path.with_name("late").open("ab") as file:
                file.write(piece)
        for tail in tails:
            data = tail.read(limit)
            assert len(data) <= limit
            tails[tail] += data
    for tail, begin in tails.items():
        rest = b"".join(iter(lambda tail=tail: tail.read(limit), b""))
        assert not tail.behind
        assert begin + rest == b"".join(pieces)
        tail.close()
        tail.close()


@pytest.mark.parametrize("how", ["truncate", "replace"])
@pytest.mark.parametrize("cut", [b"half", b"whole\n"])
def test_a_file_that_begins_anew_is_read_anew(tmp_path: Path, how: str, cut: bytes) -> None:
    path = tmp_path / "metrics"
    path.write_bytes(b"first\n" + cut)
    tail = PathTail(str(path))
    assert tail.read(100) == b"first\n" + cut
    if how == "truncate":
        path.write_bytes(b"new\n")
    else:
        path.rename(tmp_path / "old")
        path.write_bytes(b"new\n")
    joint = b"" if cut.endswith(b"\n") else b"\n"  # no line is made of two halves
    assert tail.read(100) == joint + b"new\n"
    assert tail.read(100) == b""
    tail.close()


def test_a_replaced_file_is_finished_first(tmp_path: Path) -> None:
    path = tmp_path / "metrics"
    path.write_bytes(b"one\n")
    tail = PathTail(str(path))
    assert tail.read(100) == b"one\n"
    with path.open("ab") as file:
        file.write(b"two\n")
    path.rename(tmp_path / "old")
    path.write_bytes(b"three\n")
    assert tail.read(100) == b"two\n"
    assert tail.behind
    assert tail.read(100) == b"three\n"
    tail.close()


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "a" / "b"):
        tail = PathTail(str(path))
        assert tail.read(10) == b""
        tail.close()

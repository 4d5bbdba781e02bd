"""The journal gives back what was written, and nothing else: cut anywhere, flipped anywhere, on a full disk."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpotune.errors import DamagedError, RunError
from hpotune.journal import JournalReader, JournalWriter, Tail, repair

EVENTS = [
    {"n": 0, "event": "study_started", "study": {"name": "naïve", "text": 'a "crc":"00000000"}\n'}},
    {"n": 1, "event": "reported", "value": 0.1, "also": {}},
    {"n": 2, "event": "job_ended", "message": "\udcff\x00\r\n\u2028"},
    {"n": 3, "event": "reported", "value": 1e-308, "crc_of_checkpoint": None},
]


def written(path: Path, events: list[dict[str, object]]) -> Path:
    with JournalWriter.create(path) as writer:
        for event in events:
            writer.append(event)
    return path


def read(path: Path) -> tuple[list[dict[str, object]], Tail]:
    reader = JournalReader(path)
    return list(reader), reader.tail


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return written(tmp_path / "journal.jsonl", EVENTS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(contents=st.lists(json_values, min_size=1, max_size=5), block=st.integers(1, 40))
def test_what_is_appended_is_read(contents: list[object], block: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("run") / "journal.jsonl"
    events = [{"n": n, "event": "e", "content": content} for n, content in enumerate(contents)]
    written(path, events)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hpotune.journal.reader._BLOCK", block)
        again, tail = read(path)
    assert again == events
    assert tail.size == path.stat().st_size
    assert (tail.n, tail.torn) == (len(events), 0)


def test_a_line_is_an_object_whose_last_key_is_the_checksum(journal: Path) -> None:
    lines = journal.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert [list(json.loads(line))[-1] for line in lines] == ["crc"] * len(EVENTS)
    assert lines[0].startswith(b'{"n":0,"event":')


def test_a_text_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with JournalWriter.create(path) as writer:
        for event in EVENTS:
            writer.append(json.dumps(event, ensure_ascii=False, separators=(",", ":")))
    assert read(path)[0] == EVENTS


def test_cut_at_every_byte(journal: Path, tmp_path: Path) -> None:
    whole = journal.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        folder = tmp_path / str(cut)
        folder.mkdir()
        path = folder / "journal.jsonl"
        path.write_bytes(whole[:cut])
        kept = sum(end <= cut for end in ends)
        if not kept:
            with pytest.raises(RunError):
                read(path)
            continue
        events, tail = read(path)
        assert events == EVENTS[:kept]
        assert (tail.n, tail.size, tail.torn) == (kept, ends[kept - 1], cut - ends[kept - 1])
        if tail.torn:
            with pytest.raises(RunError):
                JournalWriter.open(path, tail)
            piece = repair(path, tail)
            assert piece.read_bytes() == whole[tail.size : cut]
        with JournalWriter.open(path, tail._replace(torn=0)) as writer:
            for event in EVENTS[kept:]:
                writer.append(event)
        assert path.read_bytes() == whole


def test_every_flipped_byte_is_seen(journal: Path) -> None:
    whole = journal.read_bytes()
    for at in range(len(whole)):
        for flip in (1, 0x80, whole[at] ^ ord("\n")):
            journal.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            reader = JournalReader(journal)
            events, error = until_error(reader)
            assert events == EVENTS[: len(events)]
            if flip and error is None:  # only the last line end can go without damage: it makes the line a torn one
                assert at == len(whole) - 1
                assert reader.tail.torn
            assert len(events) < len(EVENTS) or not flip
            if error is not None:
                assert isinstance(error, DamagedError) == (at >= len('{"n":0,'))
                assert at < 7 or f":{whole[:at].count(10) + 1}:" in str(error)


def until_error(reader: JournalReader) -> tuple[list[dict[str, object]], RunError | None]:
    events = []
    try:
        for event in reader:
            events.append(event)  # noqa: PERF402 - what came before the damage counts
    except RunError as error:
        return events, error
    return events, None


@pytest.mark.parametrize("change", ["drop", "double", "swap"])
def test_lines_that_are_missing_doubled_or_moved_are_damage(journal: Path, change: str) -> None:
    a, b, c, d = journal.read_bytes().splitlines(keepends=True)
    lines = {"drop": [a, c, d], "double": [a, b, b, c, d], "swap": [a, c, b, d]}[change]
    journal.write_bytes(b"".join(lines))
    with pytest.raises(DamagedError, match=r":3:" if change == "double" else r":2:"):
        read(journal)
    assert journal.read_bytes() == b"".join(lines)


def test_a_right_checksum_does_not_make_a_wrong_number_right(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", [{"n": 0, "event": "a"}, {"n": 2, "event": "b"}])
    with pytest.raises(DamagedError, match=r":2:"):
        read(path)


def test_reading_goes_on_where_it_ended(journal: Path) -> None:
    _, tail = read(journal)
    with JournalWriter.open(journal, tail) as writer:
        writer.append({"n": 4, "event": "more"})
        assert writer.tail.n == 5
    assert list(JournalReader(journal, after=tail)) == [{"n": 4, "event": "more"}]


def test_a_number_that_is_not_finite_is_a_bug_of_the_caller(tmp_path: Path) -> None:
    writer = JournalWriter.create(tmp_path / "journal.jsonl")
    with pytest.raises(ValueError, match="JSON"):
        writer.append({"n": 0, "value": float("nan")})
    writer.append({"n": 0, "event": "after"})
    writer.close()
    assert read(writer.path)[0] == [{"n": 0, "event": "after"}]


def test_a_new_journal_is_never_seen_without_a_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    writer = JournalWriter.create(path)
    writer.append({"n": 0, "event": "a"})
    writer.write()
    assert not path.exists()
    writer.flush()
    assert read(path)[0] == [{"n": 0, "event": "a"}]
    writer.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["journal.jsonl"]
    with pytest.raises(RunError, match="exists already"):
        JournalWriter.create(path)


def test_the_umask_decides_who_may_read(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = written(tmp_path / "journal.jsonl", EVENTS)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_torn_piece_never_overwrites_an_earlier_one(journal: Path) -> None:
    for number in (1, 2, 3):
        with journal.open("ab") as file:
            file.write(b"piece %d" % number)
        kept = repair(journal, read(journal)[1])
        assert kept.name == f"journal.torn-{number}"
        assert kept.read_bytes() == b"piece %d" % number
    with pytest.raises(RunError, match="changed"):
        repair(journal, read(journal)[1]._replace(torn=3))


class TestFailingDisk:
    """A failed write or flush is fatal and said in words; what was flushed before stays readable."""

    @pytest.mark.parametrize("call", ["write", "fdatasync"])
    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
    def test_is_fatal_and_never_tried_again(
        self, journal: Path, call: str, code: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, tail = read(journal)
        writer = JournalWriter.open(journal, tail)
        writer.append({"n": 4, "event": "lost"})

        def fail(*arguments: object) -> int:
            raise OSError(code, os.strerror(code))

        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            with pytest.raises(RunError, match=os.strerror(code)) as caught:
                writer.flush()
            assert caught.value.remedy
        for again in (writer.flush, writer.write, lambda: writer.append({"n": 5})):
            with pytest.raises(RunError):
                again()
        writer.close()
        assert read(journal)[0][:4] == EVENTS

    def test_a_short_write_is_completed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write = os.write
        monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data)[:3]))
        assert read(written(tmp_path / "journal.jsonl", EVENTS))[0] == EVENTS

    def test_a_limit_on_file_sizes(self, journal: Path) -> None:
        resource = pytest.importorskip("resource")
        _, tail = read(journal)
        writer = JournalWriter.open(journal, tail)
        writer.append({"n": 4, "event": "too much", "text": "x" * 100})
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (tail.size + 20, hard))
        try:
            with pytest.raises(RunError, match="ulimit"):
                writer.flush()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            writer.close()
        events, torn = read(journal)
        assert events == EVENTS
        assert torn.torn == 20


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"", "no whole line"),
        (b"folder", "directory"),
        (b"name: a study\n", "not a journal"),
        (b"\x7fELF\x00\n\xff", "not a journal"),
        (b'{"n":0,"event":"study_st', "no whole line"),
    ],
)
def test_what_is_no_journal_is_said_in_words(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "journal.jsonl"
    if content == b"folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(RunError, match=words) as caught:
        read(path)
    assert caught.value.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission_is_said_in_words(journal: Path) -> None:
    journal.chmod(0)
    with pytest.raises(RunError, match="Permission"):
        read(journal)

"""The splitter: what comes out depends on the bytes, never on where they were cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpotune.protocol import LineSplitter, lines

PIECES = st.sampled_from(
    [
        b"loss=1",
        b"Loss",
        b"x" * 30,
        b"\n",
        b"\r",
        b"\r\n",
        b"\b",
        b" ",
        b"\x1b[31m",
        b"\x1b[2K",
        b"\x1b]0;title\x07",
        b"\x1b",
        b"\xff\xfe",
        "é…".encode(),
        b"lo\x1b[0mss",
    ]
)
OUTPUTS = st.lists(PIECES, max_size=40).map(b"".join)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits so small that generated outputs meet them."""
    monkeypatch.setattr(lines, "LONGEST", 64)
    monkeypatch.setattr(lines, "WHOLE", 100)
    monkeypatch.setattr(lines, "WINDOW", 50)


def split(output: bytes, cuts: list[int], needle: bytes = b"") -> list[str]:
    splitter = LineSplitter(needle)
    found = []
    edges = [0, *sorted(cut % (len(output) + 1) for cut in cuts), len(output)]
    for start, end in pairwise(edges):
        found += splitter.feed(output[start:end])
    return found + splitter.close()


@given(output=OUTPUTS, cuts=st.lists(st.integers(0, 10_000), max_size=20), needle=st.sampled_from([b"", b"loss"]))
def test_cuts_change_nothing(output: bytes, cuts: list[int], needle: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "LONGEST", 64)
        patch.setattr(lines, "WHOLE", 100)
        patch.setattr(lines, "WINDOW", 50)
        whole = split(output, [], needle)
        assert split(output, cuts, needle) == whole
        assert split(output, list(range(len(output))), needle) == whole


@given(output=OUTPUTS, cuts=st.lists(st.integers(0, 10_000), max_size=5))
def test_no_line_with_the_needle_is_passed_over(output: bytes, cuts: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "WHOLE", 1)
        patch.setattr(lines, "WINDOW", 1)
        everything = [line for line in split(output, cuts) if "loss" in line.lower()]
        assert [line for line in split(output, cuts, b"loss") if "loss" in line.lower()] == everything


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\b\x1b", exclude_categories=["Cs"])), max_size=10))
def test_plain_text_comes_out_as_it_went_in(texts: list[str]) -> None:
    assert split("\n".join(texts).encode(), []) == [text for text in texts if text and not text.isspace()]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"a\r\nb\rc\n\n  \nd", ["a", "b", "c", "d"]),
        (b"12/12 - loss: 0.5\b\b\b\b\b\rnext", ["12/12 - loss: 0.5", "next"]),
        (b"\x1b[1;31mloss\x1b[0m=\x1b[38;5;12m0.5\x1b[0m\n", ["loss=0.5"]),
        (b"\x1b]0;epoch 3\x07loss=1\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", ["loss=1link"]),
        (b"\x1b(Bplain\x1b[?25l\x1b7", ["plain"]),
        (b"\xe9t\xe9 loss=1\n", ["\ufffdt\ufffd loss=1"]),
        (b"cut \xc3\nnext", ["cut \ufffd", "next"]),
        (b"", []),
    ],
)
def test_what_terminals_show_is_what_is_read(output: bytes, expected: list[str]) -> None:
    assert split(output, []) == expected


@pytest.mark.usefixtures("small")
def test_a_line_too_long_keeps_its_ends_and_gives_nothing_at_the_joint() -> None:
    line = b"start loss=1" + b"2" * 100 + b"val_loss=7 end"
    [text] = split(line, list(range(len(line))))
    assert text == line[:32].decode() + "_…_" + line[-32:].decode()


def test_output_without_end_takes_bounded_memory() -> None:
    splitter = LineSplitter()
    for _ in range(64):
        assert splitter.feed(b"x" * (1 << 18)) == []
        assert len(splitter._rest) <= 2 * lines.LONGEST
    [line] = splitter.close()
    assert len(line) == lines.LONGEST + 3


@pytest.mark.usefixtures("small")
def test_the_first_and_the_last_lines_are_given_even_without_the_needle() -> None:
    output = b"".join(b"line %03d\n" % n for n in range(100))
    output = output.replace(b"050", b"LOSS")
    given_lines = split(output, [], b"loss")
    assert given_lines[:12] == [f"line {n:03d}" for n in range(12)]
    assert given_lines[12] == "line LOSS"
    assert given_lines[13:] == [f"line {n:03d}" for n in range(95, 100)]

"""Trial output: any bytes, cut anywhere, give the same reports, and never an error.

The first byte of an input chooses one of the settings below, the second the sources and rungs of the intake; the rest
is the output. Under `small` the splitter's bounds are a few bytes instead of a MiB, so that a short input reaches them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from zlib import crc32

from fuzzing.target import Target, must
from hpotune.protocol import (
    Entry,
    Found,
    Intake,
    IntakeSettings,
    LineSplitter,
    MetricReader,
    NearMisses,
    budget_keys,
    lines,
)

_OTHERS, _LONGEST_KEY = 32, 100


@dataclass(frozen=True)
class _Setting:
    name: str
    keys: tuple[str, ...] = ()
    pattern: str | None = None
    small: bool = False


_SETTINGS = (
    _Setting("loss"),
    _Setting("loss", budget_keys("epochs", None)),
    _Setting("loss", budget_keys("epochs", None), small=True),
    _Setting("val.acc@1", ("step",)),
    _Setting("précision", ("é",), small=True),
    _Setting("(", ("*",)),
    _Setting("loss", ("loss",)),
    _Setting("loss", ("epoch",), r"(?P<budget>\d{1,20})?.{0,9}loss is (?P<value>\S+)"),
    _Setting("loss", ("epoch",), r"loss", small=True),
    _Setting("x", ("epoch",), r"(a)|(b)"),
)
_INTAKES = (
    IntakeSettings(),
    IntakeSettings(first=0, rungs=(1, 3, 9), max_full=3),
    IntakeSettings(previous_budget=3, rungs=(9,), goal_sign=-1, max_full=1),
    IntakeSettings(source="stdout", zero_based=True, rungs=(0.5, 1.5), max_full=2),
    IntakeSettings(source="file"),
)
_SEEDS = (
    b"epoch=1 loss=0.5\nepoch=2 loss=0.4\nepoch=3 loss=nan\nepoch=4 loss=-inf\n",
    b'{"epoch": 3, "loss": 0.91, "lr": 1e-3, "nested": {"loss": 1}}\n{"loss": "nan", "epoch": 4}\n{"loss": 1e999}',
    b"Epoch 3/10 - val_loss: 0.1 - loss: 0.25, acc: 93%\r 10%|###  | loss=.5\x1b[0m\r\n",
    b"{'loss': 0.5, 'epoch': 1}\n\x1b[32mloss\x1b[0m = +1.5e-3\xc2\xb10.1\nLoss: 0.3\n",
    "val.acc@1: 0.75 step 12\nprécision=0,5 é=2\nprécision: 1 é: 3\n(=1 *=2".encode(),
    b"17 steps: loss is 0.25 and more\nloss is tensor(0.5)\nloss is 93%\na b a\n",
    b"epoch: 0.0 loss=1\nepoch: 0.02 loss=0.9\nepoch: 0.5 loss=0.8\nepoch: 2 loss=0.7\nepoch: 9 loss=2\n",
    b"\n".join(b"epoch=%d loss=%d" % (n, 40 - n % 7) for n in range(40)),
    b"loss=1 " + b" ".join(b"k%d=%d" % (n, n) for n in range(40)),
)
_TOKENS = (
    b"loss", b"loss=", b"loss: ", b"val_loss=", b'"loss"', b"epoch", b"epochs", b"epoch=", b"Epoch 3/10", b"step",
    b"=", b":", b"{", b"}", b'{"loss": ', b'"epoch": ', b"[", b"]", b",", b"'", b'"', b"%", b"/", b"\r", b"\n", b"\b",
    b" ", b"\x1b", b"\x1b[", b"\x1b]", b"\x1b\\", b"\x07", b"\x1b[38;5;1m", b"_", b".", b"-", b"+", b"loss is ",
    b"val.acc@1", "précision".encode(), "é".encode(), b"(", b"*", b"a", b"nan", b"inf", b"tensor(", b"1,234.5",
    b"12:30", b"1-2", b"=" * 50, b" " * 50, b"[" * 500, b'{"a":' * 100, "\u2026".encode(), "\u00b1".encode(),
    b"loss=1\n" * 5,
)  # fmt: skip


def _check(data: bytes) -> bool:
    head, output = (data[:2] + b"\0\0")[:2], data[2:]
    setting = _SETTINGS[head[0] % len(_SETTINGS)]
    intake = _INTAKES[head[1] % len(_INTAKES)]
    rng = Random(crc32(data))
    with _bounds(setting.small):
        reader = MetricReader(setting.name, setting.keys, setting.pattern)
        whole = _lines(reader.needle, [output])
        found = [reader.read(line) for line in whole]
        must(_lines(reader.needle, list(_pieces(output, rng))) == whole, "lines do not depend on where bytes are cut")
        if len(output) < 300:
            single = [output[at : at + 1] for at in range(len(output))]
            must(_lines(reader.needle, single) == whole, "lines do not depend on being fed byte by byte")
        reports = [each for each in found if each is not None]
        if reader.needle:
            every = [reader.read(line) for line in _lines(b"", [output])]
            must(repr([each for each in every if each is not None]) == repr(reports), "the needle loses nothing")
    for line, each in zip(whole, found, strict=True):
        if each is not None:
            _check_found(each, line, setting)
    _check_near(reader, [line for line, each in zip(whole, found, strict=True) if each is None])
    _check_entries(reports, intake, rng)
    return bool(reports)


@contextmanager
def _bounds(small: bool) -> Iterator[None]:  # noqa: FBT001
    """The splitter's bounds, made small."""
    if not small:
        yield
        return
    before = lines.LONGEST, lines.WHOLE, lines.WINDOW
    lines.LONGEST, lines.WHOLE, lines.WINDOW = 32, 48, 24
    try:
        yield
    finally:
        lines.LONGEST, lines.WHOLE, lines.WINDOW = before


def _lines(needle: bytes, pieces: Sequence[bytes]) -> list[str]:
    splitter = LineSplitter(needle)
    given = [line for piece in pieces for line in splitter.feed(piece)]
    return given + splitter.close()


def _pieces(output: bytes, rng: Random) -> Iterator[bytes]:
    at = 0
    most = rng.choice((3, 30, 300))
    while at < len(output):
        size = rng.randint(0, most)
        yield output[at : at + size]
        at += size


def _check_found(found: Found, line: str, setting: _Setting) -> None:
    must(type(found.value) is float, "a value is a float")
    must(found.budget is None or abs(found.budget) < float("inf"), "a budget is finite")
    must(len(found.also) <= _OTHERS, "few other numbers are kept")
    for key, number in found.also.items():
        must(type(number) is float and len(key) <= _LONGEST_KEY, "other numbers are floats under short names")
        must(key != setting.name and key not in setting.keys, "other numbers are others")
    if setting.pattern is None and not line.strip().startswith("{"):
        alone = rf"(?<![A-Za-z0-9_./-]){re.escape(setting.name)}"
        must(re.search(alone, line) is not None, "the name stands alone")


def _check_near(reader: MetricReader, others: Sequence[str]) -> None:
    near = NearMisses(reader)
    for line in others:
        near.look(line)
    nearest = near.nearest()
    must(len(nearest) <= 3 and all(len(line) < 1000 for line in nearest), "the nearest lines are few and short")


def _check_entries(reports: Sequence[Found], settings: IntakeSettings, rng: Random) -> None:
    intake = Intake(settings)
    entries: list[Entry] = []
    for found in reports:
        entries += intake.take(rng.choice(("file", "stdout", "stderr", "stdout", "stdout")), found)
    entries += intake.close()
    notes = intake.notes.as_dict()
    counted = sum(
        int(notes.get(name, 0)) for name in ("repeated", "duplicates", "backwards", "other_channel", "thinned")
    )
    must(len(entries) + counted == len(reports), "every report enters or is counted")
    budgets = [entry.budget for entry in entries if entry.budget is not None]
    must(all(a < b for a, b in pairwise(budgets)), "budgets only rise")


TARGET = Target(
    name="metrics",
    check=_check,
    seeds=[bytes([n % len(_SETTINGS), m]) + seed for n, seed in enumerate(_SEEDS * 2) for m in range(len(_INTAKES))],
    tokens=_TOKENS,
    files=[f"/hpotune/protocol/{name}.py" for name in ("intake", "lines", "metrics", "near")],
    share=0.2,
    traced=12,
    seconds=1.0,
    longest=3000,
)

"""The lines that came nearest: the user is shown the likeliest mistake first, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpotune.protocol import MetricReader, NearMisses


def near_misses(lines: list[str], pattern: str | None = None) -> NearMisses:
    near = NearMisses(MetricReader("val_accuracy", ("epoch",), pattern))
    for line in lines:
        near.look(line)
    return near


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("val_accuracy: 93.1%", "a number with % is not read"),
        ("val_accuracy = 93.1 %", "a number with % is not read"),
        ("val_accuracy=93/100", "a fraction such as `93/100`"),
        ("val_accuracy=0,93", "a number with a comma"),
        ("val_accuracy 0.93", "write `val_accuracy=`"),
        ("val_accuracy: tensor(0.93)", "float(x)"),
        ("val_accuracy=np.float64(0.93)", ".item()"),
        ('{"a": {"val_accuracy": 0.93}}', "at the top of this JSON object"),
        ("Val_Accuracy=0.93", "upper and lower case count"),
        ("val_acc=0.93", "`val_acc` is not `val_accuracy`"),
        ('{"validation_accuracy": 0.93}', "`validation_accuracy` is not `val_accuracy`"),
        ("val-accuracy=0.93", "`val-accuracy` is not `val_accuracy`"),
    ],
)
def test_the_reason_is_told(line: str, hint: str) -> None:
    [shown] = near_misses(["Loading the data", line, "Done."]).nearest()
    assert shown.startswith(f"{line}   (")
    assert hint in shown


def test_the_reason_is_told_where_there_is_a_pattern() -> None:
    near = near_misses(["accuracy: n/a", "val_accuracy=0.9"], r"accuracy: (\S+)")
    assert near.nearest() == [
        "accuracy: n/a   (the pattern catches 'n/a', which is no number)",
        "val_accuracy=0.9   (`metric.pattern` does not match this line)",
    ]


def test_the_nearest_come_first_and_one_of_a_shape_is_enough() -> None:
    lines = [f"step={n} loss={n / 10}" for n in range(100)]
    lines += [f"epoch={n} test_accuracy=0.{n}" for n in range(100)]
    shown = near_misses([lines[0], "val_accuracy: 91%", *lines]).nearest()
    assert [line.split("   ")[0] for line in shown] == [
        "val_accuracy: 91%",
        "epoch=99 test_accuracy=0.99",
        "step=99 loss=9.9",
    ]


def test_the_last_line_of_a_long_output_is_looked_at() -> None:
    near = near_misses(["nothing here"] * 20_001 + ["val_accuracy is 0.9"])
    assert near.nearest() == ["val_accuracy is 0.9   (no number follows the name)"]


@given(st.lists(st.text(max_size=300), max_size=50))
def test_memory_is_bounded_and_nothing_breaks_it(lines: list[str]) -> None:
    near = near_misses(lines)
    assert len(near.nearest(3)) <= 3
    assert all(len(line) <= 200 for kept in near._kept.values() for line, _ in kept.values())
    assert all(len(kept) <= 8 for kept in near._kept.values())


def test_nothing_near_is_nothing() -> None:
    assert near_misses(["Hello", "Done."]).nearest() == []

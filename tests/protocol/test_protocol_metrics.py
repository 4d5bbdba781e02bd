"""The reader: every number printed in a form it knows is found back exactly, and nothing else is taken for one."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpotune.protocol import Found, MetricReader, budget_keys

READER = MetricReader("val_accuracy", budget_keys("epochs", None))
NUMBERS = st.floats()
FINITE = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.from_regex(r"[A-Za-z_][\w./@ -]{0,10}[\w]", fullmatch=True).filter(lambda name: name == name.strip())
FORMS = {
    "equals": "{name}={number!r}",
    "spaced": "{name} = {number!r}",
    "colon": "{name}: {number!r}",
    "tight colon": "{name}:{number!r}",
    "dict": "{{'{name}': {number!r}, 'other': 3}}",
    "quoted": "{{'{name}': '{number!r}'}}",
    "in a sentence": "INFO: now {name}={number!r}, which is fine",
    "in brackets": "[{name}: {number!r}] (lr=0.1)",
    "end of a sentence": "We got {name}={number!r}.",
    "table": "| {name} = {number!r} | lr = 0.1 |",
}


def same(one: float, other: float) -> bool:
    """Equal to the bit, but for the many kinds of nan."""
    return (math.isnan(one) and math.isnan(other)) or struct.pack("d", one) == struct.pack("d", other)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@given(name=NAMES, number=NUMBERS)
def test_every_number_in_every_form_is_found_back(form: str, name: str, number: float) -> None:
    found = MetricReader(name).read(form.format(name=name, number=number))
    assert found is not None
    assert same(found.value, number)


@given(name=st.text(min_size=1, max_size=10), number=NUMBERS, ascii_only=st.booleans(), budget=st.integers(0, 10**9))
def test_every_number_in_json_is_found_back(name: str, number: float, ascii_only: bool, budget: int) -> None:
    line = json.dumps({"a": 1, name: number, "the budget": budget}, ensure_ascii=ascii_only)
    found = MetricReader(name, ("the budget",)).read(f" {line}\t")
    assert found is not None
    assert same(found.value, number)
    assert name == "the budget" or found.budget == budget


@given(st.integers(-(10**400), 10**400))
def test_integers_of_any_size_are_read(number: int) -> None:
    expected = float(str(number))  # inf where it is too large
    for line in (f"val_accuracy={number}", json.dumps({"val_accuracy": number})):
        found = READER.read(line)
        assert found is not None
        assert found.value == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+.5", 0.5),
        ("-5.", -5.0),
        ("1e-3", 0.001),
        ("1E+3;", 1000.0),
        ("007", 7.0),
        ("nan", math.nan),
        ("NaN", math.nan),
        ("-inf", -math.inf),
        ("Infinity", math.inf),
        ("INF)", math.inf),
        ("0.93±0.01", 0.93),
        ("0.93 +/- 0.01", 0.93),
        ("0.93, then", 0.93),
        ("0.93. Then", 0.93),
        ("'0.93'", 0.93),
        ("0.93:", 0.93),
        ("0.93 of 1", 0.93),
        ("0.93 / best 0.95", 0.93),
        ("0.93 - loss: 0.1", 0.93),
        ("0.93-", 0.93),
        ("0.93|", 0.93),
    ],
)
def test_numbers(text: str, value: float) -> None:
    found = READER.read(f"val_accuracy={text}")
    assert found is not None
    assert same(found.value, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "good",
        "nano",
        "information",
        "0.93%",
        "93 %",
        "5.%",
        "0.93abc",
        "0x1F",
        "1e",
        "1e-",
        "1_000",
        "0.93/1.0",
        "93 / 100",
        "1,234.5",
        "0,93",
        "1.2.3",
        "0.9...",
        "0.9…",
        "12:30",
        "0.93-0.95",
        "1+2j",
        "2*3",
        "2^3",
        "tensor(0.93)",
        "[0.93]",
        "--1",
        ".",
        "'0.93%'",
        "= 0.93",
        "٣",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert READER.read(f"val_accuracy={text}") is None
    assert READER.read(f"val_accuracy: {text}") is None


@pytest.mark.parametrize("value", [None, True, [0.9], {"top1": 0.9}, "", "good", "93%", "0.9 or so"])
def test_what_is_no_number_in_json(value: object) -> None:
    assert READER.read(json.dumps({"val_accuracy": value})) is None


@pytest.mark.parametrize("before", ["x", "9", "_", ".", "/", "-", "é"])
def test_the_name_stands_alone(before: str) -> None:
    assert READER.read(f"{before}val_accuracy=0.9") is None
    assert READER.read(f"val_accuracy{before}=0.9") is None


@pytest.mark.parametrize("before", ["", " ", "(", "[", "'", '"', ",", "|", ":", "\t"])
def test_punctuation_before_the_name_is_fine(before: str) -> None:
    assert READER.read(f"{before}val_accuracy=0.9") == Found(0.9, None, {})


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("val_accuracy=0.1 val_accuracy=0.2 loss=3", Found(0.2, None, {"loss": 3.0})),
        ("epoch=3 loss: .5, val_accuracy=0.9 lr=nan%", Found(0.9, 3, {"loss": 0.5})),
        ("epochs=4 epoch=3 val_accuracy=0.9", Found(0.9, 4, {})),
        ("epoch=1.0 val_accuracy=0.9", Found(0.9, 1.0, {})),
        ("epoch=nan val_accuracy=0.9", Found(0.9, None, {})),
        ("Epoch 3/10 - loss: 0.5 - val_accuracy: 0.9", Found(0.9, 3, {"loss": 0.5})),
        ("[EPOCH 03] val_accuracy: 0.9", Found(0.9, 3, {})),
        ("Epoch: [3][10/90] val_accuracy: 0.9", Found(0.9, 3, {})),
        ("epoch: 3/10 val_accuracy: 0.9", Found(0.9, 3, {})),
        ("Epoch #3: val_accuracy: 0.9", Found(0.9, 3, {})),
        ("epoch 50% val_accuracy: 0.9", Found(0.9, None, {})),
        ("per-epoch 3 val_accuracy: 0.9", Found(0.9, None, {})),
        ('{"epoch": 3, "val_accuracy": "0.9", "lr": "1e-3", "tag": "x"}', Found(0.9, 3, {"lr": 0.001})),
        ('{"val_accuracy": 0.1, "val_accuracy": 0.2}', Found(0.2, None, {})),
        ('INFO {"epoch": 3, "val_accuracy": 0.9}', Found(0.9, 3, {})),
        ('{"train": {"val_accuracy": 0.9}}', None),
        ('{"epoch": 3, "val_accuracy": 0.9', Found(0.9, 3, {})),  # not JSON, but still name: value
        ('["val_accuracy", 0.9]', None),
        ("{" * 10_000 + "}", None),
        ("", None),
    ],
)
def test_lines(line: str, found: Found | None) -> None:
    assert READER.read(line) == found


def test_a_budget_is_an_int_only_if_it_is_written_as_one() -> None:
    budgets = [READER.read(f"epoch={text} val_accuracy=1") for text in ("0", "0.0", "3")]
    assert [type(found.budget) for found in budgets if found] == [int, float, int]


def test_other_numbers_are_kept_up_to_a_bound() -> None:
    many = " ".join(f"k{n}={n}" for n in range(100))
    found = READER.read(f"{many} {'k' * 101}=1 val_accuracy=1")
    assert found is not None
    assert found.also == {f"k{n}": float(n) for n in range(32)}


@pytest.mark.parametrize(
    ("pattern", "line", "found"),
    [
        (r"acc(?:uracy)? of ([\d.]+)%", "accuracy of 93.1%", Found(93.1, None, {})),
        (r"(?P<budget>\d+): .* (?P<value>\S+)$", "7: so far 0.5", Found(0.5, 7, {})),
        (r"(?P<budget>\d+): (\S+)", "7: 0.5 loss=1", Found(0.5, 7, {"loss": 1.0})),
        (r"(?P<budget>x)?acc (\S+)", "acc 0.5 epoch=3", Found(0.5, None, {})),
        (r"acc (\S+)", "acc 0.1 acc 0.2 epoch=3", Found(0.2, 3, {})),
        (r"acc (\S+)", "acc good", None),
        (r"acc (\S+)", "val_accuracy=0.9", None),
        (r"acc (\S+)", '{"val_accuracy": 0.9}', Found(0.9, None, {})),  # what hpotune.trial writes
        (r'"val_accuracy": "([\d.]+)%', '{"val_accuracy": "93%"}', Found(93.0, None, {})),
        (r"[\d.]+", "0.5", Found(0.5, None, {})),
        (r"acc( \d+)?", "acc", None),
    ],
)
def test_patterns(pattern: str, line: str, found: Found | None) -> None:
    assert MetricReader("val_accuracy", ("epoch",), pattern).read(line) == found


def test_a_pattern_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no regular expression"):
        MetricReader("x", (), "(")


@given(name=NAMES, line=st.text(max_size=30), number=FINITE)
def test_every_line_that_gives_the_metric_holds_the_needle(name: str, line: str, number: float) -> None:
    reader = MetricReader(name)
    for each in (line, f"{line} {name}={number}", json.dumps({name: number})):
        assert reader.read(each) is None or reader.needle in each.lower().encode("utf-8", "replace")


@given(st.text())
def test_no_line_breaks_the_reader(line: str) -> None:
    found = READER.read(line)
    assert found is None or isinstance(found.value, float)


HOSTILE = [
    "val_accuracy=" + "1" * 300_000 + "x",
    "val_accuracy" + " " * 300_000,
    "a=" * 150_000 + " val_accuracy",
    "a" * 300_000 + " val_accuracy",
    "1." * 150_000 + "val_accuracy=1e",
    "val_accuracy=1" + "\t" * 300_000 + "x",
    "epoch" + " " * 300_000 + "val_accuracy=1",
    '{"val_accuracy":' + "[" * 300_000 + "}",
    "val_accuracy='" * 20_000,
]


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines_end(line: str) -> None:
    """With a quadratic reader each of these would take minutes."""
    READER.read(line)


@pytest.mark.parametrize(
    ("name", "key", "keys"),
    [
        ("epochs", None, ("epochs", "epoch")),
        ("epoch", None, ("epoch",)),
        ("batches", None, ("batches", "batch")),
        ("boxes", None, ("boxes", "box")),
        ("entries", None, ("entries", "entry")),
        ("passes", None, ("passes", "pass")),
        ("mass", None, ("mass",)),
        ("trees", None, ("trees", "tree")),
        ("epochs", "step", ("step",)),
        ("s", None, ("s",)),
    ],
)
def test_budget_keys(name: str, key: str | None, keys: tuple[str, ...]) -> None:
    assert budget_keys(name, key) == keys

"""The sentences of a scheduler's decisions, one for each rule."""

from __future__ import annotations

from typing import Any

import pytest
from histories import Tale

from hpotune import events as ev
from hpotune.summary import ruling_words
from hpotune.summary.ruling_words import wanted_words

PLACE = {"rule": "rung", "rung": 1, "at": 3, "rank": 2, "of": 12, "quota": 4, "cutoff": 0.31, "value": 0.29}
HALF = {**PLACE, "bracket": 0}
LOST = {"rule": "rung", "rung": 0, "at": 1, "rank": 9, "of": 9, "quota": 3, "cutoff": 0.31}
KEPT = {"rule": "checkpoints", "rung": 0, "at": 1, "rank": 9, "of": 9, "quota": 8, "value": 0.5}
LAST = {"rule": "last_chance", "rung": 0, "at": 1, "rank": 1, "of": 2, "quota": 0, "value": 0.5}
MEDIAN = {"rule": "median", "at": 9, "of": 12, "cutoff": 0.41, "value": 0.52}
UPPER = {**MEDIAN, "rule": "percentile", "percentile": 75.0}

SENTENCES: list[tuple[ev.Event, str]] = [
    (
        ev.TrialPromoted(0, 9, PLACE, 0),
        "promoted to 9 epochs: rank 2 of 12 at 3 epochs, 4 of them go on (loss 0.29, cut-off 0.31)",
    ),
    (
        ev.TrialPromoted(0, 3, {**PLACE, "at": 1, "quota": 1, "rank": 1}, 0),
        "promoted to 3 epochs: rank 1 of 12 at 1 epoch, 1 of them goes on (loss 0.29, cut-off 0.31)",
    ),
    (
        ev.TrialPromoted(0, 3, LAST, 0),
        (
            "promoted to 3 epochs: nothing else is left to do and no trial has been trained in full: "
            "the best that waits at 1 epoch, rank 1 of 2 (loss 0.5)"
        ),
    ),
    (
        ev.TrialPaused(0, PLACE, 0),
        "paused: rank 2 of 12 at 3 epochs so far, 4 of them go on (loss 0.29, cut-off 0.31)",
    ),
    (ev.TrialPaused(0, HALF, 0), "paused: rank 2 of 12 at 3 epochs so far, 4 go on in the end (loss 0.29)"),
    (
        ev.TrialPaused(0, {"rule": "rung", "rung": 0, "at": 1, "rank": 1, "of": 1, "quota": 0}, 0),
        "paused: rank 1 of 1 at 1 epoch so far, too few for any to go on (no finite value)",
    ),
    (
        ev.TrialStopped(0, {**PLACE, "rank": 9, "at": 27}, 0),
        "stopped early: rank 9 of 12 at 27 epochs, the best 4 go on (loss 0.29, cut-off 0.31)",
    ),
    (
        ev.TrialStopped(0, LOST, 0),
        "stopped early: rank 9 of 9 at 1 epoch, the best 3 go on (no finite value, cut-off 0.31)",
    ),
    (
        ev.TrialStopped(0, MEDIAN, 0),
        "stopped early: its best loss up to 9 epochs, 0.52, is worse than the median of the means of 12 others, 0.41",
    ),
    (
        ev.TrialStopped(0, UPPER, 0),
        (
            "stopped early: its best loss up to 9 epochs, 0.52, is worse than the 75th percentile of the means of 12 "
            "others, 0.41"
        ),
    ),
    (ev.TrialStopped(0, {"rule": "target"}, 0), "stopped early: the target is reached"),
    (
        ev.CheckpointDropped(0, {**PLACE, "rank": 9}, 0),
        (
            "its checkpoint was deleted: rank 9 of 12 at 3 epochs, and no more than the best 4 can go on "
            "(loss 0.29, cut-off 0.31)"
        ),
    ),
    (ev.CheckpointDropped(0, LOST, 0), "its checkpoint was deleted: its loss at 1 epoch is not finite"),
    (
        ev.CheckpointDropped(0, KEPT, 0),
        "its checkpoint was deleted: number 9 of the 9 that wait at 1 epoch, and 8 are kept (loss 0.5)",
    ),
    (ev.TrialPaused(0, {}, 0), "paused"),
    (ev.TrialPaused(0, {"rule": "rung", "rank": 4}, 0), "paused: rung (rank=4)"),
    (ev.TrialStopped(0, {"rule": "magic", "n": 3}, 0), "stopped early: magic (n=3)"),
    (ev.TrialPromoted(0, 9, {"rank": 1}, 0), "promoted to 9 epochs: rank=1"),
    (ev.TrialStopped(0, {"rule": "a\x1b"}, 0), "stopped early: a\\x1b"),
]


def tale() -> Tale:
    return Tale(budget={"name": "epochs", "max": 81}, metric={"name": "loss", "goal": "minimize"})


@pytest.mark.parametrize(("event", "sentence"), SENTENCES)
def test_the_sentence_of_a_decision(event: Any, sentence: str) -> None:
    assert ruling_words(event, tale().history) == sentence


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ({"bracket": 2, "rung": 0}, "the scheduler wanted it for bracket 2, first trained to 3 epochs"),
        ({"rung": 0}, "the scheduler wanted it for the lowest rung, first trained to 3 epochs"),
        ({"bracket": 2}, "the scheduler wanted it: bracket=2"),
        ({"rung": 0, "more": 1}, "the scheduler wanted it: rung=0 more=1"),
    ],
)
def test_what_a_trial_was_wanted_for(reason: Any, words: str) -> None:
    assert wanted_words(reason, 3, tale().history) == words


@pytest.mark.parametrize(
    ("percentile", "words"), [(1, "1st"), (22.0, "22nd"), (33, "33rd"), (11, "11th"), (2.5, "2.5th")]
)
def test_percentiles_are_counted_as_people_do(percentile: float, words: str) -> None:
    event = ev.TrialStopped(0, {**UPPER, "percentile": percentile}, 0)
    assert f"the {words} percentile" in ruling_words(event, tale().history)

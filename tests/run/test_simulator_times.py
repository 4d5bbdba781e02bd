"""What a job takes beside its training, as the journal of a run tells it."""

from __future__ import annotations

import pytest

from hpotune.run.simulator import End, Script, simulate_scripts
from hpotune.run.simulator.recorded import Curve, Recorded, curves
from hpotune.study import Study
from hpotune.tuner import Job
from studies import study


def one_trial(times: list[float], end: float) -> tuple[Study, Curve]:
    """The curve of a trial that reports an epoch at each of these times."""
    whole = study(budget={"name": "epochs", "max": len(times)}, limits={"trials": 1})
    output = [(at, b'{"epochs": %d, "loss": 0.5}\n' % epoch) for epoch, at in enumerate(times, 1)]
    done = simulate_scripts(whole, lambda _: Script(output, End(end)))
    return done.history.study, curves(done.events)[1][0]


@pytest.mark.parametrize(
    ("times", "end", "startup", "ending"),
    [
        ([8.0, 10.0, 12.0, 14.0], 15.5, 6.0, 1.5),
        ([1.0, 3.0, 5.0, 7.0], 7.0, 0.0, 0.0),  # a first epoch that is quick: not below 0
        ([12.001, 12.002, 12.003, 14.003], 14.003, 6.003, 0.0),  # three seen at one look, of which two were late
        ([8.0, 8.001, 8.002, 8.003], 9.0, None, 0.997),  # one look tells no pace
    ],
)
def test_startup_and_ending(times: list[float], end: float, startup: float | None, ending: float) -> None:
    _, curve = one_trial(times, end)
    assert curve.startup == (None if startup is None else pytest.approx(startup))
    assert curve.ending == pytest.approx(ending)


def test_each_stretch_of_a_curve_starts_up_and_ends() -> None:
    """6 s to start, 2 s for an epoch, 1.5 s to end."""
    whole, curve = one_trial([8.0, 10.0, 12.0, 14.0], 15.5)
    behave = Recorded(whole, [curve])
    for start, to in ((0, 4), (0, 1), (1, 3), (3, 4)):
        script = behave(Job(0, 0, 0, curve.config, start, to, 1))
        assert [at for at, _ in script.output] == pytest.approx([6 + 2 * epoch for epoch in range(1, to - start + 1)])
        assert script.end.after == pytest.approx(6 + 2 * (to - start) + 1.5)


def test_beyond_what_is_known_it_goes_on_at_its_own_pace() -> None:
    _, curve = one_trial([8.0, 10.0, 12.0, 14.0], 15.5)
    assert curve.seconds(4) == pytest.approx(8.0)
    assert curve.seconds(10) == pytest.approx(20.0)

"""How a given bandwidth of the kernel density searcher shrinks as the trials grow in number."""

from __future__ import annotations

from dataclasses import replace

from kde_studies import EAGER, LINE, asked, told


def configs_of(count):
    return [{"x": (number + 0.5) / count} for number in range(count)]


def answer(searcher, count, failed=0):
    """Of `count` trials, the last of which failed."""
    losses = [abs(config["x"] - 0.4) for config in configs_of(count)[: count - failed]]
    return asked(searcher, LINE, told(LINE, configs_of(count), losses=losses, failed=range(count - failed, count)))


def test_a_bandwidth_shrinks_with_the_number_of_trials_that_ended():
    """0.4 / sqrt(16) = 0.1; what failed counts, too."""
    shrinking, fixed = replace(EAGER, bandwidth=0.4, shrinking=0.5), replace(EAGER, bandwidth=0.1)
    for failed in (0, 5):
        assert answer(shrinking, 16, failed) == answer(fixed, 16, failed)
    assert answer(shrinking, 25) != answer(fixed, 25)


def test_without_an_exponent_it_stays():
    assert answer(replace(EAGER, shrinking=0.0), 30) == answer(EAGER, 30)
    assert answer(replace(EAGER, shrinking=0.3), 30) != answer(EAGER, 30)

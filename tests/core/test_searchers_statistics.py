"""What single searchers promise beyond the contract: random follows its distributions, Sobol covers evenly.

Seeds are fixed, so nothing here is flaky; the odds say how surprising a failure would be for a right implementation
with other seeds.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import qmc

from hpotune.history import Observations
from hpotune.keys import Key
from hpotune.searchers import Proposal, RandomSearcher, SobolSearcher
from hpotune.space import Bool, Categorical, Config, Float, Int, Space

DRAWS = 4000
CUBE = Space([Float(name, 0.0, 1.0) for name in "xyz"])


def draw(space: Space, count: int, seed: int = 7) -> list[Config]:
    """Independent draws: each the first trial of its own study, so that none is avoided for having been tried."""
    answers = [
        RandomSearcher().propose(space, Observations(0, 0, 0, defaulted=False, tried=frozenset()), key, None)
        for key in (Key.of(seed, number, "propose") for number in range(count))
    ]
    return [answer.config for answer in answers if isinstance(answer, Proposal)]


def sobol(space: Space, count: int, seed: int) -> list[Config]:
    configs: list[Config] = []
    for index in range(count):
        told = Observations(index, index, 0, defaulted=False, tried=frozenset(map(space.canonical, configs)))
        answer = SobolSearcher(seed).propose(CUBE, told, Key.of(index), None)
        assert isinstance(answer, Proposal)
        configs.append(answer.config)
    return configs


def points(configs: list[Config]) -> npt.NDArray[np.float64]:
    return np.array([[config[name] for name in "xyz"] for config in configs], dtype=np.float64)


def kolmogorov(sample: npt.NDArray[np.float64]) -> float:
    """sqrt(n) D of a sample against the uniform distribution; above 1.95 with odds of 1 in 1000."""
    n = len(sample)
    ordered = np.sort(sample)
    steps = np.arange(n)
    distance = max(np.max((steps + 1) / n - ordered), np.max(ordered - steps / n))
    return float(math.sqrt(n) * distance)


def chi_square(counts: Counter[object], expected: dict[object, float]) -> float:
    """Pearson's statistic; `expected` holds probabilities, which sum to 1."""
    assert math.isclose(sum(expected.values()), 1)
    n = counts.total()
    return sum((counts[value] - n * share) ** 2 / (n * share) for value, share in expected.items())


def test_random_draws_a_log_range_uniformly_in_the_logarithm() -> None:
    configs = draw(Space([Float("lr", 1e-5, 1e-1, log=True)]), DRAWS)
    logs = np.log10(np.array([config["lr"] for config in configs], dtype=np.float64))
    assert kolmogorov((logs + 5) / 4) < 1.95


def test_random_draws_a_linear_range_uniformly() -> None:
    configs = draw(Space([Float("x", -2.0, 6.0)]), DRAWS)
    assert kolmogorov((np.array([config["x"] for config in configs], dtype=np.float64) + 2) / 8) < 1.95


def test_random_gives_each_integer_of_a_log_range_the_mass_of_its_own_bin() -> None:
    """Of 1 ... 5: log((k + 1/2) / (k - 1/2)) / log(5.5 / 0.5), the ends too. Odds 1 in 1000 at 18.47 (4 dof)."""
    counts: Counter[object] = Counter(config["n"] for config in draw(Space([Int("n", 1, 5, log=True)]), DRAWS))
    expected: dict[object, float] = {k: math.log((k + 0.5) / (k - 0.5)) / math.log(11) for k in range(1, 6)}
    assert chi_square(counts, expected) < 18.47


@pytest.mark.parametrize(
    ("parameter", "values", "threshold"),
    [
        (Int("p", 3, 8), [3, 4, 5, 6, 7, 8], 20.52),
        (Categorical("p", ("a", "b", "c")), ["a", "b", "c"], 13.82),
        (Bool("p"), [False, True], 10.83),
        (Float("p", 0.0, 0.4, step=0.1), [0.0, 0.1, 0.2, 0.3, 0.4], 18.47),
    ],
)
def test_random_draws_discrete_values_evenly(
    parameter: Int | Categorical | Bool | Float, values: list[object], threshold: float
) -> None:
    """Odds 1 in 1000 each."""
    counts: Counter[object] = Counter(config["p"] for config in draw(Space([parameter]), DRAWS))
    assert chi_square(counts, {value: 1 / len(values) for value in values}) < threshold


def test_random_draws_parameters_and_trials_independently() -> None:
    """No correlation beyond 4 sigmas between parameters, or between one trial and the next."""
    cube = points(draw(CUBE, DRAWS))
    between = np.corrcoef(cube.T)
    assert np.max(np.abs(between - np.eye(3))) < 4 / math.sqrt(DRAWS)
    along = [np.corrcoef(cube[:-1, i], cube[1:, j])[0, 1] for i in range(3) for j in range(3)]
    assert max(map(abs, along)) < 4 / math.sqrt(DRAWS)


def test_random_with_another_seed_draws_otherwise() -> None:
    assert draw(CUBE, 5, seed=1) == draw(CUBE, 5, seed=1) != draw(CUBE, 5, seed=2)


@pytest.mark.parametrize("seed", range(3))
def test_sobol_puts_one_point_in_each_dyadic_interval(seed: int) -> None:
    """A (0, 1)-sequence in every coordinate: the first 2^k points lie one in each of 2^k equal intervals. Exact."""
    cube = points(sobol(CUBE, 128, seed))
    for k in range(8):
        intervals = np.floor(cube[: 2**k] * 2**k)
        assert np.array_equal(np.sort(intervals, axis=0), np.tile(np.arange(2.0**k)[:, None], 3))


def test_random_does_not_put_one_point_in_each_interval() -> None:
    """The test above could fail."""
    intervals = np.floor(points(draw(CUBE, 16)) * 16)
    assert len(set(intervals[:, 0])) < 16


def test_sobol_covers_more_evenly_than_random() -> None:
    """Centred discrepancy of 64 points, for each of ten seeds; by chance all ten: 1 in 1000."""
    for seed in range(10):
        even = qmc.discrepancy(points(sobol(CUBE, 64, seed)))
        chance = qmc.discrepancy(points(draw(CUBE, 64, seed)))
        assert even < chance / 2


def test_the_seed_scrambles_sobol() -> None:
    one, again, other = (points(sobol(CUBE, 8, seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.any(one == other)


def test_a_sequence_of_sobol_does_not_depend_on_how_far_it_is_read() -> None:
    """Points are computed in blocks that grow; a point is the same in each of them."""
    told = Observations(500, 500, 0, defaulted=False, tried=frozenset())
    far = SobolSearcher(5).propose(CUBE, told, Key.of(0), None)
    assert isinstance(far, Proposal)
    near = sobol(CUBE, 3, 5)
    assert far.record == {"index": 500}
    told = Observations(500, 2, 0, defaulted=False, tried=frozenset())
    assert SobolSearcher(5).propose(CUBE, told, Key.of(0), None) == Proposal(near[2], {"index": 2})

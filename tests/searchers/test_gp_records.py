"""What the records say, and what the options of the searcher do."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from gp_studies import CUBE, EVERY_KIND, ask, bo, bowl, cube, declared, every_kind, known, run, told

from hpotune.history import Observations
from hpotune.models.acquisition import ACQUISITIONS
from hpotune.models.fit import Priors
from hpotune.searchers.gp import GpSearcher
from hpotune.searchers.gp.data import gather
from hpotune.searchers.gp.learn import learn
from hpotune.searchers.gp.searcher import embedding_of
from hpotune.space import Space

every_acquisition = pytest.mark.parametrize("acquisition", ACQUISITIONS)


def test_a_record_says_what_it_was_made_of() -> None:
    undisturbed = run(declared(25, EVERY_KIND), every_kind)
    by_model = [(n, record) for n, record in enumerate(undisturbed.records) if record["by"] == "gp"]
    assert by_model
    losses = undisturbed.values
    for number, record in by_model:
        assert record["observations"] == number
        assert (record["pending"], record["failed"]) == (0, 0)
        assert "success" not in record
        assert record["acquisition"] == "log_ei"
        assert record["sd"] > 0.0
        assert record["candidates"] > 100
        told = [value for value in losses[:number] if value is not None]
        assert abs(record["best"] - min(told)) < 0.5 * (max(told) - min(told))
        assert set(record) <= {
            *("by", "mean", "sd", "acquisition", "score", "observations", "pending", "failed", "best"),
            *("candidates", "fitted", "fit", "fallback", "success"),
        }


def test_what_was_expected_comes_true_in_the_end() -> None:
    """Of a smooth loss, once it is known well: within three standard deviations, for at least 8 of the last 10."""
    result = run(declared(35, cube(2)), bowl)
    right = 0
    for record, value in list(zip(result.records, result.values, strict=True))[-10:]:
        assert value is not None
        right += abs(value - record["mean"]) < 3.0 * record["sd"] + 1e-3
    assert right >= 8


@every_acquisition
@pytest.mark.parametrize("kernel", ["matern52", "rbf"])
def test_every_acquisition_function_and_kernel_comes_near(acquisition: str, kernel: str) -> None:
    result = run(declared(25, cube(2), bo(acquisition=acquisition, kernel=kernel)), bowl)
    assert {record["acquisition"] for record in result.records if record["by"] == "gp"} == {acquisition}
    assert result.best < 0.01


def test_a_kernel_is_what_is_said() -> None:
    one, other = (ask(CUBE, known(), kernel=kernel).record["fit"]["lengths"] for kernel in ("matern52", "rbf"))
    assert one != other


def test_more_dimensions_mean_longer_lengths_and_more_uncertainty() -> None:
    """Of data that say nothing; a parameter of one value is no dimension."""
    lengths, betas = [], []
    for d in (2, 20):
        one = {"one": {"type": "int", "low": 1, "high": 1}}
        space, same = declared(1, cube(d)).space, declared(1, {**cube(d), **one}).space
        observations = [told(each, np.full((2, each.dimension), 0.5), [1.0, 1.0]) for each in (space, same)]
        fits = [ask(each, seen).record["fit"] for each, seen in zip((space, same), observations, strict=True)]
        assert fits[0]["lengths"] == pytest.approx(fits[1]["lengths"][:d], rel=1e-3)
        lengths.append(float(np.mean(fits[0]["lengths"])))
        acquisitions = [acquisition_of(each, seen) for each, seen in zip((space, same), observations, strict=True)]
        assert acquisitions[0] == acquisitions[1]
        betas.append(acquisitions[0].beta)
    assert lengths[1] > 2 * lengths[0]
    assert betas[1] > 2 * betas[0]


def acquisition_of(space: Space, observations: Observations) -> Any:
    assert observations.results is not None
    data, embedding = gather(observations.results), embedding_of(space)
    learned = learn(embedding, data, None, Priors.of(space.dimension), "matern52")
    surrogate, _ = GpSearcher(1, acquisition="ucb")._surrogate(space, embedding, data, learned)
    return surrogate.acquisition


def test_more_weight_of_uncertainty_explores_more() -> None:
    """The mean distance between one trial and the next, over 25 trials."""

    def reach(**options: Any) -> float:
        points = run(declared(25, cube(2), bo(**options)), bowl).points[10:]
        return float(np.mean([np.linalg.norm(b - a) for a, b in pairwise(points)]))

    assert reach(acquisition="ucb", beta=400) > 2 * reach(acquisition="ucb", beta=0.01)
    assert reach(acquisition="ei", xi=3.0) > 2 * reach(acquisition="ei", xi=0.0)


def test_a_tried_configuration_is_passed_over() -> None:
    """Of what is best all has been tried: of 101 values those near the optimum."""
    space = declared(1, {"n": {"type": "int", "low": 0, "high": 100_000}}).space
    tried = np.arange(30_000, 30_020)
    points = np.array([space.encode({"n": int(n)}) for n in tried])
    observations = told(space, points, np.abs(tried - 30_010) / 1e4)
    generator = random.Random(1)
    for _ in range(5):
        assert ask(space, observations, generator.randrange(1000)).config["n"] not in tried

"""The search benchmark: problems are what they say, runs repeat and are found again, a tool ties with itself."""

import functools
import json
import math
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

import hpotune
from hpotune.expressions import parse

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from search_bench import command, problems, reading, results, running, stats, tables, worker  # noqa: E402
from search_bench.problem import Problem, active, from_unit, samples, to_unit  # noqa: E402
from search_bench.tools import Pending, Setting, make  # noqa: E402
from search_bench.tools.ours import study  # noqa: E402

STATED = functools.partial(reading.stated, tables=problems.TABLES)
FAST = [name for name in problems.names() if name not in problems.RECORDED and name != "digits_svm"]
CLASSIC = [name for name in FAST if problems.get(name).kind == "classic"]
OPTIMA = {
    "branin": {"x0": math.pi, "x1": 2.275},
    "ackley_mixed": {"x0": 0.0, "x1": 0.0, "x2": 0.0, "n0": 0, "n1": 0, "kind": "a"},
    "ackley5": {f"x{i}": 0.0 for i in range(5)},
    "levy4": {f"x{i}": 1.0 for i in range(4)},
    "rosenbrock4": {f"x{i}": 1.0 for i in range(4)},
    "styblinski6": {f"x{i}": -2.903534 for i in range(6)},
    "constrained": {"x0": 2.7449510414 + 1e-9, "x1": 2.3522519566},
    "hartmann3": {"x0": 0.114589, "x1": 0.555649, "x2": 0.852547},
    "failing": {"x0": 0.114589, "x1": 0.555649, "x2": 0.852547},
    "hartmann6": {"x0": 0.20169, "x1": 0.150011, "x2": 0.476874, "x3": 0.275332, "x4": 0.311652, "x5": 0.6573},
    "michalewicz5": {"x0": 2.202906, "x1": 1.570796, "x2": 1.284992, "x3": 1.923058, "x4": 1.72047},
    "conditional": {
        "arm": "net",
        "scale": 0.37,
        "width": 128,
        "lr": 10**-1.6,
        "optimizer": "sgd",
        "momentum": 0.86,
    },
}


def draws(problem: Problem, count: int) -> list[dict]:
    stream = samples(problem.space, problem.constraints, np.random.default_rng(0))
    return [next(stream) for _ in range(count)]


@pytest.mark.parametrize("name", CLASSIC)
def test_no_random_draw_is_better_than_the_best(name: str) -> None:
    problem = problems.get(name)
    scores = np.array([problem.score(config) for config in draws(problem, 2000)])
    assert np.nanmin(scores) > problem.best
    assert np.nanmedian(scores) < np.inf


@pytest.mark.parametrize("name", OPTIMA)
def test_the_best_is_attained_inside_the_space(name: str) -> None:
    problem = problems.get(name)
    config = OPTIMA[name]
    assert problem.score(config) == pytest.approx(problem.best, abs=1e-5)
    assert problem.feasible(config)
    assert set(config) == {name for name in problem.space if active(problem.space, name, config)}
    assert all(0 < to_unit(problem.space[name], value) < 1 for name, value in config.items())


def test_nearly_a_quarter_of_the_failing_cube_fails() -> None:
    problem = problems.get("failing")
    failed = [math.isnan(problem.score(config)) for config in draws(problem, 4000)]
    assert 0.2 < np.mean(failed) < 0.26  # 0.231 +- 4 sigma of 0.0067


def test_the_expression_of_a_constraint_says_what_its_number_says() -> None:
    problem = problems.get("constrained")
    (constraint,) = problem.constraints
    expression = parse(constraint.expression)
    rng = np.random.default_rng(0)
    configs = [{"x0": float(5 * rng.random()), "x1": float(5 * rng.random())} for _ in range(500)]
    allowed = [constraint.holds(config) for config in configs]
    assert allowed == [bool(expression.evaluate(config)) for config in configs]
    assert 50 < sum(allowed) < 450


def test_noise_has_the_stated_spread_and_repeats() -> None:
    problem = problems.get("branin_noisy")
    config = OPTIMA["branin"]
    losses = [problem.loss(config, seed) for seed in range(2000)]
    assert problem.loss(config, 7) == losses[7]
    assert np.mean(losses) == pytest.approx(problem.best, abs=0.1)  # 4.5 sigma of 1 / sqrt(2000)
    assert np.std(losses) == pytest.approx(problem.noise, abs=0.07)


@pytest.mark.parametrize("name", FAST)
def test_values_go_to_the_unit_interval_and_back(name: str) -> None:
    problem = problems.get(name)
    for config in draws(problem, 20):
        for parameter, value in config.items():
            spec = problem.space[parameter]
            assert from_unit(spec, to_unit(spec, value)) == pytest.approx(value)


@pytest.mark.parametrize("name", FAST)
def test_a_space_and_its_study_have_the_same_configurations(name: str) -> None:
    problem = problems.get(name)
    setting = Setting(problem.space, problem.constraints, 1, 1, 20)
    space = hpotune.Study.from_dict(study("random", setting)).space
    for config in draws(problem, 20):
        assert space.complete(config, hpotune.keys.Key.of(0, "t")) == config
    tool = make("hpotune:random", setting)
    for _ in range(20):
        config = tool.ask()
        assert problem.feasible(config)
        tool.tell(config, problem.score(config))


@pytest.mark.filterwarnings("ignore")  # the loader leaves files to the collector
@pytest.mark.parametrize("name", problems.RECORDED)
def test_recorded_problems_answer_where_their_folder_is(name: str) -> None:
    if not (problems.TABLES / "load.py").exists():
        pytest.skip("the folder of the tables is not there")
    problem = problems.get(name)
    scores = [problem.score(config) for config in draws(problem, 100)]
    assert problem.best - 1e-6 <= min(scores) < math.inf
    json.dumps(problem.space)


# Runs


def job(**changes) -> worker.Job:
    return worker.Job(**{**asdict(worker.Job("random", "1", "branin", 0, 1, 20)), **changes})


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("tool", ["random", "naive_gp", "hpotune:sobol"])
def test_a_run_repeats(tool: str, workers: int) -> None:
    first, second = (worker.run(job(tool=tool, workers=workers), problems.get("branin")) for _ in range(2))
    del first["suggest_seconds"], second["suggest_seconds"]
    assert first == second
    assert first["told"] == 20


def test_workers_change_the_order_of_the_results_alone() -> None:
    one = worker.run(job(evaluations=40), problems.get("branin"))
    many = worker.run(job(evaluations=40, workers=8), problems.get("branin"))
    assert one["improvements"][-1][1] == many["improvements"][-1][1]
    assert one["improvements"] != many["improvements"]


def test_the_tool_of_a_failed_trial_is_told_so() -> None:
    result = worker.run(job(problem="failing", evaluations=60), problems.get("failing"))
    assert 5 <= result["failed"] <= 25


def test_a_tool_that_breaks_leaves_its_error_as_the_result(monkeypatch, capsys) -> None:
    monkeypatch.setattr(worker, "make", lambda *_: 1 / 0)
    result = worker.run_or_fail(job(), problems.TABLES)
    assert result["error"].startswith("ZeroDivisionError")
    assert "Traceback" in capsys.readouterr().err


def test_what_has_a_result_is_not_run_again(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    jobs = [job(seed=seed) for seed in range(3)]
    results.append(file, {**asdict(jobs[1]), **worker.run(jobs[1], problems.get("branin"))})
    assert running.missing(jobs, file) == [jobs[0], jobs[2]]
    running.run_all(jobs, file, problems.TABLES, 1)
    before = file.read_text()
    running.run_all(jobs, file, problems.TABLES, 2)
    assert file.read_text() == before
    assert len(before.splitlines()) == 3


def test_equal_configurations_that_are_out_at_once_keep_their_own_names() -> None:
    pending = Pending()
    pending.put({"a": 1, "b": 2}, "first")
    pending.put({"b": 2, "a": 1}, "second")
    assert Counter(pending.take({"a": 1, "b": 2}) for _ in range(2)) == Counter(["first", "second"])


def test_a_history_that_is_filled_in_is_one_that_was_asked_for() -> None:
    problem = problems.get("branin")
    setting = Setting(problem.space, (), 1, 1, 30)
    asked, filled = make("hpotune:sobol", setting), make("hpotune:sobol", setting)
    configs = [asked.ask() for _ in range(1)]
    asked.tell(configs[0], problem.score(configs[0]))
    filled.prefill(configs, [problem.score(config) for config in configs])
    assert filled.ask() == asked.ask()


# Tables


def made(tool: str, shift: float = 0.0, problem: str = "branin", seeds: int = 4) -> list[dict]:
    """Results whose score falls with the evaluations, lower by `shift` than another's."""
    return [
        {
            **asdict(job(tool=tool, problem=problem, seed=seed, evaluations=80)),
            "improvements": [[1, 9.0 + seed], [30, 5.0 + seed - shift], [70, 3.0 + seed / 10 - shift]],
        }
        for seed in range(seeds)
    ]


def runs_of(*found: list[dict]) -> stats.Runs:
    return reading.runs_of([each for some in found for each in some], [], (1, 80), STATED)[0]


def test_a_tool_ties_with_itself() -> None:
    runs = runs_of(made("random"), made("other"))
    cells = runs.common(["random", "other"])
    for count in (20, 40, 80):
        assert list(stats.mean_ranks(runs, ["random", "other"], cells, count)) == [1.5, 1.5]
    assert stats.mean_difference(runs, "random", "other", cells, 80) == (0, 0, 0)
    assert stats.wins_ties_losses(runs, "random", "other", cells, 80) == (0, 4, 0)
    assert stats.verdict(runs, "random", "other", "branin", 80) == 0


def test_a_better_tool_wins_beyond_the_interval() -> None:
    runs = runs_of(made("random"), made("other", 1.0))
    cells = runs.common(["random", "other"])
    assert list(stats.mean_ranks(runs, ["random", "other"], cells, 80)) == [2, 1]
    assert list(stats.mean_ranks(runs, ["random", "other"], cells, 20)) == [1.5, 1.5]
    assert stats.mean_difference(runs, "random", "other", cells, 80).low > 0
    assert stats.verdict(runs, "random", "other", "branin", 80) == 1
    assert stats.verdict(runs, "other", "random", "branin", 80) == -1


def test_random_search_has_a_normalised_regret_of_about_one() -> None:
    runs = runs_of(made("random", seeds=5))
    regrets = runs.normalised("random", runs.common(["random"]), 80)
    assert np.median(regrets) == pytest.approx(1)
    assert max(regrets) <= stats.CAP


def test_the_bootstrap_covers_the_mean_of_its_groups() -> None:
    groups = [np.array([1.0, 2.0]), np.array([4.0]), np.array([0.0, 1.0, 2.0])]
    means = stats.resampled_means(groups, np.random.default_rng(0))
    assert np.mean(means) == pytest.approx((1.5 + 4 + 1) / 3, abs=0.1)
    assert means.min() >= 0
    assert means.max() <= 4


def test_an_error_counts_as_the_worst_and_is_shown() -> None:
    broken = [{**asdict(job(tool="broken", seed=seed, evaluations=80)), "error": "it broke"} for seed in range(4)]
    found = [*made("random"), *made("hpotune:bo", 1.0), *broken]
    view = tables.view_of(found, [], "hpotune:bo", (1, 80), STATED)
    page = tables.page(view)
    row = next(line for line in page.splitlines() if line.startswith("| broken"))
    assert row == "| broken | 1 | 3.00 | 3.00 | 3.00 | 3 | 4 |"
    assert "| **hpotune:bo** | 1 | 1.50 | 1.00 | 1.00 |" in page


def test_a_tool_with_fewer_runs_is_compared_on_what_all_have() -> None:
    found = [*made("random"), *made("hpotune:bo", 1.0), *made("slow", 2.0, seeds=2)]
    page = tables.page(tables.view_of(found, [], "hpotune:bo", (1, 80), STATED))
    assert "1 problems, 4 runs" in page
    assert "1 problems, 2 runs" in page


def test_arguments_keep_braces_whole() -> None:
    assert command.split('random,hpotune:bo{"xi": 0, "a": [1, 2]},x') == [
        "random",
        'hpotune:bo{"xi": 0, "a": [1, 2]}',
        "x",
    ]
    assert set(problems.names()) - set(command.chosen(["all", "-lda"])) == {"lda"}
    assert command.chosen(["svm", "lda"]) == ["svm", "lda"]

"""The multi-fidelity benchmark: its problems, what a run costs, its incumbent, and a trace by hand."""

import json
import math
import sys
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import hpotune

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from mf_bench import command, live, problems, worker  # noqa: E402
from mf_bench.problem import Problem, rungs_down, rungs_up  # noqa: E402
from mf_bench.tools import Job, Setting, make  # noqa: E402
from mf_bench.tools.ours import budgeted  # noqa: E402
from search_bench import tables  # noqa: E402
from search_bench.problem import samples  # noqa: E402
from search_bench.worker import Job as Asked  # noqa: E402

OWN = [name for name in problems.names() if name not in problems.RECORDED]


def asked(**changes) -> Asked:
    return Asked(**{**asdict(Asked("random", "1", "made", 0, 1, 10)), **changes})


def draws(problem: Problem, count: int) -> list[dict]:
    stream = samples(problem.space, (), np.random.default_rng(0))
    return [next(stream) for _ in range(count)]


# Problems


@pytest.mark.parametrize("name", OWN)
def test_the_loss_at_the_top_is_the_score_but_for_noise(name: str) -> None:
    problem = problems.get(name)
    for config in draws(problem, 3):
        assert problem.loss(config, problem.high, 1) == pytest.approx(problem.score(config), abs=0.06)
        assert problem.loss(config, problem.low, 1) == problem.loss(config, problem.low, 1)
        assert problem.score(config) >= problem.best or math.isinf(problem.best)


def test_tosses_that_were_made_are_kept() -> None:
    problem = problems.get("counting_ones8")
    (config,) = draws(problem, 1)
    ones = sum(config[name] for name in config if name[0] == "b")
    tossed = [round((-16 * problem.loss(config, n, 5) - ones) * n) for n in range(9, 30)]
    assert all(0 <= after - before <= 8 for before, after in pairwise(tossed))
    assert problem.loss(config, 9, 5) != problem.loss(config, 9, 6)


def test_a_training_that_breaks_down_is_nan_from_there_on() -> None:
    curve = live.Curve(iter([0.5, 0.4]))
    assert [curve.at(2), curve.at(1)] == [0.4, 0.5]
    assert math.isnan(curve.at(3))
    assert math.isnan(curve.at(9))


def test_rungs() -> None:
    assert rungs_down(1, 51) == [1, 5, 17, 51]
    assert rungs_down(9, 729) == rungs_up(9, 729) == [9, 27, 81, 243, 729]
    assert rungs_up(1, 51) == [1, 3, 9, 27, 51]
    assert rungs_up(4, 4) == rungs_down(4, 4) == [4]


@pytest.mark.filterwarnings("ignore")  # the loader leaves files to the collector
@pytest.mark.parametrize("name", problems.RECORDED)
def test_recorded_problems_answer_where_their_folder_is(name: str) -> None:
    if not (problems.TABLES / "load.py").exists():
        pytest.skip("the folder of the tables is not there")
    problem = problems.get(name)
    configs = draws(problem, 20)
    losses = [[problem.loss(config, budget, 0) for budget in problem.ladder()] for config in configs]
    assert not np.any(np.isinf(losses))
    assert len({len(set(row)) for row in losses} - {1}) > 0  # the budget matters
    assert problem.best - 1e-6 <= min(problem.score(config) for config in configs)


# Runs


def made(*, resumes: bool = True, spread: float = 1.0) -> Problem:
    """The loss falls with the budget; trials with x above 0.9 diverge at the third rung."""
    space = {"x": {"type": "float", "low": 0.0, "high": 1.0}}

    def loss(config: dict, budget: float, seed: int) -> float:
        del seed
        return math.nan if config["x"] > 0.9 and budget >= 9 else spread * config["x"] + 1 / budget

    return Problem("made", space, 1, 27, loss, lambda config: spread * config["x"] + 1 / 27, 1 / 27, resumes)


@dataclass
class Scripted:
    """A tool that asks for the jobs it is given, and keeps what it is told."""

    jobs: list[Job]
    end_at: float = math.inf
    log: list[tuple] = field(default_factory=list)

    def ask(self) -> Job | None:
        return self.jobs.pop(0) if self.jobs else None

    def report(self, job: Job, budget: float, loss: float) -> bool:
        self.log.append(("report", job.trial, budget, round(loss, 3)))
        return budget < self.end_at

    def tell(self, job: Job, budget: float, loss: float) -> None:
        self.log.append(("tell", job.trial, budget, round(loss, 3)))


def play(monkeypatch, tool: Scripted, problem: Problem, **changes) -> dict:
    monkeypatch.setattr(worker, "make", lambda *_: tool)
    return worker.Run(asked(tool="scripted", **changes), problem).line()


def test_a_run_by_hand(monkeypatch) -> None:
    a, b = {"x": 0.5}, {"x": 0.2}
    tool = Scripted([Job(0, "a", a, 3), Job(1, "b", b, 1), Job(2, "b", b, 27), Job(3, "a", a, 3)])
    result = play(monkeypatch, tool, made())
    assert tool.log == [
        ("report", "a", 1, 1.5),
        ("tell", "a", 3, 0.833),
        ("tell", "b", 1, 1.2),
        ("report", "b", 3, 0.533),
        ("report", "b", 9, 0.311),
        ("tell", "b", 27, 0.237),
        ("report", "a", 1, 1.5),  # to where it has been: anew
        ("tell", "a", 3, 0.833),
    ]
    top_a, top_b = made().score(a), made().score(b)
    # a at 1; b has less loss at 1, but a has been at 3; b at 3 has cost 3 + 1 + 2
    expected = [(round(1 / 27, 4), float(f"{top_a:.8g}")), (round(6 / 27, 4), float(f"{top_b:.8g}"))]
    assert result["improvements"] == expected
    assert (result["jobs"], result["trials"], result["failed"]) == (4, 2, 0)


def test_a_stopped_and_a_diverged_training_cost_what_they_trained(monkeypatch) -> None:
    tool = Scripted([Job(0, 0, {"x": 0.5}, 27), Job(1, 1, {"x": 0.95}, 27), Job(2, 2, {"x": 0.1}, 1)], end_at=9)
    result = play(monkeypatch, tool, made())
    ends = [entry[1:3] for entry in tool.log if entry[0] == "tell"]
    assert ends == [(0, 9), (1, 9), (2, 1)]
    assert math.isnan(next(entry[3] for entry in tool.log if entry[:2] == ("tell", 1)))
    assert result["failed"] == 1
    last = Scripted([Job(0, 0, {"x": 0.5}, 27), Job(2, 2, {"x": 0.1}, 9)], end_at=9)
    assert play(monkeypatch, last, made())["improvements"][-1][0] == round((9 + 9) / 27, 4)


def test_where_trainings_cannot_go_on_each_begins_at_0(monkeypatch) -> None:
    problem = made(resumes=False)
    job = Job(0, 0, {"x": 0.5}, 27)
    assert worker.stretches(problem, job, 9) == [(27, 27)]
    assert worker.stretches(problem, job._replace(reports=[1, 3, 27]), 0) == [(1, 1), (3, 3), (27, 27)]
    assert worker.stretches(made(), job, 9) == [(27, 18)]
    assert worker.stretches(made(), job, 0) == [(1, 1), (3, 2), (9, 6), (27, 18)]


@pytest.mark.parametrize("workers", [1, 4, 16])
def test_a_run_repeats_and_spends_its_total(workers: int) -> None:
    job = asked(workers=workers)
    first, second = (worker.Run(job, made()).line() for _ in range(2))
    for each in (first, second):
        del each["suggest_seconds"]
    assert first == second
    assert first["improvements"][-1][0] <= 10
    assert first["jobs"] >= 10  # full trainings, and those that diverge on the way


def test_scores_that_are_infinite_come_back_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    lines = [{**asdict(asked()), "improvements": [[0.1, None], [2.0, 0.5]]}]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (found,) = tables.read([file])
    assert found["improvements"] == [[0.1, math.inf], [2.0, 0.5]]


def test_a_long_curve_is_thinned_and_reads_the_same_where_it_is_read() -> None:
    curve = [(0.01 * i, 1 / i) for i in range(1, 3000)]
    kept = worker.thinned(curve)
    assert len(kept) <= worker.POINTS
    assert kept[0] == curve[0]
    for mark in worker.READ_AT:
        assert max(p for p in kept if p[0] <= mark) == max(p for p in curve if p[0] <= mark)


# Ours, and the page


@pytest.mark.parametrize("name", ["counting_ones8", "digits_mlp"])
def test_the_study_has_the_budget_of_the_problem(name: str) -> None:
    problem = problems.get(name)
    study = hpotune.Study.from_dict(budgeted("random", Setting(problem, 0, 4, 30.0 * problem.high)))
    assert (study.budget.min, study.budget.max) == (problem.low, problem.high)


def test_our_random_search_trains_every_trial_to_the_end() -> None:
    problem = made()
    tool = make("hpotune:random", Setting(problem, 0, 2, 270.0))
    jobs = [tool.ask(), tool.ask()]
    assert tool.ask() is None
    assert [(job.start, job.to) for job in jobs] == [(0, 27)] * 2
    assert tool.report(jobs[0], 9, 0.5)
    tool.tell(jobs[0], 27, 0.4)
    tool.tell(jobs[1], 9, math.nan)
    assert tool.ask().trial == 2


def test_the_page_ranks_at_3_10_and_30(tmp_path: Path, monkeypatch, capsys) -> None:
    file = tmp_path / "results.jsonl"
    for tool, score in (("random", -0.5), ("hpotune:bohb", -0.8)):
        for seed in range(2):
            line = {**asdict(asked(tool=tool, problem="counting_ones8", seed=seed, evaluations=30))}
            with file.open("a") as out:
                out.write(json.dumps({**line, "improvements": [[0.5, -0.4], [9.5, score]]}) + "\n")
    monkeypatch.setattr(sys, "argv", ["bench_multifidelity", "table", "--results", str(file)])
    command.main("")
    page = capsys.readouterr().out
    assert "rank at 3 | rank at 10 | rank at 30" in page
    assert "| **hpotune:bohb** | 1 | 1.50 | 1.00 | 1.00 |" in page
    assert "30 full trainings, 1 worker:" in page

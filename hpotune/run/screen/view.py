"""`View`: what the board shows, as plain values. Making one costs as much as there are running trials, not more."""

from __future__ import annotations

from dataclasses import dataclass

from hpotune.history import History, JobView
from hpotune.run.screen.watch import Watch
from hpotune.summary import (
    NOTHING,
    Progress,
    best_parts,
    budget_name,
    budget_text,
    cause_words,
    config_parts,
    config_text,
    count_text,
    count_words,
    done_words,
    duration_text,
    finish_words,
    message_words,
    printable,
    strategy_words,
    time_words,
    value_text,
)

_HINT = "Ctrl-C: let running trials finish, twice: stop now"


@dataclass(frozen=True, slots=True)
class Row:
    """A running trial: its number, newest value, budget, running time and configuration, as texts."""

    trial: str
    value: str
    budget: str
    time: str
    config: str


@dataclass(frozen=True, slots=True)
class View:
    """Everything on the board, as texts. `fraction` is None where nothing limits the study but its target."""

    title: list[str]
    folder: str
    fraction: float | None
    progress: list[str]
    counts: list[str]
    best: list[str]
    best_config: list[str]
    running: list[Row]
    running_more: int
    failures: list[list[str]]
    hint: str
    done: bool = False


def make_view(watch: Watch, most_running: int = 32, *, closing: bool = False) -> View:
    """What there is to show now; of the running trials the oldest `most_running`.

    The last drawing shows none, and no hint: how it ended is the caller's to say.
    """
    history = watch.history
    state = watch.progress()
    ran = watch.ran()
    shown = [] if closing else list(history.open.items())[:most_running]
    study = history.study
    return View(
        title=[printable(study.name), f"{study.metric.goal} {printable(study.metric.name)}", strategy_words(history)],
        folder=watch.run_path(),
        fraction=state.fraction,
        progress=[done_words(state), *time_words(state, history), count_text(history.workers, "worker")],
        counts=count_words(state),
        best=best_parts(state, history),
        best_config=[] if state.best is None else config_parts(state.best.config),
        running=[_row(history, number, job, ran.get(number)) for number, job in shown],
        running_more=0 if closing else len(history.open) - len(shown),
        failures=_failures(watch, state),
        hint=_hint(history, closing=closing),
        done=history.finished is not None or closing,
    )


def _row(history: History, number: int, job: JobView, ran: float | None) -> Row:
    last = job.last
    unit = budget_name(history)
    budget = ""
    if job.to is not None:
        reached = job.start if last is None or last[0] is None else last[0]
        budget = f"{budget_text(reached or 0)}/{budget_text(job.to, unit)}"
    return Row(
        trial=str(number),
        value=NOTHING if last is None else value_text(history.value(last[1])),
        budget=budget,
        time=NOTHING if ran is None else duration_text(ran),
        config=config_text(history.trials[number].config),
    )


def _failures(watch: Watch, state: Progress) -> list[list[str]]:
    """For each cause: how many trials failed by it, and the commonest way they did."""
    lines = []
    standing = watch.failures.standing()
    for cause, count in state.causes:
        kinds = [kind for kind in standing if kind.cause == cause]
        if not kinds:
            lines.append([f"{count:,}× {cause_words(cause)}"])
            continue
        kind = kinds[0]
        words = kind.words if kind.trials == count else cause_words(cause)
        text = message_words(kind.cause, kind.message)
        lines.append(
            [f"{count:,}× {words}", f"(trial {watch.failures.example(kind)})", *([f"— {text}"] if text else [])]
        )
    return lines


def _hint(history: History, *, closing: bool) -> str:
    if closing:
        return ""
    if history.finished is not None:
        return finish_words(history)
    running = count_text(len(history.open), "running trial")
    if history.halting is not None:
        return f"stopping {running}"
    if history.draining:
        return f"letting {running} finish; Ctrl-C again: stop now"
    return _HINT

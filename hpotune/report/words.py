"""Sentences of a report that its forms for people share."""

from __future__ import annotations

import time

from hpotune.report.model import Report
from hpotune.summary import (
    budget_name,
    bytes_text,
    count_text,
    count_words,
    duration_text,
    printable,
    spent_words,
    strategy_words,
)


def title_parts(report: Report) -> list[str]:
    """What was tuned."""
    study = report.history.study
    metric = f"{study.metric.goal} {printable(study.metric.name)}"
    return [printable(study.name), metric, strategy_words(report.history), f"seed {report.history.seed}"]


def time_sentence(report: Report) -> str:
    """How long it took, and how much of that the trials together."""
    return f"{duration_text(report.progress.elapsed)}, trials together {duration_text(report.trial_seconds)}"


def trials_sentence(report: Report) -> str:
    """How many trials there are, and how they stand."""
    planned = count_text(report.progress.planned, "trial")
    counts = ", ".join(count_words(report.progress))
    return f"{planned}: {counts}" if counts else planned


def journal_sentence(report: Report) -> str:
    """The facts of the journal: its sessions, what they were made with, when the first began."""
    parts = [count_text(max(len(report.sessions), 1), "session"), f"{report.history.n + 1:,} events"]
    if report.sessions:
        versions = report.sessions[-1].versions
        parts += [f"{printable(str(name))} {printable(str(version))}" for name, version in versions.items()]
        if (began := report.sessions[0].time) is not None:
            parts.append(f"begun {time.strftime('%Y-%m-%d %H:%M', time.localtime(began))}")
    return ", ".join(parts)


def budget_column(report: Report) -> str | None:
    """The heading of the budget's column; None if no trial shown has one."""
    if all(row.budget is None for row in report.top):
        return None
    return printable(budget_name(report.history)) or "budget"


def schedule_sentences(report: Report) -> list[str]:
    """What a schedule cost, and what is left of its checkpoints; none without a schedule."""
    if report.schedule is None:
        return []
    sentences = [spent_words(report.schedule, report.history)]
    if report.disk is not None and report.disk.checkpoints:
        kept = count_text(report.disk.checkpoints, "checkpoint")
        sentences.append(f"{kept} on disk, {bytes_text(report.disk.bytes)}")
    return sentences

"""Numbers and words that the screens and the report share: pure functions of the history and the time."""

from hpotune.summary.describe import describe, describe_study
from hpotune.summary.expected import expected_budget, rung_costs
from hpotune.summary.failures import Failure, Failures
from hpotune.summary.notices import Notices
from hpotune.summary.outcome import Outcome, outcome
from hpotune.summary.progress import Progress, failures_by_cause, progress, total_trials
from hpotune.summary.progress_words import best_parts, count_words, done_words, progress_text, time_words
from hpotune.summary.proposal_record import provenance
from hpotune.summary.provenance import Provenance
from hpotune.summary.provenance_words import provenance_words
from hpotune.summary.resuming import Finding, Stretch, compare, fault
from hpotune.summary.resuming_words import resuming_words
from hpotune.summary.ruling_words import Ruling, ruling_words
from hpotune.summary.schedule import RungRow, Schedule, merged, schedule
from hpotune.summary.schedule_words import Column, bytes_text, of_text, schedule_columns, schedule_notes, spent_words
from hpotune.summary.tally import Tally
from hpotune.summary.text import (
    NOTHING,
    budget_text,
    config_parts,
    config_text,
    count_text,
    duration_text,
    first_line,
    number_text,
    printable,
    setting_text,
    shortened,
    value_text,
)
from hpotune.summary.why import Attempt, Decided, Why, why
from hpotune.summary.why_words import Section, why_sections
from hpotune.summary.words import (
    aside_words,
    budget_name,
    cause_words,
    finish_words,
    interruption_words,
    limits_words,
    message_words,
    origin_words,
    signal_name,
    state_words,
    strategy_words,
)

__all__ = [
    "NOTHING",
    "Attempt",
    "Column",
    "Decided",
    "Failure",
    "Failures",
    "Finding",
    "Notices",
    "Outcome",
    "Progress",
    "Provenance",
    "Ruling",
    "RungRow",
    "Schedule",
    "Section",
    "Stretch",
    "Tally",
    "Why",
    "aside_words",
    "best_parts",
    "budget_name",
    "budget_text",
    "bytes_text",
    "cause_words",
    "compare",
    "config_parts",
    "config_text",
    "count_text",
    "count_words",
    "describe",
    "describe_study",
    "done_words",
    "duration_text",
    "expected_budget",
    "failures_by_cause",
    "fault",
    "finish_words",
    "first_line",
    "interruption_words",
    "limits_words",
    "merged",
    "message_words",
    "number_text",
    "of_text",
    "origin_words",
    "outcome",
    "printable",
    "progress",
    "progress_text",
    "provenance",
    "provenance_words",
    "resuming_words",
    "ruling_words",
    "rung_costs",
    "schedule",
    "schedule_columns",
    "schedule_notes",
    "setting_text",
    "shortened",
    "signal_name",
    "spent_words",
    "state_words",
    "strategy_words",
    "time_words",
    "total_trials",
    "value_text",
    "why",
    "why_sections",
]

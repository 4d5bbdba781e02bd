"""How a trial and the tuner talk: the command line and the environment in, lines with the metric out.

    argv          ${lr} in the command becomes the value
    environment   HPOTUNE_CONFIG and its companions
    lines         bytes of an output, cut anywhere, become lines
    metrics       a line becomes a value at a budget
    near          the lines that came nearest, when none gave the metric
    intake        what was found becomes what enters the journal

Everything here is pure: no processes, no clocks, no files.
"""

from __future__ import annotations

from hpotune.protocol.argv import CommandTemplate
from hpotune.protocol.check import check_protocol
from hpotune.protocol.environment import (
    TrialContext,
    clashes,
    inheritable,
    param_variable,
    template_context,
    trial_environment,
)
from hpotune.protocol.intake import Channel, Entry, Intake, IntakeSettings, Notes, Source
from hpotune.protocol.lines import LineSplitter
from hpotune.protocol.metrics import Found, MetricReader, budget_keys
from hpotune.protocol.near import NearMisses
from hpotune.protocol.outward import text_of
from hpotune.study import Outward

__all__ = [
    "Channel",
    "CommandTemplate",
    "Entry",
    "Found",
    "Intake",
    "IntakeSettings",
    "LineSplitter",
    "MetricReader",
    "NearMisses",
    "Notes",
    "Outward",
    "Source",
    "TrialContext",
    "budget_keys",
    "check_protocol",
    "clashes",
    "inheritable",
    "param_variable",
    "template_context",
    "text_of",
    "trial_environment",
]

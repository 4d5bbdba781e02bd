"""The report of a run: what was found, how to run it by hand, and what failed."""

from hpotune.report.by_hand import ByHand, by_hand
from hpotune.report.collect import Messages, SessionFacts, collect
from hpotune.report.model import FailureRow, Report, Row, build
from hpotune.report.render import FORMATS, render

__all__ = [
    "FORMATS",
    "ByHand",
    "FailureRow",
    "Messages",
    "Report",
    "Row",
    "SessionFacts",
    "build",
    "by_hand",
    "collect",
    "render",
]

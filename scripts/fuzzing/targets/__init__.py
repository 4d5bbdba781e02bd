"""The table of targets."""

from collections.abc import Mapping

from fuzzing.target import Target
from fuzzing.targets import expressions, journals, metrics, studies

TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (expressions.TARGET, metrics.TARGET, studies.TARGET, journals.TARGET, journals.HISTORIES)
}

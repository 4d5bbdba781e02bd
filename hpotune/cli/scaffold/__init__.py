"""The first study file for a user's own script: read its options, propose parameters, write commented YAML.

Pure: it is given texts (the output of `--help`, the script's source) and returns a text. Nothing here starts a process,
opens a file or imports the user's code.
"""

from __future__ import annotations

from hpotune.cli.scaffold.goals import guess_goal
from hpotune.cli.scaffold.script import HELP_ENVIRONMENT, help_command, source_candidates
from hpotune.cli.scaffold.template import InitRequest, write_study

__all__ = ["HELP_ENVIRONMENT", "InitRequest", "guess_goal", "help_command", "source_candidates", "write_study"]

"""`hpotune schema`."""

from __future__ import annotations

import json
import sys

from hpotune.strategies import STRATEGIES
from hpotune.study import json_schema


def command() -> None:
    """Print the JSON Schema of study files.

    Editors use it for completion and checks while you type, for example by this first line of a study file:

    \b
    # yaml-language-server: $schema=./study.schema.json
    """
    sys.stdout.write(json.dumps(json_schema(tuple(STRATEGIES)), indent=2, ensure_ascii=False) + "\n")

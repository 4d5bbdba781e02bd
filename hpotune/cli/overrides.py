"""The options that are short for a `--set`."""

from __future__ import annotations

import json
from collections.abc import Sequence


def overrides_of(
    sets: Sequence[str] | None,
    *,
    workers: int | None = None,
    seed: int | None = None,
    name: str | None = None,
) -> tuple[str, ...]:
    """All that the command line changes in a study, as `key=value` texts; what is said last holds."""
    short = {"workers": workers, "seed": seed, "name": name}
    return (*(sets or ()), *(f"{key}={json.dumps(value)}" for key, value in short.items() if value is not None))

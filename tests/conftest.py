"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says how busy the machine is, nothing else.
settings.register_profile("hpotune", deadline=None)
settings.load_profile("hpotune")

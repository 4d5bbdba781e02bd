"""The fault campaign: what is done to the real program, and what must hold after it. See `scripts/faults`."""

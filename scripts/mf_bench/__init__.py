"""The multi-fidelity benchmark: see `scripts/bench_multifidelity`. What it shares with `search_bench` stands there."""

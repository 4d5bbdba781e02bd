"""The search benchmark: problems, tools, runs in virtual time, tables and plots; `scripts/bench_search` runs it."""

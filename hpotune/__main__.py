"""`python -m hpotune` is `hpotune`."""

from hpotune.cli import main

main()

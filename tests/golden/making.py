"""Making golden runs: each in its neutral folder, then what is kept of it into the golden folder."""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from golden.declared import Tale
from golden.outcome import as_text, outcome
from golden.place import ROOT, Place
from golden.tales import tales

import hpotune

# Of these the trials' files are kept too.
WITH_TRIALS = {"random-1", "asha_promote-1", "failures", "messy", "retries", "größe 研究", "torn_and_resumed"}
# Not kept: the one belongs to a living tuner, the other is the trials' own.
_LEFT_OUT = ("lock", "checkpoint")


def make(target: Path, source: Path, names: list[str], jobs: int) -> int:
    """Make runs by the package in `source`, and put them into `target`.

    The exit code: 2 if they are there already, 1 if one did not go as its tale says (it is not kept).
    """
    if not str(hpotune.__file__).startswith(str(source)):
        sys.exit(f"hpotune comes from {hpotune.__file__}, not from {source}")
    every = tales()
    chosen = names or list(every)
    if unknown := [name for name in chosen if name not in every]:
        sys.exit(f"there is no golden run {', '.join(unknown)}; there are {', '.join(every)}")
    if there := [name for name in chosen if (target / name).exists()]:
        print(f"{target} holds {', '.join(there)} already: golden runs are never made again", file=sys.stderr)
        return 2
    target.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(ROOT, ignore_errors=True)
    failed = 0
    with ThreadPoolExecutor(jobs) as pool:
        made = {name: pool.submit(_one, name, every[name], source, target) for name in chosen}
        for name, future in made.items():
            if (error := future.exception()) is not None:
                failed = 1
                print(f"{name:<24} FAILED: {error}", flush=True)
            else:
                print(future.result(), flush=True)
    return failed


def _one(name: str, tale: Tale, source: Path, target: Path) -> str:
    study, happens = tale
    place = Place(name, source)
    try:
        place.write({"name": name, **study})
        happens(place)
    finally:
        place.close()
    kept = target / name
    _keep(place, kept)
    size = sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())
    lines = (kept / "journal.jsonl").read_bytes().count(b"\n")
    return f"{name:<24} {lines:6} lines {size:9,} bytes"


def _keep(place: Place, kept: Path) -> None:
    run = place.run_folder
    left_out = (*_LEFT_OUT, *(() if place.name in WITH_TRIALS else ("trials",)))
    shutil.copytree(run.path, kept, ignore=shutil.ignore_patterns(*left_out))
    (kept / "outcome.json").write_text(as_text(outcome(run.history())), encoding="utf-8")
    script = kept.parent / "train.py"
    if not script.exists():
        script.write_bytes((Path(__file__).parent / "trial.py").read_bytes())

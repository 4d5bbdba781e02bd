"""`hpotune strategies`."""

from __future__ import annotations

import json
import sys

from hpotune.cli.options import Json
from hpotune.strategies import SCHEDULERS, SEARCHERS, STRATEGIES, Product, SchedulerKind, SearcherKind


def command(*, json_: Json = False) -> None:
    """List the strategies. A strategy is a searcher (which configuration) and a scheduler (who gets budget)."""
    sys.stdout.write(json.dumps(_catalogue(), indent=2) + "\n" if json_ else _table())


def _catalogue() -> dict[str, object]:
    return {
        "strategies": {
            name: {"searcher": made.searcher, "scheduler": made.scheduler, "options": dict(made.options)}
            for name, made in STRATEGIES.items()
        },
        "searchers": {
            name: {"about": kind.about, "finite": kind.finite, "options": _takes(kind)}
            for name, kind in SEARCHERS.items()
        },
        "schedulers": {
            name: {"about": kind.about, "needs_budget": kind.needs_budget, "options": _takes(kind)}
            for name, kind in SCHEDULERS.items()
        },
    }


def _table() -> str:
    width = max(map(len, (*STRATEGIES, *SEARCHERS, *SCHEDULERS)))
    lines = ["strategy: NAME"]
    lines += [f"  {name:<{width}}  {made.searcher} × {made.scheduler}{_own(made)}" for name, made in STRATEGIES.items()]
    lines += ["", "searchers"]
    lines += [f"  {name:<{width}}  {kind.about}{_options(kind)}" for name, kind in SEARCHERS.items()]
    lines += ["", "schedulers"]
    for name, kind in SCHEDULERS.items():
        needs = "; the study needs a budget" if kind.needs_budget else ""
        lines.append(f"  {name:<{width}}  {kind.about}{needs}{_options(kind)}")
    lines += ["", "Any pair may be written out: strategy: {searcher: sobol, scheduler: full}"]
    return "\n".join(lines) + "\n"


def _own(made: Product) -> str:
    own = ", ".join(f"{name}: {json.dumps(value)}" for name, value in made.options.items())
    return f" ({own})" if own else ""


def _takes(kind: SearcherKind | SchedulerKind) -> dict[str, str]:
    return {name: option.takes for name, option in kind.options.items()}


def _options(kind: SearcherKind | SchedulerKind) -> str:
    return f" (options: {', '.join(kind.options)})" if kind.options else ""

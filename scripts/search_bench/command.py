"""The command line of `scripts/bench_search`."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence
from pathlib import Path

from search_bench import problems, reading, running, tables
from search_bench.problems import ROOT, TABLES
from search_bench.tools import KINDS

RESULTS = ROOT / "docs" / "data" / "search.jsonl"
PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"


def main(about: str) -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    _run_arguments(commands.add_parser("run", help="run what is missing"))
    _table_arguments(commands.add_parser("table", help="show the results"))
    _suggest_arguments(commands.add_parser("suggest", help="time a suggestion, ours and Optuna's side by side"))
    commands.add_parser("list", help="name the problems and the tools").set_defaults(do=_list)
    arguments = parser.parse_args()
    arguments.do(arguments)


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tools", required=True, type=split, help='optuna_gp,hpotune:bo{"xi": 0}')
    parser.add_argument("--problems", default="all", type=split, help="with commas between; a minus leaves one out")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0")
    parser.add_argument("--workers", type=int, default=1, help="asynchronous, in virtual time")
    parser.add_argument("--evaluations", type=int, default=80)
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--label", default="", help="names a version of ours, in the place of its commit")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--tables", type=Path, default=TABLES, help="the folder of load.py")
    parser.set_defaults(do=_run)


def _run(arguments: argparse.Namespace) -> None:
    versions = {tool: running.version_of(tool, arguments.label) for tool in arguments.tools}
    sizes = (arguments.workers, arguments.evaluations)
    jobs = running.jobs_of(versions, chosen(arguments.problems), arguments.seeds, sizes)
    running.run_all(list(jobs), arguments.results, arguments.tables, arguments.jobs)


def _table_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tools", default=[], type=split, help="a column each, of the last version or TOOL@VERSION")
    parser.add_argument("--ours", default="hpotune:bo", help="the column that the others are compared with")
    parser.add_argument("--problems", default="all", type=split, help="with commas between; a minus leaves one out")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16], help="a part of the page for each")
    parser.add_argument("--evaluations", type=int, default=80)
    parser.add_argument("--results", type=Path, nargs="+", default=[RESULTS], help="one file or several")
    parser.add_argument("--tables", type=Path, default=TABLES, help="the folder of load.py")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and docs/images")
    parser.set_defaults(do=_table)


def _table(arguments: argparse.Namespace) -> None:
    found = [each for each in tables.read(arguments.results) if each["problem"] in chosen(arguments.problems)]
    stated = functools.partial(reading.stated, tables=arguments.tables)
    views = [
        tables.view_of(found, arguments.tools, arguments.ours, (workers, arguments.evaluations), stated)
        for workers in arguments.workers
    ]
    views = [view for view in views if view.tools]
    page = "\n\n".join(tables.page(view) for view in views)
    print(page)
    if arguments.write and views:
        from search_bench import plots  # noqa: PLC0415 - matplotlib is heavy, and only this needs it

        images = plots.draw(views[0], tables.full(views[0]), IMAGES)
        shown = "\n\n".join(f"![{image.stem}]({image.relative_to(PAGE.parent)})" for image in images)
        write("search", f"`scripts/bench_search table --write`\n\n{page}\n\n{shown}")


def _suggest_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ours", default="hpotune:bo")
    parser.add_argument("--theirs", default="optuna_gp")
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 300, 1000], help="observations, of both")
    parser.add_argument("--ours-counts", type=int, nargs="*", default=[3000, 10_000], help="further ones, of ours")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.set_defaults(do=_suggest)


def _suggest(arguments: argparse.Namespace) -> None:
    from search_bench import suggest  # noqa: PLC0415 - it imports what it measures

    page = suggest.page(
        arguments.ours, arguments.theirs, arguments.counts, arguments.ours_counts, arguments.repeats
    )  # fmt: skip
    print(page)
    if arguments.write:
        write("suggest", f"`scripts/bench_search suggest --write`\n\n{page}")


def _list(arguments: argparse.Namespace) -> None:
    del arguments
    print("problems:", *problems.names())
    print("tools:", *KINDS)


def write(part: str, text: str) -> None:
    """Replace what stands between the marks of a part in docs/performance.md; without marks, add it at the end."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, found, rest = PAGE.read_text().partition(begin)
    _, _, after = rest.partition(end)
    before = before if found else before.rstrip("\n") + "\n\n"
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after or chr(10)}")


def split(text: str) -> list[str]:
    """The parts between commas, but for commas within braces."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def chosen(names: Sequence[str], known: Sequence[str] = ()) -> list[str]:
    """The problems that are named; `all`, and then less those with a minus before them."""
    known = known or problems.names()
    left_out = {name[1:] for name in names if name.startswith("-")}
    kept = [name for name in names if not name.startswith("-")] or ["all"]
    if unknown := {*kept, *left_out} - {*known, "all"}:
        raise SystemExit(f"unknown problems: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return [name for name in (known if "all" in kept else kept) if name not in left_out]

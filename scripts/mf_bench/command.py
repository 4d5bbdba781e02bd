"""The command line of `scripts/bench_multifidelity`."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

from search_bench import running, tables
from search_bench.command import chosen, split, write
from search_bench.problems import ROOT, TABLES
from search_bench.running import Bench

from mf_bench import problems
from mf_bench.tools import KINDS, kind_of

RESULTS = ROOT / "docs" / "data" / "multifidelity.jsonl"
COUNTS = (3, 10, 30)  # full trainings after which the tools are ranked
BENCH = Bench(kind_of, "mf_bench.worker")


def main(about: str) -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    _run_arguments(commands.add_parser("run", help="run what is missing"))
    _table_arguments(commands.add_parser("table", help="show the results"))
    commands.add_parser("list", help="name the problems and the tools").set_defaults(do=_list)
    arguments = parser.parse_args()
    arguments.do(arguments)


def _shared_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--problems", default="all", type=split, help="with commas between; a minus leaves one out")
    parser.add_argument("--total", type=int, default=COUNTS[-1], help="what a run may cost, in full trainings")
    parser.add_argument("--tables", type=Path, default=TABLES, help="the folder of load.py")


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    _shared_arguments(parser)
    parser.add_argument("--tools", required=True, type=split, help='smac,hpotune:asha{"mode": "stop"}')
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0")
    parser.add_argument("--workers", type=int, default=1, help="asynchronous, in virtual time")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--label", default="", help="names a version of ours, in the place of its commit")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.set_defaults(do=_run)


def _run(arguments: argparse.Namespace) -> None:
    versions = {tool: running.version_of(tool, arguments.label, BENCH) for tool in arguments.tools}
    names = chosen(arguments.problems, problems.names())
    jobs = running.jobs_of(versions, names, arguments.seeds, (arguments.workers, arguments.total))
    running.run_all(list(jobs), arguments.results, arguments.tables, arguments.jobs, BENCH)


def _table_arguments(parser: argparse.ArgumentParser) -> None:
    _shared_arguments(parser)
    parser.add_argument("--tools", default=[], type=split, help="a column each, of the last version or TOOL@VERSION")
    parser.add_argument("--ours", default="hpotune:bohb", help="the column that the others are compared with")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16], help="a part of the page for each")
    parser.add_argument("--results", type=Path, nargs="+", default=[RESULTS], help="one file or several")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.set_defaults(do=_table)


def _table(arguments: argparse.Namespace) -> None:
    names = chosen(arguments.problems, problems.names())
    found = [each for each in tables.read(arguments.results) if each["problem"] in names]
    stated = functools.partial(problems.stated, tables=arguments.tables)
    parts = []
    for workers in arguments.workers:
        view = tables.view_of(found, arguments.tools, arguments.ours, (workers, arguments.total), stated)
        if view.tools:
            counts = [count for count in COUNTS if count <= arguments.total]
            parts.append(tables.page(view._replace(counts=counts, unit="full trainings")))
    page = "\n\n".join(parts)
    print(page)
    if arguments.write and parts:
        write("multifidelity", f"`scripts/bench_multifidelity table --write`\n\n{page}")


def _list(arguments: argparse.Namespace) -> None:
    del arguments
    print("problems:", *problems.names())
    print("tools:", *KINDS)

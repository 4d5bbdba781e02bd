"""Study files: a study that survives being written out, or problems with their place."""

from __future__ import annotations

import json
import os
import re
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from zlib import crc32

from fuzzing.mutate import NUMBERS
from fuzzing.target import Target, must
from hpotune.errors import Problem, StudyError
from hpotune.strategies import doubts, load_study
from hpotune.study import Study, lint

_SMALL = """\
command: [python, train.py]
metric: {name: loss, goal: minimize}
parameters:
  lr: {type: float, low: 1e-5, high: 1e-1, log: true, default: 1e-3}
limits: {trials: 10}
"""
_WIDE = """\
# every kind of parameter
name: "wide"
command: python train.py --lr ${optim.lr} ${args} $${x}
metric: {name: val.acc, goal: maximize, use: best, target: .99, source: stdout, pattern: 'acc=(?P<value>\\S+)'}
parameters:
  optim.lr:  {type: float, low: 1e-5, high: 1e-1, log: true, default: 0.001, as: lr}
  hidden:    {type: int, low: 64, high: 512, log: true, step: 1}
  dropout:   {type: float, low: 0.1, high: 0.5, step: 0.05}
  batch:     {type: ordinal, choices: [16, 32, 64, 128]}
  optimizer: {type: categorical, choices: [adam, sgd, null, true]}
  momentum:  {type: float, low: 0.5, high: 0.99, when: optimizer == "sgd"}
  nesterov:  {type: bool, when: optimizer == "sgd", flag: true}
  loaders:   {type: constant, value: {a: [1, 2.5, ~]}}
  peak_lr:   {type: derived, expression: optim.lr * batch / 32}
constraints: ["hidden * batch <= 32768", not (dropout > 0.4)]
strategy: {name: asha, eta: 3}
budget: {name: epochs, min: 1, max: 81, key: epoch, first: 0, resume: true}
limits: {trials: 100, time: 2h, budget: 2000, failures: 10}
workers: 4
seed: 7
trial: {timeout: 30m, stall_timeout: 5m, grace: 10s, retries: 1, cwd: study, env: {OMP_NUM_THREADS: "1"}}
gpus: {devices: [0, 1], per_trial: 0.5}
enqueue: [{optim.lr: 1e-3, hidden: 128}, {}]
"""
_YAML = """\
%YAML 1.2
---
command: !!str true
metric:
  name: |
    loss
  goal: >-
    minimize
parameters:
  y: &base {type: float, low: 0, high: 1, grid: 3}
  ? x
  : <<: [*base, {high: 2}]
    step: !!float 1
  "z\\u0041\\x41": !!map {type: int, low: !!int 1, high: 0x10}
limits:
  trials: 0o17
strategy: &s
  name: 'grid'
...
"""
_BOMB = (
    "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c {k: *b, l: *b}\nd: &d {<<: *c, <<: [*c, *c], m: *c}\nparameters: *d\n"
)
_TOKENS = (
    ": ", "- ", "? ", "&a ", "*a", "<<: ", "<<: *a", "!!str ", "!!int ", "!!float ", "!!float " + "9" * 320,
    '"\\U00110000"', '"\\UFFFFFFFF"', '"\\ud800"', "!!null ", "!!bool ", "!!map ", "!!seq ", "!!binary ", "!!set ",
    "!!python/object/apply:os.system ", "!!python/name:os.system", "!x ", "! ", "%YAML 1.1\n",
    "%YAML 1." + "9" * 4400 + "\n--- ", "%TAG ! tag:yaml.org,2002:\n", "---\n", "...\n", "{", "}", "[", "]", ",", "|",
    ">", "|2-", "#", "@", "`", '"', "'", "\n  ", "\n", "    ", "\t", "[[[[[[[[", "{a: {a: {a: ", "on", "yes", "~",
    "null", "true", "2h", "30m", "1e-5", ".5", "${lr}", "${args}", "name", "command", "metric", "goal", "maximize",
    "minimize", "use", "best", "target", "source", "auto", "pattern", "(", "parameters", "type", "float", "int",
    "ordinal", "categorical", "bool", "constant", "derived", "low", "high", "log", "step", "default", "choices",
    "when", "value", "expression", "as", "flag", "grid", "constraints", "strategy", "random", "sobol", "bo", "tpe",
    "hyperband", "asha", "bohb", "mobster", "successive_halving", "searcher", "scheduler", "eta", "mode", "stop",
    "brackets", "initial", "budget", "min", "max", "key", "first", "resume", "limits", "trials", "time", "failures",
    "workers", "seed", "trial", "timeout", "stall_timeout", "grace", "retries", "cwd", "env", "gpus", "devices",
    "per_trial", "enqueue",
)  # fmt: skip


_PLAUSIBLE = (
    b"0",
    b"1",
    b"2",
    b"3",
    b"10",
    b"0.5",
    b"1e-3",
    b"0.25",
    b"64",
    b"1000",
    b"-1",
    b"1e9",
    b"true",
    b"null",
    b"x",
    b"30m",
)
_SCALAR = re.compile(rb"(?<=[:\[,] )(?:[^\s,\[\]{}&*!\"'#|>]+|\"[^\"\n]*\")")
_ENTRY = re.compile(rb", [a-z_]+: [^\s,\[\]{}]+|^[a-z]+: .*\n|^  [a-z_.]+: .*\n", re.MULTILINE)


def _mutate(data: bytes, rng: Random) -> bytes:
    """Some values become plausible ones, or ones at the edge; or an entry goes."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        pattern = _SCALAR if rng.random() < 0.8 else _ENTRY
        found = list(pattern.finditer(data))
        if not found:
            continue
        match = rng.choice(found)
        new = b""
        if pattern is _SCALAR:
            new = rng.choice((rng.choice(_PLAUSIBLE), rng.choice(NUMBERS), rng.choice(found).group()))
        data = data[: match.start()] + new + data[match.end() :]
    return data


_DOUBTED = 20  # of so many studies one is searched for doubts, which draws thousands of configurations


@cache
def _file(process: int) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"hpotune-fuzz-{process}-")) / "study.yaml"


def _check(data: bytes) -> bool:
    path = _file(os.getpid())
    path.write_bytes(data)
    try:
        study = load_study(path)
    except StudyError as error:
        must(bool(error.problems), "a refusal has problems")
        for problem in error.problems:
            _check_problem(problem, data)
        return False
    _check_study(study, data)
    return True


def _check_problem(problem: Problem, data: bytes) -> None:
    must(bool(problem.message) and bool(str(problem)), "a problem has words")
    must(problem.file is not None, "a problem names the file")
    if problem.line is not None and problem.column is not None:
        must(0 < problem.line <= len(data.decode("utf-8", "replace").splitlines()) + 1, "the line is one of the file")
        must(0 < problem.column <= len(data) + 1, "the column is one of the file")


def _check_study(study: Study, data: bytes) -> None:
    written = study.to_dict()
    text = json.dumps(written, allow_nan=False)
    text.encode("utf-8", "surrogatepass")
    must(Study.from_dict(json.loads(text)) == study, "a study survives being written out")
    must(Study.from_dict(json.loads(text)).to_dict() == written, "and so does what was written")
    if crc32(data) % _DOUBTED == 0:
        for problem in (*lint(study), *doubts(study)):
            _check_problem(problem, data)


TARGET = Target(
    name="studies",
    check=_check,
    seeds=[text.encode() for text in (_SMALL, _WIDE, _YAML, _BOMB)],
    tokens=[token.encode() for token in _TOKENS],
    files=[
        "/hpotune/study/",
        "/hpotune/space/",
        "/hpotune/protocol/",
        "/hpotune/strategies.py",
        "/hpotune/schedulers/",
    ],
    share=0.11,
    seconds=10.0,
    longest=6000,
    traced=30,
    mutate=_mutate,
)

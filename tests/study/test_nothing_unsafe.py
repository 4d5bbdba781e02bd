"""No shell, no evaluation of text, no pickles, no YAML that makes objects: read off the program's own source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import hpotune

ROOT = Path(hpotune.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
# Modules whose very use is the mistake.
MODULES = {
    "pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "joblib",
    "pty",
    "popen2",
    "commands",
    "code",
}
# Calls by the last words of what is called.
CALLS = {
    *("eval", "exec", "compile", "__import__", "execfile", "input"),
    *("os.system", "os.popen", "os.execl", "os.execlp", "os.execle", "os.execlpe", "os.startfile"),
    *("subprocess.getoutput", "subprocess.getstatusoutput", "asyncio.create_subprocess_shell"),
    *("yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load", "yaml.unsafe_load_all", "yaml.full_load_all"),
    *("tempfile.mktemp", "numpy.fromfile", "np.fromfile", "shutil.unpack_archive"),
}
STARTERS = {"Popen", "run", "call", "check_call", "check_output"}
LOADERS = {"SafeLoader", "CSafeLoader"}


def findings(source: str) -> list[str]:
    """What in a source runs a shell, evaluates a text, or makes objects of data."""
    return [f"{node.lineno}: {words}" for node in ast.walk(ast.parse(source)) for words in _of(node)]


def _of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (f"import {name.name}" for name in names if name.name.partition(".")[0] in MODULES)
        case ast.ImportFrom(module=str(module), names=names):
            if module.partition(".")[0] in MODULES:
                yield f"from {module}"
            yield from (f"from {module} import {n.name}" for n in names if f"{module}.{n.name}" in CALLS)
        case ast.Call():
            yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    if name in CALLS:
        yield name
    for keyword in node.keywords:
        if keyword.arg == "shell" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False):
            yield f"{name}(shell=...)"
        if keyword.arg == "Loader" and ast.unparse(keyword.value).rpartition(".")[2] not in LOADERS:
            yield f"{name}(Loader={ast.unparse(keyword.value)})"
        if keyword.arg == "allow_pickle" and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value):
            yield f"{name}(allow_pickle=...)"
    starts = name.startswith("subprocess.") and name.rpartition(".")[2] in STARTERS
    if starts and not (node.args and isinstance(node.args[0], ast.List | ast.Name | ast.Attribute | ast.Tuple)):
        yield f"{name} of what is no list"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_program_holds_nothing_of_the_kind(path: Path) -> None:
    assert findings(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess\nsubprocess.run(['ls'], shell=True)",
        "import subprocess\nsubprocess.run('ls')",
        "import subprocess\nsubprocess.Popen(f'ls {x}')",
        "import subprocess\nsubprocess.run(['ls'], shell=flag)",
        "import os\nos.system('ls')",
        "from os import system",
        "eval('1')",
        "exec(text)",
        "import pickle",
        "from pickle import loads",
        "import yaml\nyaml.load(text)",
        "import yaml\nyaml.load(text, Loader=yaml.Loader)",
        "import yaml\nyaml.parse(text, Loader=yaml.UnsafeLoader)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
    ],
)
def test_it_would_be_found(source: str) -> None:
    assert findings(source)


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess\nsubprocess.run(['ls', name])",
        "import subprocess\nsubprocess.Popen(argv, shell=False)",
        "import re\nre.compile(pattern)",
        "import yaml\nyaml.parse(text, Loader=yaml.SafeLoader)",
        "self.run(text)",
    ],
)
def test_what_is_right_is_not_found(source: str) -> None:
    assert findings(source) == []

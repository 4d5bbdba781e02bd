"""JSON and shell words for scripts are what they were, and harmless where a terminal shows them."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from hostile import HOSTILE, obeyed

from hpotune.cli.terminal import json_text


def test_json_text_is_the_value() -> None:
    value = {text: [text, {"é": "宽"}] for text in HOSTILE}
    text = json_text(value)
    assert json.loads(text) == value
    assert obeyed(text) == []
    assert "é" in text
    assert "宽" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_the_best_configuration_in_every_form(call: Any, make_run: Any, text: str) -> None:
    run = make_run(parameters={"x": {"type": "constant", "value": text}})
    run.tuner.tell(run.ask(), 0.5)
    run.write()
    for form in ("json", "args", "env"):
        done = call("best", "--format", form)
        assert done.returncode == 0
        assert obeyed(done.stdout) == []
    assert json.loads(call("best").stdout) == {"x": text}
    if text.isprintable():
        assert shlex.split(call("best", "--format", "args").stdout) == [f"--x={text}"]
    for arguments in (("show", "runs/toy", "0", "--json"), ("status", "--json"), ("list", "--json")):
        done = call(*arguments)
        assert obeyed(done.stdout) == []
        assert text in _strings(json.loads(done.stdout))


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for item in value.values() for found in _strings(item)]
    if isinstance(value, list):
        return [found for item in value for found in _strings(item)]
    return [value] if isinstance(value, str) else []

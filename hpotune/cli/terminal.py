"""Text that others wrote (scripts, their users), made fit for a terminal."""

from __future__ import annotations

import json
import re
from typing import Any

# Control characters, and those that turn the direction of writing: a log could show what it does not say.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """The text with its control characters (but tab and line ends) shown instead of obeyed: ESC becomes ^[."""
    return _CONTROLS.sub(lambda found: _shown(ord(found[0])), text)


def json_text(value: Any) -> str:
    """The value as indented JSON, in which what a terminal would obey stands as an escape."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _shown(code: int) -> str:
    if code < 0x80:
        return f"^{chr(code ^ 0x40)}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

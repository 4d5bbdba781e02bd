"""Text that others wrote (scripts, their users), made fit for a terminal."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """The text with its control characters (but tab and line ends) shown instead of obeyed: ESC becomes ^[."""
    return _CONTROLS.sub(lambda found: _shown(ord(found[0])), text)


def _shown(code: int) -> str:
    return f"^{chr(code ^ 0x40)}" if code < 0x80 else f"\\x{code:02x}"

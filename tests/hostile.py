"""Texts that would do harm if something obeyed them: a terminal, a browser, a shell, a spreadsheet."""

from __future__ import annotations

import re

ESCAPES = (
    "\x1b[31mred\x1b[0m",  # a colour
    "\x1b[2J\x1b[H",  # clears the screen
    "\x1b]52;c;cm0gLXJm\x07",  # sets the clipboard
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",  # a link that says something else
    "\x1b]0;title\x07",
    "\x1bP+q544e\x1b\\",  # a question that the terminal answers as if it were typed
    "\x9b31m",  # CSI as a single character
    "\x9d52;c;cm0=\x9c",
    "safe\rgone",
    "secret\b\b\b\b\b\bshown",
    "\x07",
    "abc\u202edcba",  # turns the direction of writing
    "\u2066isolated\u2069",
    "\x0bdown\x0c",
    "two\nlines",
    "\x7f",
)
MARKUP = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "]]>",
    "<!--",
    "-->",
    "&quot;&lt;",
    "{{7*7}}",
    "${7*7}",
    "[bold red]markup[/]",
    "[x](javascript:alert(1))",
    "`code`",
    "a|b",
)
SHELL = (
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "| touch pwned",
    "--help",
    "-rf",
    "a b",
    "'\"",
    "~",
    "*",
    "$HOME",
)
FORMULAS = ("=1+1", "@SUM(1)", "+1-1", "-2+3", '=HYPERLINK("http://evil.example")')
HOSTILE = (*ESCAPES, *MARKUP, *SHELL, *FORMULAS)

# What no terminal may be given: control characters, but those of our own lines and colours, and the turns of direction.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# The sequences that hpotune and rich use themselves: colours, and moving about on the board.
_OURS = re.compile(r"\x1b\[(?:\??[\d;]*[mKJABCDGHhl])")


def obeyed(text: str, *, own: bool = False) -> list[str]:
    """What a terminal would obey in a text; `own` allows the sequences of a live board, but no colour of HOSTILE's."""
    if own:
        text = _OURS.sub("", text.replace("\x1b[31mred", "\x1b?"))
    return _FORBIDDEN.findall(text) + re.findall("\x1b.?", text)

"""The screen on a terminal: a board that is drawn in place, and messages that scroll by above it."""

from __future__ import annotations

from collections import deque
from typing import TextIO

from rich.console import Console
from rich.control import Control
from rich.live import Live
from rich.text import Text

from hpotune.events import Event
from hpotune.run.screen.draw import draw
from hpotune.run.screen.output import message
from hpotune.run.screen.view import make_view
from hpotune.run.screen.watch import Block, Watch
from hpotune.summary import Failure, printable

_SHORTEST = 0.25  # seconds between two drawings
_BLOCKS = 3  # failures shown with their log between two drawings
_LEVELS = {"info": "bold", "warning": "yellow", "error": "bold red"}


class _Console(Console):
    """Rich would end the program when the reader of a pipe goes away."""

    def on_broken_pipe(self) -> None:
        """Fall silent instead."""
        self.quiet = True


class Board:
    """See `Screen`. If the terminal goes away the board falls silent; the run goes on."""

    def __init__(self, watch: Watch, stderr: TextIO) -> None:
        self._watch = watch
        self._console = _Console(file=stderr, highlight=False, markup=False, emoji=False, soft_wrap=False)
        self._live: Live | None = None
        self._fresh: deque[Failure] = deque()
        self._drawn_at = -_SHORTEST
        self._size = (0, 0)
        self._lost = False

    def event(self, n: int, event: Event) -> None:
        """Remember what the history does not."""
        del n
        failure = self._watch.take(event)
        if failure is not None:
            self._fresh.append(failure)

    def say(self, text: str, *, level: str = "info") -> None:
        """Show a message above the board."""
        self._print(Text(message(printable(text), level), _LEVELS.get(level, "")))

    def tick(self, now: float) -> None:
        """Draw, if the last drawing is not too recent."""
        self._watch.now = now
        if now - self._drawn_at >= _SHORTEST:
            self._drawn_at = now
            self._show_news(_BLOCKS)
            self._draw()

    def close(self, now: float) -> None:
        """Draw for the last time; it stays on the terminal."""
        self._watch.now = now
        self._show_news(len(self._fresh))
        self._draw(closing=True)
        if self._live is not None and not self._lost:
            self._guarded_stop()

    def _draw(self, *, closing: bool = False) -> None:
        if self._lost or self._watch.history.n < 0:
            return
        try:
            self._after_resize()
            width, height = self._console.size
            view = make_view(self._watch, height, closing=closing)
            # One line is left for the cursor, and the last column, where some terminals wrap.
            board = draw(view, width - 1, height - 1, ascii_only=self._console.options.ascii_only)
            if self._live is None:
                self._live = Live(
                    console=self._console, auto_refresh=False, redirect_stdout=False, vertical_overflow="crop"
                )
                self._live.start()
                # Hidden, it would stay so for the shell if this process is stopped (Ctrl-Z) or killed.
                self._console.show_cursor()
            self._live.update(board, refresh=True)
        except OSError:
            self._lost = True

    def _after_resize(self) -> None:
        """A terminal that became narrower has broken the board's lines: nothing but a clean page is right again."""
        size = self._size
        self._size = (self._console.width, self._console.height)
        if self._live is not None and (self._size[0] < size[0] or self._size[1] < size[1]):
            self._console.control(Control.clear(), Control.home())

    def _show_news(self, most: int) -> None:
        """What the user should read at once scrolls by above the board."""
        for notice in self._watch.notices:
            self.say(notice, level="warning")
        self._watch.notices.clear()
        while self._fresh and most > 0:
            most -= 1
            self._print(_block_text(self._watch.block(self._fresh.popleft())))

    def _print(self, text: Text) -> None:
        if self._lost:
            return
        try:
            self._console.print(text)
        except OSError:
            self._lost = True

    def _guarded_stop(self) -> None:
        try:
            if self._live is not None:
                self._live.stop()
        except OSError:
            self._lost = True


def _block_text(block: Block) -> Text:
    text = Text(block.title, "bold red")
    if block.head:
        text.append(f"\n  {block.head}", "not bold default")
    for line in block.lines:
        text.append(f"\n  │ {line}", "not bold default")
    return text.append("\n")

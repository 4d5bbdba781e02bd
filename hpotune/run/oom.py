"""Whether the kernel has killed for want of memory. It says how often it did, not whom it killed."""

from __future__ import annotations

from pathlib import Path

_FRESH = 2.0  # seconds between such a kill and the exit that it explains


class OomKills:
    """The kernel's count, each kill of which explains one exit at most. Look now and then: old ones do not."""

    def __init__(self) -> None:
        self._count = self._read()
        self._left = 0
        self._until = 0.0

    def look(self, now: float) -> None:
        """Note what has been killed since the last look."""
        before, self._count = self._count, self._read()
        if self._count > before:
            self._left += self._count - before
            self._until = now + _FRESH
        elif now > self._until:
            self._left = 0

    def one(self, now: float) -> bool:
        """Whether a process that was killed just now may have been by the kernel."""
        self.look(now)
        if not self._left:
            return False
        self._left -= 1
        return True

    @staticmethod
    def _read() -> int:
        try:
            for line in Path("/proc/vmstat").read_text().splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
        except OSError:
            pass
        return 0

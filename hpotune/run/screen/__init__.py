"""What the user sees of a run while it goes: a board, plain lines, JSON lines, or nothing; and the tuner's log."""

from hpotune.run.screen.base import Mode, Screen, make_screen, pick_mode
from hpotune.run.screen.log import LogScreen
from hpotune.run.screen.together import Together

__all__ = ["LogScreen", "Mode", "Screen", "Together", "make_screen", "pick_mode"]

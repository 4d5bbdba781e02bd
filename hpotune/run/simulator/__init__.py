"""Studies in virtual time: the loop of a real run over simulated trials, or over the recorded curves of a run."""

from hpotune.run.simulator.executor import End, Script, VirtualClock, VirtualExecutor
from hpotune.run.simulator.simulate import Simulated, play, simulate, simulate_scripts
from hpotune.run.simulator.world import Fate, Problem, World

__all__ = [
    "End",
    "Fate",
    "Problem",
    "Script",
    "Simulated",
    "VirtualClock",
    "VirtualExecutor",
    "World",
    "play",
    "simulate",
    "simulate_scripts",
]

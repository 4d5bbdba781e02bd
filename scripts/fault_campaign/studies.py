"""The studies of the campaign: one a strategy, all of them over within a second."""

from __future__ import annotations

import sys
from typing import Any

from hpotune.strategies import STRATEGIES

TRIALS = 8
GRACE = 1.0
NAMES = tuple(STRATEGIES)
# Those whose configurations do not depend on results, nor their budgets: any number of workers gives the same outcome.
BLIND = ("grid", "random", "sobol")

# A function of its configuration, its seed and its budget, wherever it is cut: a checkpoint for each epoch, each made
# at once or not at all. Its loss holds something of every epoch before, so that a wrong checkpoint shows. If its tuner
# is killed, it does not end by itself.
SCRIPT = """
import os, time
get = os.environ.get
x, seed = float(get("HPOTUNE_PARAM_X")), int(get("HPOTUNE_SEED"))
first, last = int(float(get("HPOTUNE_PREVIOUS_BUDGET") or 0)), int(float(get("HPOTUNE_BUDGET") or 1))
path = get("HPOTUNE_CHECKPOINT_DIR") + "/epoch-%d"
state = 0.0
if first:
    try:
        with open(path % first) as file:
            state = float(file.read())
    except FileNotFoundError:
        first = 0
def stay():
    while os.path.exists("stay-" + get("FAULT_CAMPAIGN_CALL")):
        time.sleep(0.05)
for epoch in range(first + 1, last + 1):
    stay()
    time.sleep(PAUSE)
    state = state / 2 + (x - 0.3) ** 2 + seed % 1000 / 1e6
    print("epoch=%d loss=%r" % (epoch, state + 1 / epoch), flush=True)
    with open(path % epoch + ".part", "w") as file:
        file.write(repr(state))
    os.replace(path % epoch + ".part", path % epoch)
stay()
if 0.8 < x < 0.9:
    raise SystemExit(3)
"""
# What a trial may do before that.
GATED = """
import os, time
while not os.path.exists("go"):
    time.sleep(0.01)
"""
WITH_A_CHILD = 'import os; os.spawnv(os.P_NOWAIT, "/bin/sleep", ["sleep", "600"])\n'
WITH_A_DAEMON = """
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv("/bin/sleep", ["sleep", "600"])
    os._exit(0)
os.wait()
"""


def is_scheduled(strategy: str) -> bool:
    """Whether it gives trials their budget in parts, and so promotes some of them."""
    return STRATEGIES[strategy].scheduler != "full"


def study(strategy: str, workers: int, **changes: Any) -> dict[str, Any]:
    """The content of a study file, for a script `train.py` beside it. A change of None leaves a key out."""
    numbers = [round(0.05 + 0.125 * i, 3) for i in range(TRIALS)]
    data: dict[str, Any] = {
        "name": "study",
        "command": [sys.executable, "-S", "-E", "train.py"],
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {
            "x": {"type": "ordinal", "choices": numbers}
            if strategy == "grid"
            else {"type": "float", "low": 0.0, "high": 1.0}
        },
        "strategy": strategy,
        "limits": {"trials": TRIALS},
        "workers": workers,
        "seed": 11,
    }
    if is_scheduled(strategy):
        data |= {"strategy": {"name": strategy, "eta": 2}, "budget": {"name": "epochs", "min": 1, "max": 4}}
    elif strategy in ("sobol", "tpe"):
        data["budget"] = {"name": "epochs", "max": 3}
    data |= changes
    data["trial"] = {"grace": GRACE, **(data.get("trial") or {})}
    return {key: value for key, value in data.items() if value is not None}

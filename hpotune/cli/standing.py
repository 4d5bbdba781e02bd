"""How a run stands: whether a tuner works on it, how far it has come, and what is running. For `status` and `list`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from hpotune.history import History
from hpotune.journal import Holder, holder
from hpotune.journal.folder import RunFolder
from hpotune.summary import budget_name, budget_text, finish_words

Life = Literal["running", "ending", "finished", "interrupted"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A run's history, and who holds it (None: nobody)."""

    folder: RunFolder
    history: History
    tuner: Holder | None

    @property
    def life(self) -> Life:
        """`ending`: its tuner has died, the last trials are being ended. `interrupted`: `resume` goes on with it."""
        if self.tuner is not None:
            return "ending" if self.tuner.alive is False else "running"
        finished = self.history.finished
        return "interrupted" if finished in {None, "interrupted"} else "finished"

    @property
    def words(self) -> str:
        """The life in words, for people."""
        match self.life:
            case "running" | "ending":
                if self.tuner is None:
                    return self.life
                suspended = f"; suspended, `kill -CONT {self.tuner.pid}` lets it go on" if self.tuner.suspended else ""
                return f"{self.life} (process {self.tuner.pid} on {self.tuner.host}{suspended})"
            case "finished":
                return f"finished: {finish_words(self.history)}"
            case "interrupted":
                return "interrupted"

    def as_json(self) -> dict[str, Any]:
        """What a script may want to know."""
        history = self.history
        best = history.best
        return {
            "run": str(self.folder.path),
            "study": history.study.name,
            "state": self.life,
            "finished": history.finished,
            "pid": self.tuner.pid if self.tuner else None,
            "host": self.tuner.host if self.tuner else None,
            "trials": len(history.trials),
            "limits": history.study.limits.model_dump(mode="json"),
            "states": {state: count for state, count in history.states.items() if count},
            "failures": {cause: count for cause, count in history.causes.items() if count},
            "seconds": history.elapsed,
            "sessions": history.sessions,
            "running": [self._running(number) for number in history.open],
            "best": None
            if best is None
            else {
                "trial": best.number,
                "value": history.value(best.loss),
                "budget": best.budget,
                "config": best.config,
            },
        }

    def _running(self, number: int) -> dict[str, Any]:
        job = self.history.open[number]
        budget, loss = job.last or (None, None)
        return {
            "trial": number,
            "job": len(self.history.trials[number].jobs) - 1,
            "attempt": job.attempt,
            "to": job.to,
            "budget": budget,
            "value": self.history.value(loss),
        }


def standing(folder: RunFolder) -> Standing:
    """Read how a run stands.

    Raises:
        RunError: its journal cannot be read or is damaged.
    """
    tuner = holder(folder.path)  # asked first: a run that ends in between counts as running, not as interrupted
    return Standing(folder, folder.history(), tuner)


def at_budget(history: History, budget: float | None) -> str:
    """` at 27 epochs`; empty without a budget."""
    return "" if budget is None else f" at {budget_text(budget, budget_name(history))}"

"""What the campaign has found, fault by fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fault_campaign.case import KINDS, Complaint


class Table:
    """Counts. A case that complains twice of one kind counts once."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.tried: Counter[str] = Counter(dict.fromkeys(faults, 0))
        self.missed: Counter[str] = Counter()
        self._bad: Counter[tuple[str, str]] = Counter()

    def enter(self, fault: str, tried: int, complaints: Iterable[Complaint]) -> None:
        """What came of a case."""
        self.tried[fault] += tried
        for kind in {complaint.kind for complaint in complaints}:
            self._bad[fault, kind] += 1

    @property
    def clean(self) -> bool:
        """Whether every fault was tried, and nothing was found."""
        return not self._bad and all(self.tried.values())

    def rows(self) -> list[dict[str, int | str]]:
        """A row a fault, and the sum."""
        rows: list[dict[str, int | str]] = [self._row(fault, [fault]) for fault in self.tried]
        return [*rows, self._row("all", list(self.tried))]

    def _row(self, name: str, faults: list[str]) -> dict[str, int | str]:
        counts: dict[str, int] = {kind: sum(self._bad[fault, kind] for fault in faults) for kind in KINDS}
        return {"fault": name, "tried": sum(self.tried[fault] for fault in faults), **counts}

    def markdown(self) -> str:
        """For people."""
        heads = ["fault", "tried", *KINDS]
        lines = [f"| {' | '.join(heads)} |", f"|---{'|--:' * (len(heads) - 1)}|"]
        lines += [f"| {' | '.join(str(row[head]) for head in heads)} |" for row in self.rows()]
        return "\n".join(lines)

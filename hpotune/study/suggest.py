"""Words for a name that does not exist: the nearest one that does."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` was most likely meant to be, None if none is near. Case does not matter."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    folded = word.casefold()
    found = get_close_matches(folded, list(by_folded), n=1, cutoff=0.6)
    # An abbreviation is too short to be close.
    found = found or [candidate for candidate in by_folded if len(folded) > 1 and candidate.startswith(folded)]
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """`did you mean 'x'?`, or an empty string if no candidate is near."""
    found = nearest(word, candidates)
    return f"did you mean {found!r}?" if found is not None else ""


def listed(words: Iterable[str], last: str = "or") -> str:
    """`a, b or c`; there must be one at least."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail

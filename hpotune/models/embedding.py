"""From points of the unit cube to features between which the Euclidean distance means something.

Notation
    X    points, shape (n, d); nan where a coordinate is inactive
    Z    features, shape (n, p); `groups` (p,) says of each the coordinate that it comes from
    k    number of choices of an unordered coordinate, 0 for a number

    number       z = x                             d^2 = (x - x')^2
      inactive   z = 1/2, and a feature h          d^2 = (x - 1/2)^2 + h^2 to an active one, 0 to an inactive one
    choice       z = e_c / sqrt(2), one-hot        d^2 = 1 if c != c', else 0           (Hamming)
      inactive   a choice of its own

Every distance between two points is thus that of an embedding, so that a kernel which is positive definite in the
features is so for conditional and mixed spaces, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hpotune.models.normal import Array

INACTIVE = 0.5  # h: as far from the middle of the range as its ends are
_ONE_HOT = 0.5**0.5


class Embedding:
    """The features of a space with given coordinates."""

    def __init__(self, choices: Sequence[int], conditional: Sequence[bool]) -> None:
        """Lay out the features.

        Args:
            choices: for each coordinate its number of unordered choices, 0 if it is a number.
            conditional: whether the coordinate may be inactive.
        """
        self.dimension = len(choices)
        groups: list[int] = []
        numbers, flags, listed = [], [], []
        for coordinate, (count, optional) in enumerate(zip(choices, conditional, strict=True)):
            if count:
                listed.append((coordinate, count, len(groups)))
                groups += [coordinate] * (count + optional)
            else:
                numbers.append((coordinate, len(groups)))
                groups.append(coordinate)
                if optional:
                    flags.append((coordinate, len(groups)))
                    groups.append(coordinate)
        self.groups = np.array(groups, np.int64)
        self.numbers = _pairs(numbers)  # (coordinate, feature) of each number, shape (2, .)
        self._flags = _pairs(flags)
        self._listed = _pairs([(coordinate, start) for coordinate, _, start in listed])
        self._counts = np.array([count for _, count, _ in listed], np.int64)

    def features(self, points: Array) -> Array:
        """Z of X, shape (n, p)."""
        z = np.zeros((len(points), len(self.groups)))
        coordinates, columns = self.numbers
        values = points[:, coordinates]
        z[:, columns] = np.where(np.isnan(values), 0.5, values)
        coordinates, columns = self._flags
        z[:, columns] = np.isnan(points[:, coordinates]) * INACTIVE
        if len(self._counts):
            coordinates, starts = self._listed
            values = points[:, coordinates]
            chosen = np.minimum(np.where(np.isnan(values), 0.0, values) * self._counts, self._counts - 1.0)
            number = np.where(np.isnan(values), self._counts, chosen.astype(np.int64))
            z[np.arange(len(points))[:, None], starts + number] = _ONE_HOT
        return z


class WithBudget(Embedding):
    """With one feature and one group more, the last: the logarithm of the budget, relative to that asked about.

    `features` are those at the budget that is asked about, shape (n, p + 1).
    """

    def __init__(self, choices: Sequence[int], conditional: Sequence[bool]) -> None:
        """See `Embedding`."""
        super().__init__(choices, conditional)
        self.groups = np.append(self.groups, self.dimension)
        self.dimension += 1

    def at(self, points: Array, logarithms: Array) -> Array:
        """Z of X at these budgets, shape (n, p + 1)."""
        z = self.features(points)
        z[:, -1] = logarithms
        return z


def _pairs(pairs: list[tuple[int, int]]) -> npt.NDArray[np.int64]:
    return np.array(pairs, np.int64).reshape(-1, 2).T

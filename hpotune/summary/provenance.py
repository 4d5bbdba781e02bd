"""Where a trial's configuration came from: the kinds there are. `proposal_record` reads them from a trial's record.

Values are the metric's, with its own sign. `other` holds what a record says beside what this version has names for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The user asked for it: entry `index` (from 0) of the study's `enqueue`."""

    by: str
    index: int


@dataclass(frozen=True, slots=True)
class Default:
    """It is the configuration of defaults."""

    by: str


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A configuration is run again, to confirm its value."""

    by: str
    replicate: int | None


@dataclass(frozen=True, slots=True)
class Point:
    """Point `index` (from 0) of a fixed order: of the grid, of the Sobol sequence, or of a design of so many points."""

    by: str
    index: int
    design: int | None
    other: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draw:
    """A draw from the space, by a searcher that always draws or `because` of `too_few` observations or a `fraction`."""

    by: str
    because: str | None
    observations: int | None
    needed: int | None
    fraction: float | None
    other: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Leftover:
    """The searcher's own order held nothing new: one of the configurations that were left."""

    by: str


@dataclass(frozen=True, slots=True)
class Length:
    """The length scale of a parameter, as a share of its range; a short one means that the parameter matters."""

    parameter: str
    length: float
    matters: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """Hyperparameters of a Gaussian process, fitted when so many trials had ended; the shortest length scale first."""

    ended: int | None
    lengths: tuple[Length, ...]
    other: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AtBudget:
    """What a model learnt at one budget: from so many observations, by its own view so correlated with the highest."""

    budget: float
    observations: int
    correlation: float


@dataclass(frozen=True, slots=True)
class Model:
    """A Gaussian process chose it among candidates; `by` is `list` where these were all configurations left.

    expected, sd, incumbent   what it expected of the trial, and of the best until then: values of the metric
    budgets                   what it learnt from, by budget, the highest first; empty where there is but one
    success                   the chance that it gave the trial not to fail
    fitted, fitted_for        trials that had ended at the last fit of its hyperparameters, and whom it was made for
    fit                       there if that is this trial
    fallback                  the numerical failure that was got round
    """

    by: str
    expected: float
    sd: float
    incumbent: float | None
    acquisition: str | None
    score: float | None
    observations: int
    pending: int | None
    failed: int | None
    budgets: tuple[AtBudget, ...]
    success: float | None
    candidates: int | None
    fitted: int | None
    fitted_for: int | None
    fit: Fit | None
    fallback: str | None
    other: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Density:
    """A pair of kernel densities, of good and of bad trials, chose it; `log_ratio` is that of good to bad."""

    by: str
    log_ratio: float
    good: int
    bad: int
    observations: int
    budget: float | None
    pending: int | None
    failed: int | None
    candidates: int | None
    fallback: str | None
    other: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A record that this version has no names for, or that lacks what should be in it."""

    by: str | None
    other: Mapping[str, Any]


Provenance: TypeAlias = Enqueued | Default | Confirmation | Point | Draw | Leftover | Model | Density | Unknown

"""A range for a number, from its name and its default.

log rate      lr, weight_decay, alpha, C, …       float, log, two decades to either side of the default
share         dropout, momentum, subsample, …     float in [0, 1], from the end that the default is near
batch         batch_size, bs                      ordinal, doubling around the default
size          any other int                       int, a quarter to four times the default, log where that spans 8x
scale         any other float                     float, log, one decade to either side
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from hpotune.cli.scaffold.goals import vocabulary, words
from hpotune.cli.scaffold.options import Option, Scalar

Fields = dict[str, "Scalar | list[Scalar]"]

_TINY = 1e-15  # as good as zero: no range around it means anything
_RATES = vocabulary("""
    lr wd l1 l2 eta reg regularization regularisation alpha lam lambda lambd eps epsilon tol c penalty ridge
""")
_SHARES = vocabulary("""
    dropout drop droprate prob probability momentum beta beta1 beta2 rho ratio fraction frac subsample colsample bytree
    smoothing mixup cutmix decay polyak tau discount quantile p
""")
_HIGH_SHARES = vocabulary("momentum beta beta1 beta2 rho decay polyak discount subsample colsample bytree")
_BATCHES = vocabulary("batch bs batchsize minibatch")
_SIZES = vocabulary("hidden units width dim dims embed embedding neurons filters channels leaves")
_DEPTHS = vocabulary("layers layer depth blocks")


def propose_number(name: str, option: Option) -> Fields | None:
    """The fields of the parameter for a number option; None if its name and default do not suggest any.

    `option.default` may be None: then only a name with a usual range gets one.
    """
    parts = frozenset(words(name))
    if option.kind == "int" or (option.kind == "unknown" and _is_batch(parts)):
        fields = _batch(option) if _is_batch(parts) else _size(parts, option)
    else:
        fields = _float(parts, option)
    return None if fields is None else _within(fields, option)


def is_number_name(name: str) -> bool:
    """Whether a name is one that has a usual range, though nothing tells that it is a number."""
    parts = frozenset(words(name))
    return _is_batch(parts) or _is_rate(parts) or bool(parts & (_SHARES | _SIZES | _DEPTHS))


def _is_batch(parts: Iterable[str]) -> bool:
    return bool(_BATCHES.intersection(parts))


def _is_rate(parts: frozenset[str]) -> bool:
    return bool(parts & _RATES) or {"weight", "decay"} <= parts or {"learning", "rate"} <= parts


def _float(parts: frozenset[str], option: Option) -> Fields | None:
    default = option.default if isinstance(option.default, int | float) else None
    if default is not None and abs(default) < _TINY:
        default = 0.0
    if _is_rate(parts):
        return _rate(parts, default)
    if parts & _SHARES or ("gamma" in parts and default is not None and 0.5 <= default <= 1):
        return _share(parts, default)
    if default is None:
        return _size(parts, option) if option.kind == "unknown" else None
    if default == 0:
        return _linear(0.0, 1.0, 0.0)
    if default < 0:
        return _linear(2 * default, 0.0, default)
    factor = 100 if default < 0.01 else 10
    high = default * factor
    return _log(default / factor, min(high, 1.0) if default < 1 else high, default)  # below 1 it may be a share


def _rate(parts: frozenset[str], default: float | None) -> Fields:
    if default is None or default <= 0:  # a weight decay of 0 means off; a log range cannot hold it
        low, high = (1e-5, 0.1) if parts & {"lr", "learning"} else (1e-3, 1e3) if "c" in parts else (1e-6, 0.1)
        return _log(low, high, None)
    top = default * 100
    return _log(default / 100, min(top, 1.0) if default < 1 and "c" not in parts else top, default)


def _linear(low: float, high: float, default: float | None) -> Fields:
    fields: Fields = {"type": "float", "low": nice(low), "high": high}
    return fields if default is None else {**fields, "default": default}


def _log(low: float, high: float, default: float | None) -> Fields:
    fields: Fields = {"type": "float", "low": nice(low), "high": nice(high), "log": True}
    return fields if default is None else {**fields, "default": default}


def _share(parts: frozenset[str], default: float | None) -> Fields:
    if default is None:
        low, high = (0.5, 0.99) if parts & _HIGH_SHARES else (0.0, 0.5)
        return _linear(low, high, None)
    if default > 1 or default < 0:
        return _log(default / 10, default * 10, default) if default > 0 else _linear(2 * default, 0.0, default)
    if default == 1:
        low, high = 0.5, 1.0
    elif default >= 0.99:
        low, high = 0.9, max(0.9999, default)
    elif default > 0.5:
        low, high = 0.5, max(0.99, default)
    else:
        low, high = 0.0, 0.5
    return _linear(low, high, default)


def _batch(option: Option) -> Fields:
    default = option.default if isinstance(option.default, int) and option.default > 0 else None
    middle = default or 64
    choices: list[Scalar] = [middle // 4, middle // 2, middle, middle * 2, middle * 4]
    kept: list[Scalar] = sorted({int(choice) for choice in choices if int(choice) >= 1})
    fields: Fields = {"type": "ordinal", "choices": kept}
    return fields if default is None else {**fields, "default": default}


def _size(parts: frozenset[str], option: Option) -> Fields | None:
    default = option.default if isinstance(option.default, int) else None
    if default is None:
        if parts & _DEPTHS:
            return {"type": "int", "low": 1, "high": 8}
        return {"type": "int", "low": 32, "high": 512, "log": True} if parts & _SIZES else None
    if default < 0:  # -1 and its like mean "off" or "all"
        return None
    if default == 0:
        return {"type": "int", "low": 0, "high": 10, "default": 0}
    low, high = max(1, default // 4), max(default * 4, 3)
    fields: Fields = {"type": "int", "low": low, "high": high}
    return {**fields, **({"log": True} if high >= 8 * low and high > 16 else {}), "default": default}


def _within(fields: Fields, option: Option) -> Fields | None:
    """The range cut to the option's own bounds; None if nothing is left. A default outside the range is left out."""
    fields = dict(fields)
    low = -math.inf if option.low is None else option.low
    high = math.inf if option.high is None else option.high
    default = fields.get("default")
    if isinstance(choices := fields.get("choices"), list):
        kept: list[Scalar] = [choice for choice in choices if isinstance(choice, int) and low <= choice <= high]
        fields["choices"] = kept
        return fields if len(kept) > 1 and (default is None or default in kept) else None
    first, last = fields["low"], fields["high"]
    if not isinstance(first, int | float) or not isinstance(last, int | float):
        return None
    first, last = max(first, low), min(last, high)
    if fields["type"] == "int":
        first, last = math.ceil(first), math.floor(last)
    else:
        first, last = float(first), float(last)
    fields["low"], fields["high"] = first, last
    if isinstance(default, int | float) and not first <= default <= last:
        del fields["default"]
    return fields if first < last else None


def nice(number: float) -> float:
    """Rounded to two significant digits."""
    return float(f"{number:.2g}")

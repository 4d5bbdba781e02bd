"""What `check-resume` found, in words, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from hpotune.study import Study
from hpotune.summary.resuming import Finding
from hpotune.summary.text import budget_text, number_text, printable

_JOBS = {
    "first": "the first job",
    "resumed": "the job that was to go on from the checkpoint",
    "straight": "a job that trains in one go",
}
_SAVE = (
    "save model, optimiser, random states and position in HPOTUNE_CHECKPOINT_DIR at the end of a job, and load them if"
    " HPOTUNE_PREVIOUS_BUDGET is above 0"
)
_NO_RESUME = "or say that it always trains from the start: `budget: {resume: false}`"


def resuming_words(finding: Finding, study: Study) -> list[str]:
    """The verdict on the first line, then what supports it, then what to do."""
    unit = study.budget.name if study.budget is not None else ""
    return list(_words(finding, unit, printable(study.metric.name), _key(study)))


def _words(finding: Finding, unit: str, metric: str, key: str) -> Iterator[str]:
    who = _JOBS.get(finding.job, "")
    at, to, reached = (_budget(each, unit) for each in (finding.at, finding.to, finding.reached))
    match finding.kind:
        case "right":
            yield "the checkpoints are right: training in two jobs ends as training in one"
            yield _yardstick(finding, metric)
        case "unclear":
            yield "this cannot tell whether the checkpoints are right"
            yield from _unclear(finding, metric)
        case "different" | "anew" | "schedule":
            yield from _different(finding, at, metric)
        case "started_over":
            yield f"the checkpoint is ignored: asked to go on from {at}, it began again from the start"
            yield f"  {_SAVE}"
            yield f"  {_NO_RESUME}"
        case "empty":
            yield f"there is no checkpoint: after training to {to}, HPOTUNE_CHECKPOINT_DIR is empty"
            yield f"  {_SAVE}"
            yield f"  {_NO_RESUME}"
        case "past" | "short":
            yield from _wrong_end(finding, who, reached, to)
        case "failed":
            yield f"{who} failed: {finding.failure}"
            if finding.job == "resumed":
                yield "  it trains from the start without trouble, so look at what loads the checkpoint"
        case _:
            yield from _incomparable(finding, who, metric, unit, key)


def _incomparable(finding: Finding, who: str, metric: str, unit: str, key: str) -> Iterator[str]:
    if finding.kind == "silent":
        yield f"{who} (to {_budget(finding.to, unit)}) gave no {metric}"
        if finding.job == "resumed":
            yield "  is its state kept outside of HPOTUNE_CHECKPOINT_DIR, where another training has found it, or left"
            yield "  its own in the meantime?"
        yield "  `hpotune try` shows what it prints, and which lines count; --from and --to choose other budgets"
    elif finding.kind == "no_budget":
        yield f"no report of {who} names its {printable(unit)}, so whether it goes on cannot be told"
        yield f"  print it on the line of the metric: `{key}=3 {metric}=0.5`"
    else:
        yield f"no {printable(unit)} was reported both by the resumed job and by both straight ones"
        yield "  report at HPOTUNE_BUDGET at least, whatever the job began with"


def _different(finding: Finding, at: str, metric: str) -> Iterator[str]:
    much = f"{metric} differs by {number_text(finding.distance, 3)} at {at}"
    if finding.largest > finding.distance:
        much += f", by up to {number_text(finding.largest, 3)} later"
    if finding.kind == "schedule":
        yield "what a job does depends on where it is to end, so no checkpoint can be right"
        yield f"  before anything was resumed, {much} between a job that ends early and one that goes on"
        yield f"  {_spread(finding)}"
        yield "  usual reason: a learning-rate schedule over HPOTUNE_BUDGET; let it depend on the position alone, or on"
        yield "  the whole length that you mean to train"
        return
    if finding.kind == "anew":
        yield "the checkpoint is not used: the job counts on, but with a model that begins anew"
        yield f"  {much}, and its values are those of the beginning; {_spread(finding)}"
        yield f"  {_SAVE}"
        return
    yield "the checkpoints are wrong: training in two jobs ends differently from training in one"
    yield f"  {much}; {_spread(finding)}"
    yield "  usual reasons: the optimiser's state is not saved; a learning-rate schedule that begins anew, or that"
    yield "  depends on HPOTUNE_BUDGET; random states (data order, dropout, augmentation) not saved; the best so far"
    yield "  or a counter of early stopping, not saved; weights averaged over training not saved"


def _unclear(finding: Finding, metric: str) -> Iterator[str]:
    if finding.movement == 0:
        yield f"  {metric} is the same at every report, so a job that begins anew looks like one that goes on"
        yield "  choose budgets at which it moves: --from, --to; or a configuration that learns: --set"
        return
    yield (
        f"  the same training differs from itself by {number_text(finding.spread, 3)}, and all that {metric} moves is"
        f" {number_text(finding.movement, 3)}"
    )
    yield "  seed everything from HPOTUNE_SEED, or choose budgets further apart: --from, --to"


def _wrong_end(finding: Finding, who: str, reached: str, to: str) -> Iterator[str]:
    if finding.same_end:
        yield f"it trains to {reached} whatever HPOTUNE_BUDGET says"
        yield f"  {who} was to train to {to}: let HPOTUNE_BUDGET take the place of the script's own option"
        yield "  (`${budget}` in the command hands it over as a flag)"
    elif finding.kind == "past":
        yield f"{who} went on to {reached}, but HPOTUNE_BUDGET was {to}"
        yield "  train to HPOTUNE_BUDGET, counted from the very start, and no further; not so many more, and not to an"
        yield "  option of the script's own (`${budget}` in the command hands it over as a flag)"
    else:
        yield f"the last report of {who} is at {reached}, short of {to}, which was HPOTUNE_BUDGET"
        yield "  train to HPOTUNE_BUDGET, not to an option of the script's own, and report there"


def _yardstick(finding: Finding, metric: str) -> str:
    if finding.spread == 0:
        return f"  every {metric} is the same to the last digit"
    return f"  no {metric} lies further off than two straight runs do: {_spread(finding)}"


def _spread(finding: Finding) -> str:
    if finding.spread == 0:
        return "two straight runs agree to the last digit"
    return (
        f"two straight runs differ by up to {number_text(finding.spread, 3)}"
        f" (tolerated: {number_text(finding.tolerance, 3)})"
    )


def _budget(budget: float | None, unit: str) -> str:
    return "" if budget is None else budget_text(budget, unit)


def _key(study: Study) -> str:
    return printable(study.budget.key or study.budget.name) if study.budget is not None else "epoch"

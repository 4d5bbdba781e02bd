"""Whether a metric is to be made small or large, as its name tells."""

from __future__ import annotations

import re
from typing import Literal

_NAME_PART = re.compile(r"[a-z0-9]+")


def vocabulary(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


_MINIMIZE = vocabulary("""
    loss error err errors mse rmse mae mape msle rmsle medae nll logloss perplexity ppl wer cer ter fid kid lpips
    bpc bpb bpd regret cost deviance brier ece divergence kl distance time latency seconds memory hinge eer energy
    residual risk
""")
_MAXIMIZE = vocabulary("""
    acc accuracy acc1 acc5 top1 top5 auc auroc auprc roc ap map f1 f2 fbeta score r2 bleu rouge meteor iou miou
    jaccard dice precision recall sensitivity specificity psnr ssim reward return returns ndcg mrr hits kappa mcc em
    throughput likelihood elbo correlation pearson spearman sharpe gain success wins winrate silhouette gini
""")
_NEGATE = vocabulary("neg negative minus")


def words(name: str) -> tuple[str, ...]:
    """The words of a name, lower case: `val/meanLoss@5` gives val, mean, loss, 5."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return tuple(_NAME_PART.findall(spaced.lower()))


def guess_goal(metric: str) -> Literal["minimize", "maximize"] | None:
    """The goal that the metric's name implies, None where it implies none or both.

    `val_loss` is to be minimised, `accuracy` maximised, scikit-learn's `neg_mean_squared_error` maximised.
    """
    parts = words(metric)
    small = any(part in _MINIMIZE for part in parts)
    large = any(part in _MAXIMIZE for part in parts)
    if small == large:
        return None
    return "minimize" if small != bool(_NEGATE.intersection(parts)) else "maximize"

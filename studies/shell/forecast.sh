#!/bin/sh
# Holt's linear smoothing: forecasts every month of sales.txt from the months before it and prints the mean squared error.
# Two weights between 0 and 1 say how fast its level and its trend follow the data.
level_weight=${HPOTUNE_PARAM_LEVEL:-0.5}
trend_weight=${HPOTUNE_PARAM_TREND:-0.1}

LC_ALL=C exec awk -v a="$level_weight" -v b="$trend_weight" '
    /^#/     { next }
    ++n == 1 { level = $2; next }
    n == 2   { trend = $2 - level; level = $2; next }
    {
        error = $2 - (level + trend)
        sum += error * error
        before = level
        level = a * $2 + (1 - a) * (level + trend)
        trend = b * (level - before) + (1 - b) * trend
    }
    END { printf "months=%d loss=%.6f\n", n - 2, sum / (n - 2) }
' "$(dirname "$0")/sales.txt"

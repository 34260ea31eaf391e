"""How few values are too few: share of intervals that hold the truth, by number of values.

    python benchmarks/interval_coverage.py [--sizes 4,5,6,8,15,20,36,128] [--repetitions 1000] [--level 0.95]

Time constants as in the papers and as training changes them: normal, 80 ± 20 ms, before; each multiplied by
exp(N(0.1, 0.4)) after, as in `tests/analyses/time_constants/test_coverage.py`. Of each number of neurons the share of
bootstrap intervals (BCa) that hold the median, the standard deviation and the skewness of the distribution, before and
after, and of the displacement (Wasserstein) the share that hold it and that have no upper bound.
"""

import argparse
import warnings

import numpy as np
from scipy import stats

from chronaxie.analyses.statistics.distance_intervals import wasserstein_interval_kernel
from chronaxie.analyses.statistics.distances import wasserstein_kernel
from chronaxie.analyses.statistics.intervals import bootstrap_kernel

SIZES = (4, 5, 6, 8, 15, 20, 36, 128)
MANY = 2_000_000  # values that stand for the distribution
RESAMPLES = 400


def median(values, axis=-1):
    return np.median(values, axis=axis)


def deviation(values, axis=-1):
    return np.std(values, axis=axis, ddof=1)


def skewness(values, axis=-1):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a resample of one value has none
        return stats.skew(values, axis=axis, bias=False)


STATISTICS = (median, deviation, skewness)


def draw(rng, shape):
    """Time constants before and after training."""
    before = stats.norm(80, 20).rvs(shape, random_state=rng).clip(4)
    return before, before * np.exp(rng.normal(0.1, 0.4, shape))


def share(interval, truth):
    """Share of intervals that hold the truth; one that is not there (NaN) does not."""
    low, high = interval
    return float(((low <= truth) & (truth <= high)).mean())


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=lambda text: tuple(map(int, text.split(","))), default=SIZES)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--level", type=float, default=0.95)
    chosen = parser.parse_args()
    truth = draw(np.random.default_rng(1), (MANY,))
    distance = float(wasserstein_kernel(truth[1], truth[0]))
    print("| neurons | median | standard deviation | skewness | displacement | without upper bound |")
    print("|---" * 6 + "|", flush=True)
    for size in chosen.sizes:
        rng = np.random.default_rng(size)
        samples = draw(rng, (chosen.repetitions, size))
        cells = []
        for statistic in STATISTICS:
            found = [
                share(
                    bootstrap_kernel(
                        x, statistic, rng=rng, resamples=RESAMPLES, level=chosen.level, method="bca"
                    ),
                    float(statistic(whole)),
                )
                for x, whole in zip(samples, truth, strict=True)
            ]
            cells.append(" / ".join(f"{value:.0%}" for value in found))
        before, after = samples
        got = wasserstein_interval_kernel(
            after, before, rng=rng, resamples=300, level=chosen.level, paired=True
        )
        print(
            f"| {size} | {' | '.join(cells)} | {share(got, distance):.0%} | {np.isinf(got[1]).mean():.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

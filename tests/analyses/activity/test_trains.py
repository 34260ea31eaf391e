"""Statistics of spike trains against elephant, against numbers by hand, and streamed against whole."""

import warnings

import numpy as np
import pytest

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.activity.trains import Runs, Trains, TrainSums, train_statistics_kernel, whole

# elephant and neo are well kept, but their units' package warns of NumPy's deprecations when it is imported
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import quantities as pq
    from elephant import statistics as elephant
    from neo import SpikeTrain


def gamma_trains(rng, *, size=20, trials=6, duration=2.0):
    """Events of gamma renewal processes of different rates and regularity, one neuron silent."""
    events = []
    for k in range(trials):
        for n in range(size - 1):
            shape = 0.5 + n / 4
            times = np.cumsum(rng.gamma(shape, 1 / (shape * (2 + 3 * n)), 400))
            times = times[times < duration]
            events.append(np.stack([np.full(len(times), k), np.full(len(times), n), times]))
    trial, neuron, time = np.concatenate(events, axis=1)
    return trial.astype(int), neuron.astype(int), time


def test_agrees_with_elephant_on_every_train():
    rng = np.random.default_rng(3)
    trial, neuron, time = gamma_trains(rng)
    for k in range(6):
        part = trial == k
        got = train_statistics_kernel(neuron[part], time[part], size=20, duration=2.0)
        for n in range(20):
            intervals = np.diff(np.sort(time[part & (neuron == n)]))
            if len(intervals) < 2:
                assert np.isnan(got.cv[n])
                continue
            # sums are taken in another order: rounding, far below the 1e-6 that is asked for
            np.testing.assert_allclose(got.cv[n], elephant.cv(intervals), rtol=1e-9)
            np.testing.assert_allclose(got.lv[n], elephant.lv(intervals), rtol=1e-9)
            np.testing.assert_allclose(got.cv2[n], elephant.cv2(intervals), rtol=1e-9)


def test_fano_factor_agrees_with_elephant_over_trials_and_windows():
    rng = np.random.default_rng(4)
    trial, neuron, time = gamma_trains(rng)
    for window in (None, 0.25):
        got = train_statistics_kernel(
            neuron, time, trial=trial, trials=6, size=20, duration=2.0, window=window
        )
        width = window or 2.0
        for n in range(20):
            pieces = [
                SpikeTrain(
                    time[(trial == k) & (neuron == n) & (time // width == w)] * pq.s,
                    t_start=w * width * pq.s,
                    t_stop=(w + 1) * width * pq.s,
                )
                for k in range(6)
                for w in range(round(2.0 / width))
            ]
            np.testing.assert_allclose(got.fano[n], elephant.fanofactor(pieces), rtol=1e-12)


def test_pooled_over_trials_no_interval_crosses_a_trial():
    # intervals 1, 3 in trial 0, 2 in trial 1; the step from 5 to the next trial's 1 is none
    got = train_statistics_kernel(
        np.zeros(5, int), [1.0, 2.0, 5.0, 1.0, 3.0], trial=[0, 0, 0, 1, 1], trials=2, size=1, duration=6.0
    )
    assert got.cv[0] == pytest.approx(np.std([1, 3, 2]) / 2, rel=1e-12)
    assert got.lv[0] == pytest.approx(3 * (2 / 4) ** 2, rel=1e-12)
    assert got.cv2[0] == pytest.approx(2 * 2 / 4, rel=1e-12)
    assert got.fano[0] == pytest.approx(0.25 / 2.5, rel=1e-12)
    assert got.lifetime[0] == pytest.approx(2.5**2 / 6.5, rel=1e-12)
    assert got.trial_spikes.tolist() == [3, 2]


def test_a_regular_train_has_cv_zero_even_late():
    # intervals of 10 ms after 1e4 s: times are rounded to 1e-12 s, and of the squares 1e-16 is left, of its root 1e-8
    time = 1e4 + 0.01 * np.arange(1000)
    got = train_statistics_kernel(np.zeros(1000, int), time, size=1, duration=2e4)
    assert 0 <= got.cv[0] < 1e-7
    assert got.lv[0] < 1e-18


def test_too_short_trains_are_nan_and_nothing_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = train_statistics_kernel([1, 2, 2], [0.1, 0.2, 0.5], size=3, duration=1.0)
    for values in (got.cv, got.lv, got.cv2, got.fano):
        assert np.isnan(values).all()
    assert np.isnan(got.lifetime[0])
    assert got.lifetime[1:].tolist() == [1, 1]
    assert got.spikes.tolist() == [0, 1, 2]


def test_two_spikes_at_one_time_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = train_statistics_kernel(np.zeros(4, int), [0.1, 0.1, 0.1, 0.3], size=1, duration=1.0)
    # pairs (0, 0): no difference, and (0, 0.2): 1
    assert got.lv[0] == pytest.approx(3 / 2, rel=1e-12)


@pytest.mark.parametrize("cut", [3, 7, 100])
def test_blocks_of_any_size_give_the_same(cut):
    rng = np.random.default_rng(5)
    trial, neuron, time = gamma_trains(rng)
    order = np.lexsort((time, trial))
    trial, neuron, time = trial[order], neuron[order], time[order]
    whole_run = train_statistics_kernel(
        neuron, time, trial=trial, trials=6, size=20, duration=2.0, step=0.05, window=0.25
    )
    sums = TrainSums(Trains(20, 6, 2.0, 0.05, 0.25))
    for i in range(0, len(time), cut):
        sums.add(trial[i : i + cut], neuron[i : i + cut], time[i : i + cut])
    got = sums.statistics()
    for name in got.__dataclass_fields__:
        # whole numbers are exact; real ones are summed in another order
        np.testing.assert_allclose(getattr(got, name), getattr(whole_run, name), rtol=1e-9, err_msg=name)
    assert got.spikes.tolist() == np.bincount(neuron, minlength=20).tolist()


def test_decision_steps_with_a_spike_are_counted_once():
    # steps of 0.1: 0.0 and 0.05 share one, also across a block; 0.3 is the start of step 3, not the end of step 2
    sums = TrainSums(Trains(1, 2, 1.0, 0.1, 1.0))
    zeros = np.zeros(2, int)
    sums.add(zeros, zeros, np.array([0.0, 0.03])).add(zeros, zeros, np.array([0.05, 0.3]))
    sums.add(zeros + 1, zeros, np.array([0.31, 0.9]))
    assert sums.statistics().active_steps.tolist() == [4]


def test_what_is_left_after_the_last_window_is_not_counted():
    # windows of 0.3 s: counts 1, 0, 1; the spike at 0.95 is after them
    got = train_statistics_kernel(np.zeros(3, int), [0.1, 0.8, 0.95], size=1, duration=1.0, window=0.3)
    assert got.fano[0] == pytest.approx(np.var([1, 0, 1]) / np.mean([1, 0, 1]), rel=1e-12)


@pytest.mark.parametrize("step", [0.3, 2.0])
def test_a_step_that_does_not_divide_the_duration_is_refused(step):
    with pytest.raises(InvalidInput, match=f"train_statistics_kernel: a trial of 1.0 s has .* of {step} s"):
        train_statistics_kernel([0], [0.1], size=1, duration=1.0, step=step)


def test_multiples_of_a_step_are_in_their_own_step():
    n = np.arange(1, 2000)
    for step in (0.1, 0.004, 0.0005, 1 / 3):
        assert (whole(n * step, step) == n).all()


def test_runs_go_on_in_the_next_block():
    runs = Runs(3)
    runs.add(np.array([0, 0, 2]), np.array([False, True]), np.array([1, 1, 1]))
    _, before, after = runs.add(np.array([0, 0, 1, 2]), np.array([False, True, True]), np.array([1, 2, 2, 2]))
    # neuron 0 has 3 of key 1, 1 of key 2; neuron 1 one; neuron 2 one of each
    assert before.tolist() == [2, 0, 0, 0]
    assert after.tolist() == [3, 1, 1, 1]
    assert runs.squares.tolist() == [10, 1, 2]


def test_a_poisson_process_is_one_and_a_bernoulli_process_less():
    rng = np.random.default_rng(6)
    size, steps, p = 40, 50_000, 0.1
    step, neuron = np.nonzero(rng.random((steps, size)) < p)
    got = train_statistics_kernel(neuron, step * 0.001, size=size, duration=50.0, window=0.5)
    # null of discrete steps: Fano 1 − p, CV √(1 − p); 40 × 5000 intervals, 40 × 100 counts: three standard errors
    assert abs(got.cv.mean() - np.sqrt(1 - p)) < 3 / np.sqrt(2 * 40 * 5000)
    assert abs(got.fano.mean() - (1 - p)) < 3 * np.sqrt(2 / (40 * 100)) * (1 - p) + 0.01
    time = np.sort(rng.random(100_000) * 50)
    got = train_statistics_kernel(rng.integers(0, size, 100_000), time, size=size, duration=50.0)
    for values in (got.cv, got.lv, got.cv2):
        assert abs(values.mean() - 1) < 3 * 1.1 / np.sqrt(100_000)


@pytest.mark.filterwarnings("error")
def test_intervals_of_zero_have_no_cv():
    got = train_statistics_kernel(np.zeros(3, int), [0.5, 0.5, 0.5], size=1, duration=1.0)
    assert np.isnan(got.cv[0])
    assert got.lv[0] == 0

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from chronaxie.studies.tasks.ecgsyn import (
    CLASSES,
    Waves,
    integrate,
    phase_labels,
    rr_intervals,
    scale_with_rate,
)

THETA = np.radians([[-70.0, -15.0, 0.0, 15.0, 100.0]])
B = np.array([[0.25, 0.1, 0.1, 0.1, 0.4]])
A = np.array([[[1.2, -5.0, 30.0, -7.5, 0.75], [0.8, -1.0, 12.0, -25.0, 1.0]]])
WAVES = Waves(THETA, B, A)


def omega(time):
    return 2 * np.pi / (0.9 + 0.1 * np.sin(2 * np.pi * 0.3 * time))


def baseline(time):
    return 0.01 * np.sin(2 * np.pi * 0.25 * time)


def run(dt, duration=2.0):
    time = np.arange(2 * round(duration / dt) + 1) * dt / 2
    return integrate(WAVES, omega(time)[:, None], baseline(time)[:, None], dt=dt)


def test_trajectory_is_that_of_an_independent_solver():
    def slope(t, state):
        x, y, z0, z1 = state
        turn, gamma = omega(t), 1 - np.sqrt(x * x + y * y)
        pull = np.zeros(2)
        for i in range(5):
            d = (np.arctan2(y, x) - THETA[0, i] + np.pi) % (2 * np.pi) - np.pi
            pull += A[0, :, i] * d * np.exp(-(d**2) / (2 * B[0, i] ** 2))
        rates = -pull - (np.array([z0, z1]) - baseline(t))
        return [gamma * x - turn * y, gamma * y + turn * x, *rates]

    phase, z = run(0.001)
    time = np.arange(len(z)) * 0.001
    exact = solve_ivp(
        slope, (0, 2), [-1, 0, 0, 0], method="DOP853", t_eval=time, rtol=1e-10, atol=1e-12, max_step=0.01
    )
    # Fourth order at 1 ms: the error is 1e-8 of the peak of 0.045; the phase is off by as little.
    assert np.abs(z[:, 0] - exact.y[2:].T).max() < 1e-8
    turned = np.angle(np.exp(1j * (phase[:, 0] - np.arctan2(exact.y[1], exact.y[0]))))
    assert np.abs(turned).max() < 1e-8


def test_convergence_is_of_fourth_order():
    _, exact = run(0.0005)
    steps = np.array([0.008, 0.004, 0.002])
    errors = [np.abs(run(dt)[1] - exact[:: round(dt / 0.0005)]).max() for dt in steps]
    order = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    # Asymptotically 4; at 8 ms, half the width of a Q wave, the next term still shows.
    assert 3.7 < order < 4.6


def test_rr_has_the_mean_deviation_and_peaks_asked_for():
    # 100 s is one period of all components (multiples of 0.01 Hz): these hold exactly, whatever the phases.
    time = np.arange(1000) * 0.1
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, (3, 50))
    rate, rate_sd = np.array([50.0, 60.0, 90.0]), np.array([1.0, 2.0, 4.0])
    rr = rr_intervals(time, rate, rate_sd, phases, lf_hf_ratio=0.5)
    assert np.allclose(rr.mean(axis=0), 60 / rate, rtol=1e-12)
    # Components below a millionth of the largest are left out.
    assert np.allclose(rr.std(axis=0), 60 * rate_sd / rate**2, rtol=1e-6)
    power = np.abs(np.fft.rfft(rr - rr.mean(axis=0), axis=0)) ** 2
    frequency = np.fft.rfftfreq(1000, 0.1)
    low, high = power[(frequency > 0.05) & (frequency < 0.15)], power[(frequency > 0.2) & (frequency < 0.3)]
    assert np.allclose(low.sum(axis=0) / high.sum(axis=0), 0.5, rtol=1e-5)


def test_rate_scaling():
    theta, b = scale_with_rate(np.tile(THETA, (2, 1)), np.tile(B, (2, 1)), np.array([60.0, 240.0]))
    assert np.array_equal(theta[0], THETA[0])
    assert np.array_equal(b[0], B[0])
    assert np.allclose(np.degrees(theta[1]), [-70 * 2**0.5, -30, 0, 30, 100 * 2**0.5])
    assert np.allclose(b[1], 2 * B[0])


@pytest.mark.parametrize(
    ("degrees", "before", "after"),
    [
        (-98.6, "TP", "P"),
        (-41.4, "P", "PQ"),
        (-26.5, "PQ", "QR"),
        (0.0, "QR", "RS"),
        (26.5, "RS", "ST"),
        (145.8, "ST", "TP"),
    ],
)
def test_labels_change_where_the_table_says(degrees, before, after):
    # Angles rounded to 0.1 degree: 0.1 to either side is on the right side.
    around = np.radians([[degrees - 0.1], [degrees + 0.1]])
    labels = phase_labels(around, WAVES, widths=(2, 2, 2, 2))
    assert [CLASSES[k] for k in labels[:, 0]] == [before, after]


def test_labels_are_periodic_and_cover_the_turn():
    turn = np.linspace(-np.pi, np.pi, 3601)[:, None]
    labels = phase_labels(turn, WAVES, widths=(2, 2, 2, 2))
    assert labels[0] == labels[-1] == CLASSES.index("TP")
    assert np.array_equal(phase_labels(turn + 2 * np.pi, WAVES, widths=(2, 2, 2, 2))[5::10], labels[5::10])
    changes = np.diff(labels[:, 0].astype(int))
    assert changes[changes != 0].tolist() == [-5, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("widths", [(5, 2, 2, 2), (2, 2, 2, 8), (2, 9, 2, 2)])
def test_overlapping_waves_are_refused(widths):
    with pytest.raises(ValueError, match="waves overlap, .*use smaller widths or a lower heart rate"):
        phase_labels(np.zeros((1, 1)), WAVES, widths=widths)

"""The dynamical ECG model, many recordings at once.

McSharry, Clifford, Tarassenko and Smith, IEEE Transactions on Biomedical Engineering 50, 289, 2003.
"""

from dataclasses import dataclass

import numpy as np

CLASSES = ("P", "PQ", "QR", "RS", "ST", "TP")
WAVES = ("P", "Q", "R", "S", "T")


@dataclass(frozen=True, eq=False)
class Waves:
    """Shape of the five waves P, Q, R, S, T of some recordings.

    theta : (recording, wave) position on the cycle, rad, R at 0
    b : (recording, wave) width, rad, > 0
    a : (recording, lead, wave) strength, signed
    """

    theta: np.ndarray
    b: np.ndarray
    a: np.ndarray


def scale_with_rate(theta, b, heart_rate):
    """Positions and widths of the waves at a heart rate, from those at 60 beats a minute.

    With h = sqrt(HR/60): b → h b and θ → θ (√h, h, 1, h, √h).

    Parameters
    ----------
    theta, b : (…, 5) float, rad
        Positions and widths of P, Q, R, S, T at 60 beats per minute.
    heart_rate : (…) float, 1/min, > 0

    Returns
    -------
    theta, b : (…, 5) float, rad

    Notes
    -----
    The scaling is the one of the authors' program, not of the paper.
    """
    h = np.sqrt(np.asarray(heart_rate) / 60)[..., None]
    powers = np.array([0.5, 1.0, 0.0, 1.0, 0.5])
    return theta * h**powers, b * h


def rr_intervals(times, heart_rate, heart_rate_sd, phases, *, lf_hf_ratio=0.5):
    """RR interval over time, with the low- and high-frequency peaks of heart-rate variability.

    RR(t) = 60/HR + Σ_k A_k cos(2π f_k t + φ_k), A_k ∝ √S(f_k), S a sum of Gaussians at 0.1 Hz (LF, Mayer
    waves) and 0.25 Hz (HF, respiration), each 0.01 Hz wide, on f_k = 0.01, 0.02, … The amplitudes are scaled
    so that the expected standard deviation over the phases is 60 sd_HR / HR² seconds. The published program
    uses the inverse Fourier transform at 1 Hz and interpolates; the sum is the same process at any time.

    Parameters
    ----------
    times : (time,) float, s
    heart_rate, heart_rate_sd : (recording,) float, 1/min
    phases : (recording, frequency) float, rad
    lf_hf_ratio : float, >= 0
        Power of the LF peak over that of the HF peak.

    Returns
    -------
    (time, recording) float, s
    """
    f = 0.01 * np.arange(1, phases.shape[1] + 1)
    power = lf_hf_ratio * np.exp(-((f - 0.1) ** 2) / (2 * 0.01**2)) + np.exp(
        -((f - 0.25) ** 2) / (2 * 0.01**2)
    )
    amplitude = np.sqrt(2 * power / power.sum())
    used = amplitude > 1e-6 * amplitude.max()
    turn = 2 * np.pi * f[used] * times[:, None]
    shift, amplitude = phases[:, used].T, amplitude[used, None]
    # einsum adds in one order whatever the number of recordings; a BLAS product would not, to the last bit.
    wave = np.einsum("tf,fr->tr", np.cos(turn), amplitude * np.cos(shift))
    wave -= np.einsum("tf,fr->tr", np.sin(turn), amplitude * np.sin(shift))
    return 60 / heart_rate + 60 * heart_rate_sd / heart_rate**2 * wave


def integrate(waves, omega, z0, *, dt):
    """Trajectory of the model, by the classical fourth-order Runge-Kutta method.

    x' = γ x − ω y;  y' = γ y + ω x;  γ = 1 − √(x² + y²);  θ = atan2(y, x)
    z' = −Σ_i a_i Δθ_i exp(−Δθ_i² / 2 b_i²) − (z − z0(t)),  Δθ_i = θ − θ_i wrapped to (−π, π]

    where (x, y) turn once a beat on the unit circle and z is the ECG, one z for each lead.

    Parameters
    ----------
    waves : Waves
    omega : (2 n + 1, recording) float, rad/s
        Angular velocity 2π/RR at 0, dt/2, dt, …, n dt.
    z0 : (2 n + 1, recording) float
        Baseline that z relaxes to (1/s), at the same times.
    dt : float, s

    Returns
    -------
    theta : (n + 1, recording) float, rad
        Phase in (−π, π], R at 0.
    z : (n + 1, recording, lead) float

    Notes ----- Starts at (x, y) = (−1, 0), half a beat from R, with z = 0. Give it seconds of lead-in: z
    forgets its start with 1 s.
    """
    theta_i, b_i, a_i = waves.theta[:, None, :], waves.b[:, None, :], waves.a
    exponent = -0.5 / b_i**2

    def slope(x, y, z, w, baseline):
        gamma = 1 - np.hypot(x, y)
        theta = np.arctan2(y, x)
        d = theta[:, None, None] - theta_i
        d -= 2 * np.pi * np.round(d / (2 * np.pi))
        pull = a_i @ np.swapaxes(d * np.exp(exponent * d**2), 1, 2)
        return gamma * x - w * y, gamma * y + w * x, -pull[..., 0] - (z - baseline[:, None])

    steps, recordings = (len(omega) - 1) // 2, omega.shape[1]
    x, y, z = -np.ones(recordings), np.zeros(recordings), np.zeros(a_i.shape[:2])
    phase, trace = np.empty((steps + 1, recordings)), np.empty((steps + 1, *z.shape))
    phase[0], trace[0] = np.arctan2(y, x), z
    for n in range(steps):
        w, base = omega[2 * n : 2 * n + 3], z0[2 * n : 2 * n + 3]
        k1 = slope(x, y, z, w[0], base[0])
        k2 = slope(*(s + dt / 2 * k for s, k in zip((x, y, z), k1, strict=True)), w[1], base[1])
        k3 = slope(*(s + dt / 2 * k for s, k in zip((x, y, z), k2, strict=True)), w[1], base[1])
        k4 = slope(*(s + dt * k for s, k in zip((x, y, z), k3, strict=True)), w[2], base[2])
        x, y, z = (
            s + dt / 6 * (p + 2 * q + 2 * r + u)
            for s, p, q, r, u in zip((x, y, z), k1, k2, k3, k4, strict=True)
        )
        phase[n + 1], trace[n + 1] = np.arctan2(y, x), z
    return phase, trace


def phase_labels(theta, waves, *, widths):
    """Class of each time step from the model's own phase.

    P: θ_P ± k_P b_P;  PQ: to θ_Q − k_Q b_Q;  QR: to 0, the R peak;  RS: to θ_S + k_S b_S;
    ST (with the T wave): to θ_T + k_T b_T;  TP: to the next P.

    Parameters
    ----------
    theta : (time, recording) float, rad
        Phase in (−π, π] with R at 0.
    waves : Waves
    widths : tuple of 4 floats
        k_P, k_Q, k_S, k_T: how many widths b a wave reaches to either side.

    Returns
    -------
    (time, recording) int8
        Index into CLASSES.

    Raises
    ------
    ValueError
        Waves so wide that the boundaries are not in order within one turn.
    """
    k_p, k_q, k_s, k_t = widths
    p, q, _, s, t = (waves.theta[:, i] for i in range(5))
    b_p, b_q, _, b_s, b_t = (waves.b[:, i] for i in range(5))
    edges = np.stack(
        [p - k_p * b_p, p + k_p * b_p, q - k_q * b_q, np.zeros_like(p), s + k_s * b_s, t + k_t * b_t]
    )
    if (np.diff(edges, axis=0) <= 0).any() or (edges[-1] - edges[0] >= 2 * np.pi).any():
        raise ValueError(
            f"phase_labels: waves overlap, their boundaries must rise within one turn; in rad, of the first "
            f"recording: {np.round(edges[:, 0], 3).tolist()}; use smaller widths or a lower heart rate"
        )
    turned = np.mod(theta - edges[0], 2 * np.pi)
    return (np.sum(turned[None] >= (edges[1:] - edges[0])[:, None, :], axis=0)).astype(np.int8)

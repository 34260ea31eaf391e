"""The papers' recursion in plain NumPy, written from their formulas and independent of the package.

    a[t] = rho a[t-1] + (1 - rho) s[t-1];   theta[t] = b0 + beta a[t]
    v[t] = alpha v[t-1] + (1 - alpha) (W x[t] + W_rec s[t-1] + b) - theta[t] s[t-1];   s[t] = v[t] > theta[t]

A leaky integrator has neither adaptation nor spikes. Time constants count steps.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class PaperLayer:
    w: np.ndarray  # (post, pre)
    bias: np.ndarray
    tau_m: np.ndarray
    recurrent: np.ndarray | None = None
    tau_a: np.ndarray | None = None
    b0: float = 0.01
    beta: float = 1.8

    @property
    def spiking(self):
        return self.tau_a is not None

    def start(self, trials, v=None, s=None, a=0.0):
        """v and s of shape (trial, neuron), by default 0."""
        n = len(self.w)
        self.v = np.zeros((trials, n)) if v is None else v.copy()
        self.s = np.zeros((trials, n)) if s is None else s.copy()
        self.a = np.full((trials, n), a)

    def step(self, x):
        """One step; returns what the next layer sees, and the membrane before the reset."""
        alpha = np.exp(-1 / self.tau_m)
        current = x @ self.w.T + self.bias
        if self.recurrent is not None:
            current = current + self.s @ self.recurrent.T
        if not self.spiking:
            self.v = alpha * self.v + (1 - alpha) * current
            return self.v
        rho = np.exp(-1 / self.tau_a)
        self.a = rho * self.a + (1 - rho) * self.s
        theta = self.b0 + self.beta * self.a
        self.v = alpha * self.v + (1 - alpha) * current - theta * self.s
        self.s = (self.v > theta).astype(float)
        return self.s


def run_papers(layers, x):
    """Spikes (trial, time, neuron) of every spiking layer and the last membrane, on x (trial, time, channel)."""
    spikes, membrane = [[] for layer in layers if layer.spiking], []
    for t in range(x.shape[1]):
        passed, k = x[:, t].astype(float), 0
        for layer in layers:
            passed = layer.step(passed)
            if layer.spiking:
                spikes[k].append(passed.astype(np.uint8))
                k += 1
        membrane.append(layers[-1].v.copy())
    return [np.stack(rows, 1) for rows in spikes], np.stack(membrane, 1)

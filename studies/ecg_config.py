"""Configuration of the study `ecg`."""

from __future__ import annotations

from dataclasses import dataclass

from .recipes import ECG, SYNTHETIC_ECG

_NETWORK, _TRAINING = SYNTHETIC_ECG.network, SYNTHETIC_ECG.alif


@dataclass(frozen=True)
class ECGConfig:
    """Everything that decides the result of the study.

    Parameters
    ----------
    task : {"ecg", "synthetic_ecg"}
        QTDB recordings, or the embedded synthetic ECG.
    data : str or None
        Folder of the data sets, for QTDB.
    seed : int
        Of the validation split, the initial network and the order of batches.
    hidden : tuple of int
        Neurons of each hidden layer.
    input_gain, recurrent_gain : float
        Factors of the initial input and recurrent weights.
    epochs, batch_size : int
    learning_rate, time_constant_rate : float
        Peak rates of weights and of (relative) time constants.
    warmup : float
        Fraction of the training over which the rates rise.
    tau_m, tau_a : tuple of float
        Mean and standard deviation of the initial time constants, in steps.
    score_scale : float
        Factor from the readout's membrane to logits.
    unlabelled_class : str or None
        Count unlabelled steps as this class in the loss, as the papers do, where the task has that convention; None
        leaves them out.
    rate_penalty : float
        Factor of the mean number of spikes per neuron and step in the loss.
    input_dropout : float
        Share of the input's spikes that are left out in training, others in each batch.
    average_epochs : float
        The parameters of the last so many epochs are averaged, and the averages are validated and kept.
    surrogate : str
        Surrogate derivative.
    device : str
        Brian2 device of the comparison.
    engine : {"auto", "fused", "compiled", "reference"} or None
        What runs the twin; None: ``CHRONAXIE_ENGINE``, else auto.
    fine_factors : tuple of int
        The network is also simulated at dt divided by each of them; the largest gives `test_accuracy_fine`.
    """

    task: str = "synthetic_ecg"
    data: str | None = None
    seed: int = 0
    hidden: tuple[int, ...] = _NETWORK.hidden
    input_gain: float = _NETWORK.input_gain
    recurrent_gain: float = _NETWORK.recurrent_gain
    epochs: int = _TRAINING.epochs
    batch_size: int = _TRAINING.batch_size
    learning_rate: float = _TRAINING.learning_rate
    time_constant_rate: float = _TRAINING.time_constant_rate
    warmup: float = _TRAINING.warmup
    tau_m: tuple[float, float] = _NETWORK.tau_m
    tau_a: tuple[float, float] = _NETWORK.tau_a
    score_scale: float = _TRAINING.score_scale
    unlabelled_class: str | None = None
    rate_penalty: float = _TRAINING.rate_penalty
    input_dropout: float = _TRAINING.input_dropout
    average_epochs: float = _TRAINING.average_epochs
    surrogate: str = _NETWORK.surrogate
    device: str = "numpy"
    engine: str | None = None
    fine_factors: tuple[int, ...] = (2, 4, 8)

    @property
    def stem(self):
        """Beginning of the names of the files that the study writes."""
        name = {"ecg": "qtdb", "synthetic_ecg": "synthetic"}[self.task]
        return f"ecg_{name}_seed{self.seed}"

    @property
    def network_file(self):
        """Name of the file of the trained network."""
        return f"network_{self.stem}.nc"


DEFAULTS = {
    "ecg": {
        **{name: getattr(ECG.alif, name) for name in ("epochs", "batch_size", "average_epochs")},
        "unlabelled_class": ECG.unlabelled_class,
    },
    "synthetic_ecg": {},
}

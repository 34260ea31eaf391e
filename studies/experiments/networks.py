"""The networks that the studies compare, and how one of them is trained."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from .. import training
from ..study import Axis

# Fields of the configuration in which the networks differ.
FIELDS = ("model", "match", "frozen_time_constants", "beta", "rate_penalty", "label_lag")
# Their test sets are small enough to be simulated as a whole in Brian2, which is where a comparison with the twin ends.
WHOLE_TEST_SETS = ("ecg", "synthetic_ecg", "digits", "spoken_digits")
_ALL = 1_000_000


@dataclass(frozen=True)
class Variant:
    """One of the networks that are compared: a label, and what is special about it.

    Parameters
    ----------
    label : str
        Without commas, since ``--sweep network=A,B`` names it.
    model, match, frozen_time_constants, beta, rate_penalty
        As in `TrainConfig`.
    label_lag : int or None
        As in `ECGComparisonConfig`; None for the task's own.
    """

    label: str
    model: str
    match: str = "neurons"
    frozen_time_constants: bool = False
    beta: float | None = None
    rate_penalty: float | None = None
    label_lag: int | None = None


ALIF = Variant("alif", "alif")
ALIF_FIXED = Variant("alif-fixed", "alif", frozen_time_constants=True)
ALIF_UNADAPTED = Variant("alif-unadapted", "alif", beta=0.0)
LIF = Variant("lif", "lif")
LIF_FIXED = Variant("lif-fixed", "lif", frozen_time_constants=True)
LSTM, GRU, RNN = (Variant(kind, kind) for kind in ("lstm", "gru", "rnn"))
# As many trained numbers as the ALIF network has, not as many units.
LSTM_PARAMETERS, GRU_PARAMETERS, RNN_PARAMETERS = (
    Variant(f"{kind}-parameters", kind, match="parameters") for kind in ("lstm", "gru", "rnn")
)
NETWORKS = (
    ALIF,
    ALIF_FIXED,
    ALIF_UNADAPTED,
    LIF,
    LIF_FIXED,
    LSTM,
    GRU,
    RNN,
    LSTM_PARAMETERS,
    GRU_PARAMETERS,
    RNN_PARAMETERS,
)
# What is tested, first minus second.
EFFECTS = {
    "trained time constants": ("alif", "alif-fixed"),
    "trained time constants (LIF)": ("lif", "lif-fixed"),
    "adaptation": ("alif", "alif-unadapted"),
    "ALIF over LIF": ("alif", "lif"),
    "ALIF over LSTM": ("alif", "lstm"),
    "ALIF over GRU": ("alif", "gru"),
    "ALIF over RNN": ("alif", "rnn"),
    "ALIF over LSTM of equal parameters": ("alif", "lstm-parameters"),
    "ALIF over GRU of equal parameters": ("alif", "gru-parameters"),
    "ALIF over RNN of equal parameters": ("alif", "rnn-parameters"),
}


def network_axis(variants, fields=FIELDS[:4]):
    """The `Axis` ``network`` of some networks, in which these fields are swept together.

    Parameters
    ----------
    variants : sequence of Variant
    fields : sequence of str
        Of `Variant`; what differs in other fields would be lost, and is refused.

    Raises
    ------
    ValueError
        A network differs in a field that is not swept.
    """
    usual = {field.name: field.default for field in dataclasses.fields(Variant)}
    for variant in variants:
        lost = [f for f in FIELDS if f not in fields and getattr(variant, f) != usual[f]]
        if lost:
            raise ValueError(f"network_axis: {variant.label} has a {lost[0]} of its own; name it in fields")
    return Axis(
        "network",
        tuple(tuple(getattr(variant, field) for field in fields) for variant in variants),
        text="network",
        fields=tuple(fields),
        labels=tuple(variant.label for variant in variants),
    )


def run_network(config, *, checkpoint=None, resume=False, report=print):
    """Train and test a network as `training.run` does, with the whole test set in Brian2 where it is small.

    Parameters
    ----------
    config : TrainConfig
        Of `WHOLE_TEST_SETS` the whole test set is simulated, unless ``brian2_trials`` says otherwise.
    checkpoint, resume, report
        As for `training.run`.

    Returns
    -------
    result : xarray.Dataset
    model : brian2.Network or DenseRecurrent
    """
    if config.is_spiking and config.brian2_trials is None and config.task in WHOLE_TEST_SETS:
        config = dataclasses.replace(config, brian2_trials=_ALL)
    return training.run(config, checkpoint=checkpoint, resume=resume, report=report)

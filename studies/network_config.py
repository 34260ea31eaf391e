"""What the configurations of the studies of a trained network have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ..models import KINDS, PERTURBATIONS
from .evaluating import STARTS
from .field_checks import (
    DEVICE,
    NOT_NEGATIVE,
    POSITIVE,
    STEPS,
    check_fields,
    one_of,
    some_of,
    whole,
)
from .tasks import TASKS

# By field; a study has some of them.
_CHECKS = {
    "kind": one_of(KINDS).or_none(),
    "task": one_of(TASKS).or_none(),
    "device": DEVICE,
    "start": one_of(STARTS),
    "seed": whole(0),
    "seeds": whole(1),
    "trials": whole(1).or_none(),
    "dt": POSITIVE.or_none(),
    "dts": STEPS.or_none(),
    "perturbations": some_of(PERTURBATIONS, none_too=True).or_none(),
    "window": POSITIVE.or_none(),
    "tau": POSITIVE,
    "cost": NOT_NEGATIVE,
    "resamples": whole(1),
    "workers": whole(1),
}


@dataclass(frozen=True)
class NetworkConfig:
    """A trained network, its task and where it is simulated: the base of a study's configuration.

    Parameters
    ----------
    network : str
        A network file (``.nc``), or a published one (``.npz``).
    kind : str or None
        Of a published network.
    task : str or None
        That of the network by default.
    data : str or None
        Folder of the data sets.
    device : str
        Brian2 device.

    Raises
    ------
    ValueError
        A name that there is not, or a number out of its range, in these fields or those of the study.
    """

    study: ClassVar[str]

    network: str
    kind: str | None = None
    task: str | None = None
    data: str | None = None
    device: str = "cpp_standalone"

    def __post_init__(self):
        check_fields(self, self.study, _CHECKS)

    @property
    def stem(self):
        """Beginning of the names of the files that the study writes."""
        return f"{self.study}_{Path(self.network).stem}"

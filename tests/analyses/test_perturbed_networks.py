"""What share of its accuracy a network keeps, of made-up numbers."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses.errors import MissingVariable
from chronaxie.analyses.perturbed_networks import perturbations_of, share_kept


@pytest.fixture
def ds():
    dims = ("network", "seed")
    return xr.Dataset(
        {
            "accuracy_unperturbed": ((*dims, "draw"), [[[0.9, 0.9]], [[0.2, 0.2]]]),
            "accuracy_commonest": (dims, [[0.3], [0.3]]),
            "accuracy_spike_loss": (
                (*dims, "spike_loss", "draw"),
                [[[[0.9, 0.7], [0.3, 0.5]]], [[[np.nan] * 2] * 2]],
            ),
            "accuracy_weight_noise": ((*dims, "weight_noise", "draw"), [[[[0.0, 0.0]]], [[[0.1, 0.1]]]]),
            "accuracy_dt": ("dt", [0.5]),
        },
        {"network": ["alif", "lstm"], "seed": [0], "spike_loss": [0.1, 0.2], "weight_noise": [0.5]},
    )


def test_the_share_above_the_commonest_class(ds):
    assert set(perturbations_of(ds)) == {"spike_loss", "weight_noise"}
    found = share_kept(ds).sel(seed=0)
    # (0.6 - 0.3)/(0.9 - 0.3), and below 0 where it is worse than the commonest class
    assert float(found.sel(network="alif", perturbation="spike_loss")) == pytest.approx(0.5)
    assert float(found.sel(network="alif", perturbation="weight_noise")) == pytest.approx(-0.5)
    assert np.isnan(found.sel(network="lstm")).all()  # it was no better than that at first


def test_without_perturbations_there_is_nothing_to_say(ds):
    with pytest.raises(MissingVariable, match="expected accuracy_NAME over the strengths"):
        share_kept(ds[["accuracy_unperturbed", "accuracy_commonest"]])

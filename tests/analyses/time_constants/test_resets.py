"""What is lost by how far a time constant was reset: a loss on either side of the median, nulls, what is refused."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from chronaxie.analyses import InvalidInput, MissingVariable
from chronaxie.analyses.time_constants import lesion_losses, relations, reset_relations

FEW = {"resamples": 100, "permutations": 499}
HIDDEN = {"timescale_quantity": "tau_m", "timescale_layer": "hidden1"}
MS, ONE = {"units": "ms"}, {"units": "1"}


def lesioned(rng, loss, *, size=40):
    """Neurons reset to the median of their layer, with a loss that is a function of abs(log(tau / median))."""
    tau = np.exp(rng.normal(4, 0.7, size))
    far = np.abs(np.log(tau / np.median(tau)))
    return xr.Dataset(
        {
            "tau_m": ("neuron", tau, MS),
            "reset_to_tau_m": ("neuron", np.full(size, np.median(tau)), MS),
            "loss_reset_tau_m": ("neuron", loss(far, rng), ONE),
        },
        coords={"layer": ("neuron", ["hidden1"] * size)},
    )


def test_a_loss_on_both_sides_of_the_median_is_seen_which_the_time_constant_itself_does_not_show():
    rng = np.random.default_rng(1)
    ds = lesioned(rng, lambda far, rng: 0.1 * far + rng.normal(0, 0.02, far.size))
    got = reset_relations(ds, **FEW).sel(HIDDEN)
    far = np.abs(np.log(ds.tau_m / ds.reset_to_tau_m))
    assert float(got.reset_correlation) == pytest.approx(stats.spearmanr(far, ds.loss_reset_tau_m).statistic)
    assert float(got.reset_correlation) > 0.6
    low, high = got.reset_correlation_interval.values
    assert 0.2 < low < float(got.reset_correlation) < high
    assert got.reset_p == got.reset_p_holm == 1 / 500
    assert got.reset_count == 40
    blind = relations(ds, ["loss_reset_tau_m"], **FEW).sel(HIDDEN).isel(relation_property=0)
    assert abs(float(blind.relation_correlation)) < 0.3
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.data_vars)


def test_a_loss_that_does_not_hang_on_it_is_rejected_as_often_as_the_level_says():
    rng = np.random.default_rng(2)
    p = [
        reset_relations(
            lesioned(rng, lambda far, rng: rng.normal(0, 0.02, far.size), size=12),
            resamples=1,
            permutations=99,
            seed=k,
        ).reset_p.item()
        for k in range(300)
    ]
    # standard error 1.3 %
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.09


def test_neurons_that_were_not_reset_are_left_out():
    ds = lesioned(np.random.default_rng(3), lambda far, rng: far)
    ds["loss_reset_tau_m"][:37] = np.nan
    got = reset_relations(ds, **FEW).sel(HIDDEN)
    assert got.reset_count == 3
    assert float(got.reset_correlation) == pytest.approx(1)
    assert np.isnan(got.reset_correlation_interval).all()


def test_losses_pass_on_what_was_reset_to():
    ds = lesioned(np.random.default_rng(4), lambda far, rng: far).drop_vars("loss_reset_tau_m")
    ds = ds.assign(
        lesion_labelled=("trial", [50, 50], ONE),
        lesion_correct_intact=("trial", [40, 45], ONE),
        lesion_correct_reset_tau_m=(("neuron", "trial"), np.tile([39, 40], (40, 1)), ONE),
    )
    assert lesion_losses(ds, resamples=20).reset_to_tau_m.identical(ds.reset_to_tau_m)


def test_what_is_refused():
    ds = lesioned(np.random.default_rng(5), lambda far, rng: far)
    with pytest.raises(
        MissingVariable, match="reset_relations: looked for reset_to_tau_m with loss_reset_tau_m"
    ):
        reset_relations(ds.drop_vars("reset_to_tau_m"))
    with pytest.raises(InvalidInput, match="reset_relations: reset_to_tau_m must be in ms, but its units"):
        reset_relations(ds.assign(reset_to_tau_m=ds.reset_to_tau_m.assign_attrs(units="s")))
    with pytest.raises(InvalidInput, match="reset_relations: level must be between 0 and 1"):
        reset_relations(ds, level=95)

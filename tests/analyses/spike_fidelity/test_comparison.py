"""Two simulations compared: equal ones, known changes, layers, intervals, what does not fit."""

import pkgutil
from types import ModuleType

import numpy as np
import pytest
import xarray as xr

from chronaxie import analyses
from chronaxie.analyses import InvalidInput, MissingVariable
from chronaxie.analyses.spike_fidelity import events as module
from chronaxie.analyses.spike_fidelity.comparison import fidelity
from chronaxie.analyses.spike_fidelity.distances import victor_purpura_kernel
from chronaxie.analyses.spike_fidelity.summary import fidelity_summary
from chronaxie.analyses.spike_fidelity.trains import Trains

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")
TRIALS, STEPS, DT = 12, 1000, 0.004


def simulated(fired, *, dt=DT, dt_ref=DT):
    """A simulation of groups {name: bool (trial, step, neuron)}."""
    trials, steps = next(iter(fired.values())).shape[:2]
    attrs = {"trials": trials, "duration": steps * dt, "dt": dt, "dt_ref": dt_ref}
    ds = xr.Dataset(attrs=attrs, coords={"trial": np.arange(trials)})
    for group, spikes in fired.items():
        trial, step, neuron = np.nonzero(spikes)
        ds = ds.assign_coords({f"{group}_neuron": np.arange(spikes.shape[2])})
        ds[f"{group}_spike_trial"] = (f"{group}_spike", trial, {"units": "1"})
        ds[f"{group}_spike_neuron"] = (f"{group}_spike", neuron, {"units": "1"})
        ds[f"{group}_spike_time"] = (f"{group}_spike", step * dt, {"units": "s"})
    return ds


@pytest.fixture(scope="module")
def fired():
    rng = np.random.default_rng(0)
    return {
        "hidden1": rng.random((TRIALS, STEPS, 5)) < 0.04,
        "hidden2": rng.random((TRIALS, STEPS, 3)) < 0.02,
    }


@pytest.fixture(scope="module")
def reference(fired):
    return simulated(fired)


def test_no_public_name_hides_a_folder():
    # `import chronaxie.analyses.NAME.module as m` reads NAME from the package
    folders = [found.name for found in pkgutil.iter_modules(analyses.__path__)]
    assert "spike_fidelity" in folders
    hidden = [name for name in folders if not isinstance(getattr(analyses, name, analyses), ModuleType)]
    assert not hidden


def test_a_simulation_is_faithful_to_itself(reference):
    found = fidelity(reference, reference, resamples=50)
    assert found["unit_layer"].values.tolist() == ["hidden1"] * 5 + ["hidden2"] * 3
    assert found["unit_index"].values.tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    for name, value in (
        ("coincidence", 1),
        ("gamma_factor", 1),
        ("van_rossum", 0),
        ("victor_purpura", 0),
        ("spike_distance", 0),
    ):
        np.testing.assert_allclose(found[name], value, rtol=1e-12)
        np.testing.assert_allclose(found[f"fidelity_{name}"], [value, value], rtol=1e-12)
        np.testing.assert_allclose(found[f"fidelity_{name}_interval"], value, rtol=1e-12)
    assert np.isnan(found["first_divergence"]).all()
    np.testing.assert_allclose(found["fidelity_first_divergence"], STEPS * DT)
    assert (found["fidelity_identical"] == 1).all()
    assert found.attrs["window"] == DT / 2
    for name in found.variables:
        if name not in ("trial", "fidelity_group"):
            assert {"units", "long_name"} <= set(found[name].attrs), name
    assert found["fidelity_coincidence_interval"].attrs["resamples"] == 50


def test_lost_spikes_are_counted(fired, reference):
    # Each spike of the first layer is lost with probability p: 2 (1 - p)/(2 - p) of both coincide, and of the
    # Victor-Purpura cost p/(2 - p) a spike remains.
    p, rng = 0.2, np.random.default_rng(1)
    fewer = fired | {"hidden1": fired["hidden1"] & (rng.random(fired["hidden1"].shape) >= p)}
    found = fidelity(reference, simulated(fewer), resamples=500, seed=3)
    for name, truth in (("coincidence", 2 * (1 - p) / (2 - p)), ("victor_purpura", p / (2 - p))):
        low, high = found[f"fidelity_{name}_interval"].values[0]
        assert low < truth < high
        assert high - low < 0.05
        assert low < float(found[f"fidelity_{name}"][0]) < high
    assert float(found["fidelity_identical"][1]) == 1
    assert float(found["fidelity_coincidence"][1]) == 1
    lost = fired["hidden1"] & ~fewer["hidden1"]
    first = lost.any(axis=2).argmax(axis=1) * DT
    np.testing.assert_allclose(found["fidelity_first_divergence"][0], first.mean(), rtol=1e-12)
    again = fidelity(reference, simulated(fewer), resamples=500, seed=3)
    xr.testing.assert_identical(found, again)


def test_moved_spikes_are_found_again_in_a_wider_window(fired, reference):
    moved = {group: np.roll(spikes, 1, axis=1) for group, spikes in fired.items()}
    for spikes in moved.values():
        spikes[:, 0] = False
    narrow = fidelity(reference, simulated(moved), resamples=10)
    wide = fidelity(reference, simulated(moved), window=DT, cost=10.0, resamples=10)
    assert float(narrow["fidelity_coincidence"][0]) < 0.1
    assert float(wide["fidelity_coincidence"][0]) > 0.99
    # each spike costs 10 Hz * 4 ms, or 2 together with a spike that left the trial
    total = 0.5 * float(wide["spikes_reference"].sum() + wide["spikes_other"].sum())
    assert float(wide["victor_purpura"].sum()) == pytest.approx(0.04 * total, rel=0.05)


def test_another_step(fired, reference):
    fine = {group: np.zeros((TRIALS, 8 * STEPS, spikes.shape[2]), bool) for group, spikes in fired.items()}
    for group, spikes in fired.items():
        fine[group][:, 3::8] = spikes  # 1.5 ms later
    found = fidelity(reference, simulated(fine, dt=DT / 8, dt_ref=DT), resamples=10)
    assert (found["coincidences"] == found["spikes_reference"]).all()
    assert np.isnan(found["first_divergence"]).all()
    np.testing.assert_allclose(found["gamma_factor"], 1, rtol=1e-12)
    assert (found.attrs["window_width"], found.attrs["grid_step"]) == (DT, DT)
    assert found.attrs["coincide"] == "in the same step of 4 ms"
    wide = fidelity(reference, simulated(fine, dt=DT / 8, dt_ref=DT), window=DT / 2, resamples=10)
    assert wide.attrs["window_width"] == pytest.approx(0.0045, rel=1e-12)
    assert (wide.attrs["grid_step"], wide.attrs["coincide"]) == (DT / 8, "within 2 ms")
    a = Trains.from_lists([np.flatnonzero(fired["hidden2"][4, :, 1]) * DT])
    shifted = Trains(a.time + 0.0015, a.offset)
    expected = victor_purpura_kernel(a, shifted, cost=100.0)
    np.testing.assert_allclose(found["victor_purpura"][4, 6], expected[0], rtol=1e-9)


def at_times(times, factor):
    """A simulation of 1 s of one neuron a time at DT over `factor`, from times in units of DT."""
    fired = np.zeros((1, 250 * factor, len(times)), bool)
    fired[0, np.round(np.array(times) * factor).astype(int), np.arange(len(times))] = True
    return simulated({"hidden1": fired}, dt=DT / factor, dt_ref=DT)


def test_the_same_decision_step_is_what_counts_by_default():
    # within the step, at its end, one before its beginning, in the next
    found = fidelity(at_times([100] * 4, 1), at_times([100, 100 + 7 / 8, 100 - 1 / 8, 101], 8), resamples=10)
    np.testing.assert_array_equal(found["coincidence"], [[1, 1, 0, 0]])
    np.testing.assert_allclose(found["first_divergence"], [[np.nan, np.nan, 99 * DT, 100 * DT]], rtol=1e-12)
    # every place of the grid, half a step later: times are multiples up to rounding
    places = np.arange(250)
    found = fidelity(at_times(places, 1), at_times(places + 0.5, 2), resamples=10)
    assert float(found["fidelity_coincidence"][0]) == float(found["fidelity_identical"][0]) == 1
    with_window = fidelity(at_times(places, 1), at_times(places + 0.5, 2), window=DT / 2, resamples=10)
    assert float(with_window["fidelity_coincidence"][0]) == float(with_window["fidelity_identical"][0]) == 1


@pytest.mark.parametrize("factor", [1, 2, 8])
def test_unrelated_spikes_have_no_gamma_at_any_step(factor):
    # Null: a spike in each decision step with probability 0.344, at a finer step anywhere in it.
    rng, shape = np.random.default_rng(factor), (1, 250, 800)
    fired = rng.random(shape) < 0.344
    fine = np.zeros((1, 250 * factor, 800), bool)
    trial, step, neuron = np.nonzero(rng.random(shape) < 0.344)
    fine[trial, factor * step + rng.integers(factor, size=len(step)), neuron] = True
    found = fidelity(
        simulated({"hidden1": fired}),
        simulated({"hidden1": fine}, dt=DT / factor, dt_ref=DT),
        resamples=10,
    )
    gamma = found["gamma_factor"].values
    assert not np.isnan(gamma).any()
    assert abs(gamma.mean()) < 4 * gamma.std() / np.sqrt(800)
    # the weighted mean of the layer has about the error of the mean
    assert abs(float(found["fidelity_gamma_factor"][0])) < 5 * gamma.std() / np.sqrt(800)


def test_sums_of_a_layer_by_hand():
    # Spikes 0.4 s = 20 tau apart; three of the first neuron and one of the second are lost: D² is 3 and 1.
    every = np.zeros((1, STEPS, 2), bool)
    every[:, 50::100] = True
    fewer = every.copy()
    fewer[0, [50, 250, 450], 0] = fewer[0, 850, 1] = False
    found = fidelity(simulated({"hidden1": every}), simulated({"hidden1": fewer}), resamples=10)
    # what is left of an exponential after 20 tau is 2e-9
    np.testing.assert_allclose(found["van_rossum"], [[np.sqrt(3), 1]], rtol=1e-7)
    np.testing.assert_allclose(found["fidelity_van_rossum"], 4 / 36, rtol=1e-7)


def test_a_neuron_without_gamma_leaves_that_of_its_layer_alone(fired):
    # In three places of the window a neuron that spikes at every step has ν w = 3.
    one = {"hidden1": fired["hidden1"][:, :, :1]}
    always = np.ones((TRIALS, STEPS, 1), bool)
    both = [
        {"hidden1": np.concatenate([one["hidden1"], own], axis=2)}
        for own in (fired["hidden1"][:, :, 1:2], always)
    ]
    alone = fidelity(simulated(one), simulated(one), window=DT, resamples=10)
    found = fidelity(*map(simulated, both), window=DT, resamples=10)
    assert np.isnan(found["gamma_factor"][:, 1]).all()
    np.testing.assert_allclose(found["fidelity_gamma_factor"], alone["fidelity_gamma_factor"], rtol=1e-12)


def test_silent_neurons_and_one_trial_have_defined_answers(fired):
    silent = {"hidden1": np.zeros((1, STEPS, 2), bool)}
    found = fidelity(simulated(silent), simulated(silent))
    assert np.isnan(found["coincidence"]).all()
    assert np.isnan(found["fidelity_gamma_factor"]).all()
    assert (found["spike_distance"] == 0).all()
    assert np.isnan(found["fidelity_spike_distance_interval"]).all()
    assert float(found["fidelity_identical"][0]) == 1
    some = {"hidden1": fired["hidden1"][:1, :, :2]}
    found = fidelity(simulated(silent), simulated(some))
    assert (found["coincidence"] == 0).all()
    assert (found["gamma_factor"] == 0).all()
    np.testing.assert_array_equal(found["victor_purpura"], found["spikes_other"])


def test_blocks_dask_and_the_order_of_events_change_nothing(fired, reference, monkeypatch):
    rng = np.random.default_rng(7)
    other = simulated({group: spikes & (rng.random(spikes.shape) < 0.9) for group, spikes in fired.items()})
    whole = fidelity(reference, other, resamples=20)
    shuffled = other.copy()
    for group in fired:
        shuffled = shuffled.isel({f"{group}_spike": rng.permutation(other.sizes[f"{group}_spike"])})
    monkeypatch.setattr(module, "TOGETHER", 600)  # a trial has about 500 spikes on both sides
    monkeypatch.setattr(module, "BLOCK", 130)
    for this in (other, shuffled, other.chunk({"hidden1_spike": 100})):
        # blocks of the recursion of van Rossum begin elsewhere: rounding
        xr.testing.assert_allclose(fidelity(reference, this, resamples=20), whole, rtol=1e-9)
    blocks = fidelity(reference, other, resamples=20)
    xr.testing.assert_identical(fidelity(reference, other, resamples=20, workers=3), blocks)
    with pytest.raises(
        InvalidInput, match="hidden1' are not ordered by trial, which a dataset backed by Dask must"
    ):
        fidelity(reference, shuffled.chunk({"hidden1_spike": 100}), resamples=20)
    with pytest.raises(InvalidInput, match="workers must be a whole number >= 1, got 0"):
        fidelity(reference, other, workers=0)


def test_of_dask_only_the_trials_at_work_are_in_memory(reference, monkeypatch):
    monkeypatch.setattr(module, "TOGETHER", 600)
    monkeypatch.setattr(module, "BLOCK", 130)
    read, values_of = [], module.values_of

    def watched(arrays):
        read.extend(array.size for array in arrays)
        return values_of(arrays)

    monkeypatch.setattr(module, "values_of", watched)
    fidelity(reference.chunk(), reference.chunk(), resamples=10)
    most = np.bincount(reference["hidden1_spike_trial"].values).max()
    assert 0 < max(read) <= max(most, 130) < reference.sizes["hidden1_spike"] / 8


def test_groups_are_chosen(reference):
    found = fidelity(reference, reference, "hidden2", resamples=10)
    assert found.sizes["unit"] == 3
    receives = reference.assign_coords(target=("connection", ["hidden2"]))
    assert fidelity(receives, receives, resamples=10)["fidelity_group"].values.tolist() == ["hidden2"]


def test_another_grouping(reference):
    found = fidelity(reference, reference, resamples=10).assign_coords(pool=("unit", ["all"] * 8))
    summary = fidelity_summary(found, by="pool", resamples=10)
    assert summary["fidelity_group"].values.tolist() == ["all"]
    assert int(summary["fidelity_trials"][0]) == TRIALS
    with pytest.raises(InvalidInput, match="trial must be on the dimension unit"):
        fidelity_summary(found, by="trial")
    with pytest.raises(MissingVariable, match="lacks spikes_reference"):
        fidelity_summary(found.drop_vars("spikes_reference"))


def renamed(ds):
    return ds.assign_coords(trial=np.arange(TRIALS) + 1)


def without(name):
    return lambda ds: ds.drop_vars([v for v in ds.variables if str(v).startswith(f"{name}_spike")])


def attributes(**changed):
    return lambda ds: ds.assign_attrs(changed)


def in_ms(ds):
    ds = ds.copy()
    ds["hidden1_spike_time"] = ds["hidden1_spike_time"].assign_attrs(units="ms")
    return ds


def test_a_summary_names_itself_where_its_choices_are_wrong(reference):
    found = fidelity(reference, reference, resamples=10)
    with pytest.raises(
        InvalidInput, match="fidelity_summary: level must be between 0 and 1, such as 0.95, got 95"
    ):
        fidelity_summary(found, level=95)
    with pytest.raises(
        InvalidInput, match="fidelity_summary: resamples must be a whole number above 0, got True"
    ):
        fidelity_summary(found, resamples=True)


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        (attributes(trials=11), {}, InvalidInput, "12 trials of 4 s, the other 11 of 4 s"),
        (attributes(duration=5.0), {}, InvalidInput, "the other 12 of 5 s; simulate both"),
        (renamed, {}, InvalidInput, "different names; simulate both with the same stimulus"),
        (without("hidden2"), {}, MissingVariable, "no spikes of 'hidden2'; recorded are hidden1"),
        (
            lambda ds: ds.isel(hidden1_neuron=slice(4)),
            {},
            InvalidInput,
            "5 neurons in the reference and 4 in",
        ),
        (in_ms, {}, InvalidInput, "hidden1_spike_time must be in s"),
        (lambda ds: ds, {"window": 0.0}, InvalidInput, "window must be a positive, finite number"),
        (
            lambda ds: ds,
            {"tau": -1.0},
            InvalidInput,
            "fidelity: tau must be a positive, finite number, got -1",
        ),
        (lambda ds: ds, {"cost": np.nan}, InvalidInput, "fidelity: cost must be a finite number >= 0"),
        (lambda ds: ds, {"window": -1}, InvalidInput, "fidelity: window must be a positive, finite number"),
        (lambda ds: ds, {"resamples": 0}, InvalidInput, "fidelity: resamples must be a whole number above 0"),
        (lambda ds: ds, {"groups": []}, MissingVariable, "no group with spikes that receives a synapse"),
        (lambda ds: ds, {"level": 2.0}, InvalidInput, "fidelity: level must be"),
        (lambda ds: {}, {}, TypeError, "expected an xarray.Dataset, got dict"),
    ],
)
def test_what_does_not_fit_is_refused(reference, change, options, error, message):
    with pytest.raises(error, match=message):
        fidelity(reference, change(reference), **options)


def test_a_window_that_holds_every_spike_by_chance_is_refused(reference):
    with pytest.raises(InvalidInput, match="window is 2 s, but a trial lasts 4 s: give less than half of it"):
        fidelity(reference, reference, window=2)
    # five of the eight neurons spike in 4 % of the steps of 4 ms: every 0.1 s
    match = r"half of the neurons that spike do so every 0\.1\d* s or more often.*give a window below 0\.05"
    with pytest.raises(InvalidInput, match=match):
        fidelity(reference, reference, window=0.06)
    assert fidelity(reference, reference, window=0.04, resamples=10).attrs["window"] == 0.04

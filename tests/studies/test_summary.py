import pytest
import xarray as xr

from chronaxie.studies.results import ResultError
from chronaxie.studies.summary import ACCURACIES, NEEDED, summarise


def test_every_main_number_is_there(study):
    ds, text = study.result, summarise(study.result)
    lines = text.splitlines()
    assert lines[0].startswith("study ecg, seed 3, data: synthetic ECG")
    for name, what in ACCURACIES:
        (line,) = [line for line in lines if f"accuracy, {what} " in line]
        assert line.split()[-1] == f"{float(ds[name]):.4f}"
    assert f"0 of {int(ds.spike_neuron_steps)}" in text
    assert f"{float(ds.firing_rate.mean()):.2f} Hz" in text
    assert f"{int(ds.silent.sum())} silent" in text
    for k in range(2):
        (line,) = [line for line in lines if f"dt = {float(ds.dt[k]):g} ms" in line]
        assert f"{float(ds.accuracy_dt[k]):.4f}, {float(ds.rate_dt[k]):.2f} Hz" in line
    assert any("hidden1" in line and "tau_a" in line for line in lines)


def test_time_constants_longer_than_a_trial_are_counted(study):
    ds = study.result
    trial = float(ds.time[-1] - ds.time[0]) + ds.attrs["dt"]
    tau = ds.tau_a.fillna(1.0) * 0 + 1.0
    tau[:3] = trial * 1e3 + 1
    assert f"3 of tau_a are longer than a trial ({trial:.1f} s)" in summarise(ds.assign(tau_a=tau))


def test_mismatches_are_not_hidden(study):
    ds = study.result.assign(spike_mismatches=((), 17), membrane_difference=((), 0.25))
    text = summarise(ds)
    assert f"17 of {int(ds.spike_neuron_steps)}" in text
    assert [line for line in text.splitlines() if "largest difference" in line][0].endswith(" 0.25")


@pytest.mark.parametrize("name", NEEDED)
def test_a_result_that_lacks_something_is_refused(study, name):
    with pytest.raises(ResultError, match=f"lacks {name}; was it written by another version"):
        summarise(
            study.result.drop_vars(name)
            if name != "dt"
            else study.result.drop_dims("dt").assign(
                accuracy_dt=study.result.accuracy_dt.drop_vars("dt"),
                rate_dt=study.result.rate_dt.drop_vars("dt"),
            )
        )


def test_a_result_of_something_else_is_refused(study):
    with pytest.raises(
        ResultError,
        match="expected a result of the study 'ecg', 'train' or 'simulate', got one of 'shd' that",
    ):
        summarise(study.result.assign_attrs(study="shd"))
    with pytest.raises(ResultError, match="one of None that lacks spike_mismatches, .*attribute study"):
        summarise(xr.Dataset())

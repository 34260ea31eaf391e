"""Exported scripts: the network that they make is the described one, to the bit, and so are its spikes."""

import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from chronaxie.models import annotate, describe, export, readout_scores, simulate, srnn, tile
from chronaxie.models.annotations import Annotations
from chronaxie.models.building import with_dt
from chronaxie.models.stimuli import inputs, reference_step, with_stimulus

from .exported import NETWORKS, network_of, run_alone, run_here
from .test_describe_build import same

pytestmark = pytest.mark.usefixtures("numpy_target")
LINE = 110


def made(name):
    net, namespace = NETWORKS[name]()
    return describe(net, namespace=namespace)


def stimulus_of(description, trials=3, steps=40, seed=5):
    """A stimulus for every input of a network; None where it has none."""
    rng, step, found = np.random.default_rng(seed), reference_step(description), {}
    for target in inputs(description):
        shape = (trials, steps, description.size(target.groups[0]))
        values = rng.random(shape) < 0.3 if target.spikes else rng.normal(0.3, 0.5, shape)
        found[target.name] = xr.DataArray(
            values, dims=("trial", "time", "channel"), coords={"time": np.arange(steps) * step}
        )
    return found or None


def plain(description):
    """The description without what a script has no place for, expressions with single blanks."""

    def spaced(equations):
        return tuple(
            replace(e, expression=e.expression and " ".join(e.expression.split())) for e in equations
        )

    groups = [
        replace(g, equations=spaced(g.equations)) if hasattr(g, "equations") else g
        for g in description.groups
    ]

    def event(e):
        return None if e is None else replace(e, reset=_lines(e.reset))

    def regular(obj):
        return {"regular": tuple(replace(r, code=_lines(r.code)) for r in obj.regular)}

    groups = [
        replace(g, threshold=event(g.threshold), events=tuple(map(event, g.events)))
        if hasattr(g, "threshold")
        else g
        for g in groups
    ]
    groups = [replace(g, **regular(g)) if hasattr(g, "regular") else g for g in groups]
    synapses = [
        replace(
            s,
            equations=spaced(s.equations),
            pathways=tuple(replace(p, code=_lines(p.code)) for p in s.pathways),
            **regular(s),
        )
        for s in description.synapses
    ]
    return replace(
        description, groups=tuple(groups), synapses=tuple(synapses), annotations=Annotations(), trials=1
    )


def _lines(code):
    return code and "\n".join(line.strip() for line in code.split("\n") if line.strip())


def slow(*names):
    return [pytest.param(name, marks=pytest.mark.slow) for name in names]


def fast(*names, of):
    return [*names, *slow(*(name for name in of if name not in names))]


@pytest.mark.parametrize("name", fast("two layers", "indices", "many units", "own updater", of=NETWORKS))
def test_the_network_of_the_script_is_the_described_one(name, tmp_path):
    description = made(name)
    stimulus = stimulus_of(description)
    folder = export(description, tmp_path / "net", stimulus=stimulus, initial="given")
    trials = 1 if name == "indices" else 2
    found = network_of(folder, *([] if name == "indices" else ["--trials", "2"]))
    wanted = tile(description, trials)
    if stimulus:
        wanted = with_stimulus(wanted, {k: x[:trials] for k, x in stimulus.items()})
    same(plain(found), plain(wanted))


@pytest.mark.parametrize("name", ["late delays", *slow("two layers", "next", "current")])
def test_at_a_finer_step_physical_delays_and_input_times_stay(name, tmp_path):
    description = made(name)
    stimulus = stimulus_of(description)
    folder = export(description, tmp_path / "net", stimulus=stimulus, initial="given")
    found = network_of(folder, "--dt", "0.5", "--trials", "3")
    wanted = with_stimulus(tile(with_dt(description, 0.0005), 3), stimulus, step=0.004)
    same(plain(found), plain(wanted))


RUN = [
    "two layers",
    *slow("two inputs", "current", "spike counts", "random start", "late delays", "physical units"),
]


@pytest.mark.parametrize("name", RUN)
def test_spikes_and_scores_are_those_of_simulate(name, tmp_path):
    description = made(name)
    stimulus = stimulus_of(description)
    folder = export(description, tmp_path / "net", stimulus=stimulus)
    _, out = run_here(folder)
    compare(out, simulate(description, stimulus))


def compare(out, ds):
    """Assert that a script's results are those of `simulate`: spikes to the bit."""
    groups = [str(v).removesuffix("_spike_time") for v in ds.data_vars if str(v).endswith("_spike_time")]
    assert groups
    for group in groups:
        assert len(out[f"{group}.spike_time"]) > 5
        for what in ("trial", "neuron", "time"):
            assert np.array_equal(out[f"{group}.spike_{what}"], ds[f"{group}_spike_{what}"].values), (
                group,
                what,
            )
    if "readout" in ds.attrs:
        # The softmax is written otherwise: a few roundings.
        np.testing.assert_allclose(out["scores"], readout_scores(ds), rtol=1e-12)


@pytest.mark.parametrize("name", ["poisson", *slow("random", "by hand")])
def test_networks_with_inputs_of_their_own_draw_what_simulate_draws(name, tmp_path):
    description = made(name)
    folder = export(description, tmp_path / "net", trials=2, duration=0.1)
    seed = [] if name == "by hand" else ["--seed", "4"]
    _, out = run_here(folder, *seed)
    compare(out, simulate(description, duration=0.1, trials=2, seed=4))


@pytest.mark.slow
def test_a_finer_step_gives_the_spikes_of_simulate_at_it(tmp_path):
    description = made("next")
    stimulus = stimulus_of(description)
    folder = export(description, tmp_path / "net", stimulus=stimulus)
    _, out = run_here(folder, "--dt", "1")
    compare(out, simulate(description, stimulus, dt=0.001))


@pytest.mark.slow
def test_a_duration_of_ones_own(tmp_path):
    description = made("two inputs")
    stimulus = stimulus_of(description)
    folder = export(description, tmp_path / "net", stimulus=stimulus, duration=0.03)
    _, out = run_here(folder)
    compare(out, simulate(description, stimulus, duration=0.03))
    _, out = run_here(folder, "--duration", "10")
    compare(out, simulate(description, stimulus, duration=0.01))


def test_one_trial_at_a_time_where_statements_use_the_index(tmp_path):
    folder = export(made("indices"), tmp_path / "net", duration=0.1)
    assert "--trials" not in (folder / "network.py").read_text()
    _, out = run_here(folder, "--trial", "0")
    compare(out, simulate(made("indices"), duration=0.1))


@pytest.mark.parametrize("name", ["two layers", "own updater"])
def test_a_script_runs_where_chronaxie_cannot_be_imported(name, tmp_path):
    description = made(name)
    stimulus = stimulus_of(description)
    folder = export(description, tmp_path / "net", stimulus=stimulus)
    assert not re.search(r"^\s*(import|from) +chronaxie", (folder / "network.py").read_text(), re.MULTILINE)
    out, printed = run_alone(folder)
    compare(out, simulate(description, stimulus))
    assert "hidden1: " in printed
    assert re.search(r"trial 2: .+ \(P .+, PQ' +.+, QR .+\)", printed)


def test_input_of_ones_own(tmp_path):
    description = made("alif")
    folder = export(description, tmp_path / "net")
    other = stimulus_of(description, trials=2, steps=30, seed=9)["input"]
    np.save(tmp_path / "mine.npy", other.values)
    _, out = run_here(folder, "--input", str(tmp_path / "mine.npy"))
    compare(out, simulate(description, other))
    np.save(tmp_path / "mine.npy", other.values * 2.0)
    with pytest.raises(ValueError, match="expected 0 or 1"):
        run_here(folder, "--input", str(tmp_path / "mine.npy"))
    np.save(tmp_path / "mine.npy", other.values[:, :, :2])
    with pytest.raises(
        ValueError, match=r"expected \(trial, time, channel\) = \(2, any, 4\), got \(2, 30, 2\)"
    ):
        run_here(folder, "--input", str(tmp_path / "mine.npy"))


@pytest.mark.slow
def test_inputs_can_be_put_in_again_and_run_again(tmp_path):
    description = made("current")
    folder = export(description, tmp_path / "net")
    names, first = run_here(folder, "--trials", "2")
    other = stimulus_of(description, trials=2, steps=40)["stimulus"]
    assert first["hidden1.spike_time"].size > 5
    assert callable(names["set_input"])
    assert names["input_"].namespace["stimulus"].values.shape == (250, 8)
    names["set_input"](other.values)
    assert names["input_"].namespace["stimulus"].values.shape == (40, 8)


def test_options_that_do_not_fit_are_refused(tmp_path, capsys):
    folder = export(made("next"), tmp_path / "net")
    for options, said in (
        (["--dt", "3"], "--dt: 3. ms does not divide 4. ms, the step of the input"),
        (["--dt", "0"], "does not divide"),
        (["--trials", "9"], "--trials: expected 1 to 3, got 9"),
        (["--trials", "0"], "--trials: expected 1 to 3, got 0"),
    ):
        with pytest.raises(SystemExit):
            run_here(folder, *options)
        assert said in capsys.readouterr().err


def test_scripts_are_formatted_and_without_complaints(tmp_path):
    for k, name in enumerate(NETWORKS):
        export(made(name), tmp_path / f"net{k}")
        text = (tmp_path / f"net{k}" / "network.py").read_text()
        assert max(map(len, text.splitlines())) <= LINE, name
    (tmp_path / "ruff.toml").write_text(
        f'line-length = {LINE}\nlint.select = ["E", "W", "F", "I", "B", "UP", "C4", "SIM"]'
    )
    for command in (["format", "--diff"], ["check", "--no-cache"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--config", str(tmp_path / "ruff.toml"), str(tmp_path)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_no_text_of_a_network_leaves_its_comment(tmp_path):
    hostile = 'x"""\nimport os; os.remove("a")\n\\'
    net = annotate(
        srnn(2, [2], 2), about={"task": hostile, "source": hostile, "classes": '["\\"]\\nraise", "\\\\"]'}
    )
    folder = export(net, tmp_path / "net", about=hostile)
    text = (folder / "network.py").read_text()
    tree = compile(text, "network.py", "exec")
    assert "remove" not in tree.co_names
    assert network_of(folder).group("hidden1").size == 2 * 3

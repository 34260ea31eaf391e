import json

import numpy as np
import pytest
from brian2 import ms

import chronaxie as cx
from chronaxie.models import ALIF, Initial, annotate, dense, simulate
from chronaxie.studies.cli import main
from chronaxie.studies.evaluating import EvaluationError, evaluate, flat
from chronaxie.studies.results import read_result
from chronaxie.studies.task import Task, make_split
from chronaxie.studies.tasks import load_task


def split(first, trials, steps=60, classes=3, per_trial=False, seed=0):
    rng = np.random.default_rng([seed, first])
    x = (rng.random((trials, steps, 4)) < 0.3).astype(np.uint8)
    shape = (trials,) if per_trial else (trials, steps)
    label = rng.integers(-1 if not per_trial else 0, classes, shape).astype(np.int8)
    return make_split(x, label, dt=0.004, trial=first + np.arange(trials), channel=list("abcd"))


def make_task(classes=("P", "QRS", "T"), **options):
    return Task(
        name="made",
        train=split(0, 4, **options),
        valid=split(10, 3, **options),
        test=split(20, 8, **options),
        classes=classes,
        dt=0.004,
        source="made",
        licence="none",
        hash="sha256:0",
        description="made",
        unlabelled_class=None if options.get("per_trial") else classes[0],
    )


@pytest.fixture
def net():
    return cx.srnn(4, [12], 3, seed=1, readout=ALIF, input_gain=3.0)


def test_the_numbers_are_those_of_a_simulation(net):
    task = make_task()
    found = evaluate(net, task, seeds=2, start="random")
    ds = simulate(net, task.test.stimulus, initial=Initial("random", seed=1))
    label = task.test.label.values
    decided = ds.output_v.values.argmax(-1)
    assert found.accuracy_brian2.values[1] == (decided == label)[label >= 0].mean()
    assert found.accuracy_twin.values[1] == found.accuracy_brian2.values[1]
    yin = (decided == np.where(label < 0, 0, label))[:, 10:].mean()
    assert found.accuracy_yin_brian2.values[1] == pytest.approx(yin, abs=1e-15)
    assert found.mismatches.values.tolist() == [0, 0]
    assert found.neuron_steps.values.tolist() == [8 * 60 * 15] * 2
    rate = dense(ds, "hidden1").values.mean() / 0.004
    assert found.rate_hidden1.values[1] == pytest.approx(rate)
    assert found.attrs["builds"] == 1
    assert found.accuracy_brian2.values[0] != found.accuracy_brian2.values[1]


@pytest.mark.slow
def test_a_spike_that_differs_is_counted(net, monkeypatch):
    from chronaxie.studies import evaluating

    def one_spike_more(*arguments, **options):
        run = evaluating_run(*arguments, **options)
        run.spikes["hidden1"][2, 30, 5] ^= 1
        return run

    evaluating_run = evaluating.run_twin
    monkeypatch.setattr(evaluating, "run_twin", one_spike_more)
    assert flat(evaluate(net, make_task()))["mismatches"] == 1


@pytest.mark.slow
def test_fewer_trials_in_brian2_and_labels_of_trials(net):
    readout = cx.models.Readout("output", "spikes", reduce="sum")
    task = make_task(per_trial=True)
    found = flat(evaluate(annotate(net, readout=readout), task, trials=6, brian2_trials=2))
    assert (found["trials"], found["brian2_trials"]) == (6, 2)
    assert found["neuron_steps"] == 2 * 60 * 15
    assert "accuracy_yin_twin" not in found
    counts = dense(simulate(net, task.test.stimulus[:6]), "output").values.sum(1)
    assert found["accuracy_twin"] == (counts.argmax(-1) == task.test.label.values[:6]).mean()
    assert found["accuracy_brian2"] == (counts.argmax(-1) == task.test.label.values[:6])[:2].mean()


@pytest.mark.slow
def test_at_another_step_nothing_is_compared(net):
    found = flat(evaluate(net, make_task(), dt=1e-3))
    assert found["mismatches"] is None
    assert found["membrane_difference"] is None
    assert found["dt"] == 1e-3
    assert 0 < found["accuracy_brian2"] < 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": "warm"}, "start must be one of zero, random"),
        ({"seeds": 3}, "a zero start has no seed"),
        ({"seeds": 0, "start": "random"}, "seeds must be a whole number"),
        ({"trials": 9}, "trials must be a whole number from 1 to 8"),
        ({"trials": 4, "brian2_trials": 5}, "brian2_trials must be a whole number from 1 to 4"),
    ],
)
def test_what_means_nothing_is_refused(net, options, message):
    with pytest.raises(EvaluationError, match=message):
        evaluate(net, make_task(), **options)


def test_a_network_of_another_task_is_refused(net):
    with pytest.raises(EvaluationError, match="3 outputs, the task 'made' 2 classes"):
        evaluate(net, two_classes())
    with pytest.raises(EvaluationError, match=r"dt_ref of 0.008 s, the task 'made' steps of 0.004 s"):
        evaluate(cx.srnn(4, [5], 3, dt=8 * ms), make_task())
    with pytest.raises(ValueError, match="expected 5 channels"):
        evaluate(cx.srnn(5, [5], 3), make_task())


def two_classes():
    parts = {name: split(k, 4, seed=1, classes=2) for k, name in ((0, "train"), (10, "valid"), (20, "test"))}
    rest = {"dt": 0.004, "source": "", "licence": "", "hash": "", "description": ""}
    return Task(name="made", classes=("P", "T"), **parts, **rest)


# ------------------------------------------------------------------ the commands
@pytest.fixture
def checkpoint(tmp_path):
    """A small network of the kind ecg in the authors' layout."""
    rng = np.random.default_rng(0)
    shapes = {"i2h.weight": (7, 4), "h2h.weight": (7, 7), "h2o.weight": (6, 7)}
    arrays = {name: rng.normal(0, 2, shape) for name, shape in shapes.items()}
    arrays |= {f"{name}.bias": rng.normal(0, 0.2, n) for name, n in (("i2h", 7), ("h2h", 7), ("h2o", 6))}
    arrays |= {"tau_adp_h": np.full(7, 7.0), "tau_adp_o": np.full(6, 100.0)}
    path = tmp_path / "authors.npz"
    np.savez(path, **{name: value.astype(np.float32) for name, value in arrays.items()})
    return path


@pytest.mark.slow
def test_import_and_evaluate_on_the_command_line(checkpoint, tmp_path, capsys):
    out, table = tmp_path / "net.nc", tmp_path / "numbers.nc"
    assert main(["import", str(checkpoint), "--kind", "ecg", "--set", "b0=0.1", "--out", str(out)]) == 0
    assert "hidden1 7, input 4, output 6" in capsys.readouterr().out
    net = cx.load(out)
    hidden = next(o for o in net.objects if o.name == "hidden1")
    assert np.asarray(hidden.b0) == 0.1
    command = ["evaluate", str(out), "--task", "synthetic_ecg", "--trials", "3", "--start", "random"]
    assert main([*command, "--seeds", "2", "--json", "--out", str(table)]) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["mismatches"] == 0
    assert numbers["seeds"] == 2
    assert numbers["accuracy_yin_twin"] == numbers["accuracy_yin_brian2"]
    assert isinstance(numbers["accuracy_twin_sd"], float)
    stored = read_result(table)
    assert stored.attrs["study"] == "evaluate"
    assert float(stored.accuracy_twin.mean()) == numbers["accuracy_twin"]
    assert main([*command, "--out", str(table)]) == 1
    assert "is there already; give --overwrite" in capsys.readouterr().err
    assert main(command) == 0
    assert "mismatches                   0" in capsys.readouterr().out


def test_what_is_odd_is_said_and_nothing_is_half_written(checkpoint, tmp_path, capsys):
    with np.load(checkpoint) as file:
        arrays = dict(file)
    arrays["tau_adp_h"][2] = -3
    np.savez(checkpoint, **arrays)
    out = tmp_path / "net.nc"
    command = ["import", str(checkpoint), "--kind", "ecg", "--out", str(out)]
    assert main(command) == 1
    assert "tau_adp_h[2] = -3 steps; choose what to do" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.nc"))
    assert main([*command, "--negative-tau", "drop"]) == 0
    said = capsys.readouterr()
    assert "negative time constants (drop): tau_adp_h[2]" in said.err
    assert "hidden1 6" in said.out
    assert main([*command, "--negative-tau", "drop"]) == 1
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["b0", "b0=", "b0=high", "=3"])
def test_a_constant_without_a_number_is_refused(checkpoint, tmp_path, text, capsys):
    with pytest.raises(SystemExit):
        main(["import", str(checkpoint), "--kind", "ecg", "--out", str(tmp_path / "net.nc"), "--set", text])
    said = capsys.readouterr().err
    assert "expected NAME=VALUE with a number" in said or "expected b0, beta or tau_m" in said


def test_only_constants_are_set_and_each_once(checkpoint, tmp_path, capsys):
    command = ["import", str(checkpoint), "--kind", "ecg", "--out", str(tmp_path / "net.nc"), "--set"]
    for text in ("report=1", "kind=1", "dt=1"):
        with pytest.raises(SystemExit):
            main([*command, text])
        assert "expected b0, beta or tau_m" in capsys.readouterr().err
    assert main([*command, "b0=1", "--set", "b0=2"]) == 1
    assert "--set b0: given more than once" in capsys.readouterr().err


@pytest.fixture
def trained(tmp_path):
    """A network file that says what it was trained on."""

    def write(**about):
        path = tmp_path / "trained.nc"
        cx.save(annotate(cx.srnn(4, [3], 6), about=about), path, overwrite=True)
        return path

    return write


CLASSES = json.dumps(["P", "PQ", "QR", "RS", "ST", "TP"])


@pytest.mark.slow
def test_the_file_says_task_seed_and_options(trained, capsys):
    path = trained(task="synthetic_ecg", seed="3", classes=CLASSES, options='{"config": {"test": 2}}')
    assert main(["evaluate", str(path), "--json"]) == 0
    from_file = json.loads(capsys.readouterr().out)
    assert from_file["trials"] == 2
    task = load_task("synthetic_ecg", seed=3, config={"test": 2})
    expected = flat(evaluate(cx.load(path), task))
    assert from_file["accuracy_brian2"] == expected["accuracy_brian2"]
    assert main(["evaluate", str(path), "--json", "--option", 'config={"test": 3}', "--seed", "4"]) == 0
    given = json.loads(capsys.readouterr().out)
    assert given["trials"] == 3
    assert given["data_hash"] != from_file["data_hash"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"options": "[1]"}, "its text 'options' must be the options of a task"),
        ({"options": '{"data": "/elsewhere"}'}, "without a data folder"),
        ({"options": "x"}, "its text 'options' is not JSON"),
        ({"options": '{"foo": 1}'}, "foo"),
        ({"seed": "abc"}, "its text 'seed' is not JSON"),
        ({"seed": "-1"}, "'seed' must be a whole number >= 0"),
        ({"classes": "[1]"}, "its text 'classes' must be names"),
        ({"classes": '["a", "b", "c", "d", "e", "f"]'}, "trained for the classes a, b, c, d, e, f, the task"),
    ],
)
def test_what_a_file_says_is_checked(trained, about, message, capsys):
    assert main(["evaluate", str(trained(task="synthetic_ecg", **about))]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_another_task_than_that_of_the_training_is_said(trained, capsys):
    path = trained(task="ecg", seed="3", options='{"valid_fraction": 0.2}')
    assert main(["evaluate", str(path), "--task", "synthetic_ecg", "--trials", "2"]) == 0
    assert "trained on 'ecg', tested on 'synthetic_ecg'" in capsys.readouterr().err


@pytest.mark.slow
def test_another_seed_than_that_of_the_training_is_said(trained, capsys):
    path = trained(task="synthetic_ecg", seed="0", options='{"config": {"test": 2}}')
    assert main(["evaluate", str(path), "--seed", "1"]) == 0
    assert "trained with the splits of seed 0" in capsys.readouterr().err
    assert main(["evaluate", str(path)]) == 0
    assert "trained with the splits" not in capsys.readouterr().err


def test_a_network_of_a_data_set_that_is_not_read_here(trained, capsys):
    assert main(["evaluate", str(trained(task="timit"))]) == 1
    assert "was trained on 'timit', which is none of the tasks here" in capsys.readouterr().err


def test_the_output_is_looked_at_first(trained, tmp_path, capsys):
    path = trained(task="synthetic_ecg")
    before = path.read_bytes()
    assert main(["evaluate", str(path), "--out", str(path), "--overwrite"]) == 1
    assert "is the network itself" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["evaluate", str(path), "--out", str(tmp_path / "file" / "x.nc")]) == 1
    said = capsys.readouterr().err
    assert "cannot be written" in said
    assert "zero start" not in said
    assert path.read_bytes() == before


@pytest.mark.slow
def test_brian2_gets_as_many_trials_as_fit(net, monkeypatch):
    from chronaxie.studies import evaluating

    lines = []
    monkeypatch.setattr(evaluating, "LARGEST", 3 * (4 * 12 + 12 * 12 + 12 * 3))
    found = flat(evaluate(net, make_task(), report=lines.append))
    assert (found["trials"], found["brian2_trials"]) == (8, 3)
    assert any("Brian2 runs the first 3 of 8 trials" in line for line in lines)


def test_a_file_without_a_task_needs_one(tmp_path, capsys):
    cx.save(cx.srnn(4, [3], 6), tmp_path / "net.nc")
    assert main(["evaluate", str(tmp_path / "net.nc")]) == 1
    assert "names no task; give --task" in capsys.readouterr().err

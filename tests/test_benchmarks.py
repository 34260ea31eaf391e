"""The harness of `make bench`: ratios, exponents and verdicts are right; who cannot take part is named."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"
# A module under this name stays: classes of `peers` in two copies would not be equal.
sys.path.insert(0, str(BENCHMARKS))
try:
    from peers import bars, competitors, equations, growth, install, own, plain_torch, rounds, sizes, tables
finally:
    sys.path.remove(str(BENCHMARKS))

TINY = sizes.Size(12, 3, 5)


def quiet(text):
    """A report to nobody."""


def command(name, *arguments):
    """Run a command of benchmarks/; returns (exit status, stdout, stderr)."""
    words = [sys.executable, str(BENCHMARKS / name), *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return done.returncode, done.stdout, done.stderr


# ------------------------------------------------------------------ numbers
def test_a_ratio_is_the_median_of_those_within_a_round():
    # Round 2 was slow for both: its ratio is as good as any other, a ratio of medians would not be.
    assert rounds.ratio([4.0, 40.0, 6.0], [1.0, 10.0, 2.0]) == 4.0
    assert rounds.ratio([], [1.0]) is None


@pytest.mark.parametrize("k", [0.3, 1.0, 2.5])
def test_exponents_of_powers_are_found(k):
    values = [16, 32, 64, 128]
    found, off = growth.exponent(values, [0.7 * v**k for v in values])
    assert found == pytest.approx(k, abs=1e-12)
    assert off == pytest.approx(1, abs=1e-12)
    _, off = growth.exponent(values, [0.7 * v**k * f for v, f in zip(values, (1, 2, 2, 1), strict=True)])
    assert off == pytest.approx(2**0.5)  # a bump that no slope follows: half of it above, half below


def test_a_bar_is_held_or_missed():
    assert bars.verdict("x", 41.0, 40).startswith("holds")
    assert bars.verdict("x", 39.0, 40).startswith("FAILS")
    assert bars.verdict("x", 0.3, 1 / 3, at_most=True).startswith("holds")
    assert bars.verdict("x", 0.4, 1 / 3, at_most=True).startswith("FAILS")


def test_the_fused_engine_is_held_against_the_peers_that_are_there():
    rows = {
        "fused": {"train": [1.0], "infer": [1.0], "step_mib": 40.0},
        "norse": {"train": [39.0], "infer": [61.0], "step_mib": 100.0},
        "eager": {"train": [30.0], "infer": [30.0], "step_mib": 100.0},
        "prototype": {"train": [0.96], "infer": [1.0], "step_mib": 30.0},
    }
    found = bars.layer_verdicts({"rows": rows}, sizes.SIZES[0])
    words = ["FAILS", "holds", "holds", "FAILS"]  # 39 of 40, 61 of 60, 0.96 of 0.952, 0.4 of 0.333
    assert [line.split(":")[0] for line in found] == words
    assert bars.layer_verdicts({"rows": {"norse": rows["norse"]}}, sizes.SIZES[0]) == []


@pytest.mark.parametrize("text", ["1300x64", "1300x64xmany", "0x1x1", "-1x2x3"])
def test_sizes_are_checked(text):
    with pytest.raises(ValueError, match="size: expected steps"):
        sizes.parse_size(text)


# ------------------------------------------------------------------ competitors
@pytest.mark.slow
def test_what_is_installed_runs_and_what_is_not_is_named():
    chosen = competitors.COMPETITORS
    found = rounds.measure(chosen, TINY, arguments={"bias": 2.0}, rounds=1, threads=1, report=quiet)
    assert set(found["rows"]) | set(found["left_out"]) == set(chosen)
    assert {"eager", "reference"} <= set(found["rows"])
    for key, row in found["rows"].items():
        assert row["train"][0] > 0, key
        assert row["infer"][0] > 0, key
        assert row["rate"] > 0, key
    for key in set(chosen) - {"fused", "compiled", "torch.compile"}:
        missing = any(importlib.util.find_spec(name.partition(".")[0]) is None for name in chosen[key].needs)
        assert missing == (key in found["left_out"]), found["left_out"].get(key)
        if missing:
            assert "No module named" in found["left_out"][key]
    table = tables.layer_table(found, {key: c.title for key, c in chosen.items()})
    assert table.count("\n") == len(chosen) + 1
    assert table.count("not there") == len(found["left_out"])


def test_the_layer_is_the_papers():
    """Brian2's network of the layer gives the spikes of the papers' formula; gradients differ by the reset's."""
    options = {"bias": 2.0, "dtype": "float64"}
    size = sizes.Size(20, 4, 12)
    wanted, by_formula = plain_torch.eager(size, **options).result()
    spikes, gradients = own.twin(size, engine="reference", **options).result()
    assert wanted.sum() > 0
    assert (spikes == wanted).all()
    for name, expected in by_formula.items():
        off = np.linalg.norm(gradients[name].ravel() - expected.ravel()) / np.linalg.norm(expected)
        assert 0 < off < 0.05, name


def test_a_competitor_that_fails_on_the_way_is_left_out():
    broken = competitors.Competitor("broken", "plain_torch:eager", ("torch",), ())
    options = {"arguments": {"bias": 0.0}, "rounds": 1, "threads": 1, "report": quiet}
    found = rounds.measure({"broken": broken}, TINY, actions=("no_such_action",), **options)
    assert found["rows"] == {}
    assert "no_such_action" in found["left_out"]["broken"]


def test_a_process_that_dies_is_named():
    broken = competitors.Competitor("broken", "worker:no_such_function", (), ())
    found = rounds.measure({"broken": broken}, TINY, rounds=1, threads=1, report=quiet)
    assert found["rows"] == {}
    assert "no_such_function" in found["left_out"]["broken"]


@pytest.mark.parametrize("name", equations.CELLS)
def test_other_neurons_spike_and_learn(name):
    case = equations.twin(sizes.Size(200, 2, 4), name=name, engine="reference", dtype="float64")
    spikes, gradients = case.result()
    assert spikes.shape == (200, 2, 4)
    assert spikes.sum() > 0
    assert set(gradients) == {"w", *equations.CELLS[name].trained}
    assert all(abs(g).max() > 0 for g in gradients.values())


def test_the_table_of_neurons_is_complete():
    assert tuple(equations.CELLS) == competitors.CELLS


# ------------------------------------------------------------------ commands
@pytest.mark.slow
def test_a_step_of_the_ecg_training_is_split_into_its_parts(tmp_path):
    status, out, err = command(
        "ecg_step.py", "--size", "40x4x6", "--only", "reference", "--rounds", 1, "--threads", 1,
        "--json", tmp_path / "ecg.json",
    )  # fmt: skip
    assert status == 0, err
    rows = json.loads((tmp_path / "ecg.json").read_text())["ecg"]["rows"]
    whole, (parts,) = rows["reference"]["train"][0], rows["reference"]["parts"]
    assert tuple(parts) == competitors.STEP_PARTS
    assert all(seconds > 0 for seconds in parts.values())
    assert sum(parts.values()) == pytest.approx(whole, rel=0.1)  # the rest is the loop around the step
    # The hidden layer alone is the network's own: as many spikes.
    assert rows["reference layer"]["rate"] == pytest.approx(rows["reference"]["rate"], rel=1e-6)
    assert "hidden layer alone" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "fused,bogus"), "unknown: bogus; there are fused, compiled"),
        (("--sizes", "12x3"), "size: expected steps x trials x neurons"),
    ],
)
def test_what_is_unknown_is_refused(arguments, message):
    status, _, err = command("engines.py", *arguments)
    assert status == 2
    assert message in err


def row(seconds, **more):
    """What `measure` says of one competitor."""
    return {"train": [seconds], "infer": [seconds], "step_mib": 2.0, "start_s": 1.0, "rate": 0.03, **more}


def results_of_a_run():
    """What the three commands write, without a run."""
    about = {
        "versions": {"python": "3"},
        "processor": "P",
        "processors": 2,
        "threads": 2,
        "compiler": "cc",
        "load": 0.0,
    }
    about |= {"sgemm_gflops": 1.0, "options": {"rounds": 1}}
    distance = {"spikes": 0, "of": 9, "w": 1e-9, "tau_m": 1e-9, "tau_a": 1e-9}
    rows = {"fused": row(0.001), "eager": row(0.032), "norse": row(0.044), "prototype": row(0.0009)}
    layer = {"size": [1300, 64, 36], "rows": rows, "left_out": {"jax": "No module named 'jax'"}}
    layer["verdicts"] = bars.layer_verdicts(layer, sizes.SIZES[0])
    parts = dict.fromkeys(competitors.STEP_PARTS, 0.0004)
    ecg = {"fused": row(0.002, parts=[parts]), "fused layer": row(0.001)}
    ecg = {"size": [1300, 64, 36], "rows": ecg, "left_out": {}, "verdicts": []}
    cells = {"AdEx": {"rows": {"fused": row(0.01), "reference": row(0.25)}, "left_out": {}, "verdicts": []}}
    known = competitors.COMPETITORS | {"prototype": competitors.prototype("folder")}
    return {
        "engines": {
            "about": about,
            "models": {key: [c.title, c.model] for key, c in known.items()},
            "same": {"eager": {"jax": distance, "prototype": distance}},
            "sizes": [layer],
            "growth": {"steps": {"fused": growth._fit([10, 20], [row(0.001), row(0.002, step_mib=4.0)])}},
        },
        "ecg_step": {"about": about, "task": "synthetic ECG", "ecg": ecg},
        "any_equations": {"about": about, "cells": cells},
    }


def test_a_page_shows_what_was_measured(tmp_path):
    for name, result in results_of_a_run().items():
        (tmp_path / f"{name}.json").write_text(json.dumps(result))
    page = tmp_path / "speed.md"
    status, _, err = command("speed_page.py", "--results", tmp_path, "--docs", page)
    assert status == 0, err
    text = " ".join(page.read_text().split())
    assert "| chronaxie, fused | 1 | 32 | 44 | 1 | 32 | 44 | 2.0 | 1.0 | 0.030 |" in text
    assert "| chronaxie, fused | steps | 10, 20 | 1, 2 | 1.00 | 1.00 | 1.00 |" in text
    assert "| chronaxie, fused | 2 | 0.4 | 0.4 | 0.4 | 0.4 | 0.4 | 1 | 2 | – | 0.030 |" in text
    assert "| AdEx | chronaxie, fused | 10 | 25 | 10 | 25 |" in text
    assert "* JAX, lax.scan: No module named 'jax'" in text
    assert "* holds: 1300x64x36, training, norse over fused: 44 (≥ 40)" in text
    assert "Norse, LSNN recurrent: Euler steps" in text
    assert "prototype" not in text  # no part of the repository


def test_a_page_needs_all_results(tmp_path):
    status, _, err = command("speed_page.py", "--results", tmp_path, "--docs", tmp_path / "speed.md")
    assert status != 0
    assert "lacks engines.json, ecg_step.json, any_equations.json: run make bench" in err
    assert not (tmp_path / "speed.md").exists()


def test_a_peer_that_cannot_be_installed_has_a_reason(tmp_path):
    missing = tmp_path / "peer-1-py3-none-any.whl"
    assert "peer-1" in install.install(install.Peer((str(missing),), "peer"))
    there = install.Peer(("pytest",), "no_such_module")
    assert "No module named 'no_such_module'" in install.install(there)


def test_peers_are_held_at_versions():
    assert all("==" in r for peer in install.PEERS.values() for r in peer.requirements)

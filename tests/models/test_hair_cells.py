import dataclasses
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian2 import Network, ms

from chronaxie.models import StimulusError, describe
from chronaxie.models.cochlea import cochleagram, erb_space, gammatone_filters
from chronaxie.models.hair_cells import HairCells, hair_cell_spikes, hair_cells
from chronaxie.models.speech import SpeechEncoder, encode_speech

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "speech.md").read_text()
STEP = 1e-3
SMALL = SpeechEncoder(channels=6, low=200.0, high=3000.0, steps=30)


def recursion(drive, cells, step=STEP):
    """Spikes (trial, time, channel) by the exponential Euler recursion, written out."""
    v, a = np.zeros(drive[:, 0].shape), np.zeros(drive[:, 0].shape)
    last = np.full(v.shape, -np.inf)
    out = np.zeros(drive.shape, dtype=np.uint8)
    rest = round(cells.refractory / step)
    for t in range(drive.shape[1]):
        free = t - last >= rest
        driven = cells.gain * drive[:, t] - a
        moved = driven + (v - driven) * np.exp(-step / cells.tau_m)
        a = a * np.exp(-step / cells.tau_a)
        v = np.where(free, moved, v)
        fires = free & (v > 1)
        out[:, t] = fires
        v = np.where(fires, 0.0, v)
        a = a + cells.jump * fires
        last = np.where(fires, t, last)
    return out


@pytest.fixture(scope="module")
def drive():
    return np.random.default_rng(0).gamma(1.0, 0.6, (3, 200, 4))


@pytest.mark.parametrize(
    "cells",
    [HairCells(), HairCells(gain=5.0, jump=0.0), HairCells(tau_m=2e-3, tau_a=2e-3, refractory=7e-3)],
)
def test_spikes_are_those_of_the_recursion(drive, cells):
    found = hair_cell_spikes(drive, step=STEP, dt=STEP, cells=cells)
    assert found.dtype == np.uint8
    assert np.array_equal(found, recursion(drive, cells))
    assert found.sum() > 20


def test_bins_are_the_spikes_within_them(drive):
    cells = HairCells(gain=20.0, refractory=2e-3)
    fine = hair_cell_spikes(drive, step=STEP, dt=STEP, cells=cells)
    coarse = hair_cell_spikes(drive, step=STEP, dt=8 * ms, cells=cells)
    assert fine.reshape(3, 25, 8, 4).sum(axis=2).max() > 1
    assert np.array_equal(coarse, fine.reshape(3, 25, 8, 4).max(axis=2))
    # 200 steps are 18.2 bins of 11.
    odd = hair_cell_spikes(drive, step=STEP, dt=11e-3, cells=cells)
    assert odd.shape == (3, 19, 4)
    assert np.array_equal(odd[:, 18], fine[:, 198:].max(axis=1))


def test_a_trial_does_not_depend_on_the_others(drive):
    together = hair_cell_spikes(drive, step=STEP, dt=4e-3)
    alone = np.concatenate([hair_cell_spikes(x[None], step=STEP, dt=4e-3) for x in drive])
    assert np.array_equal(together, alone)


def test_constant_drive_gives_the_rate_of_the_equation():
    # Without adaptation the interval is the refractory period and the time from 0 to 1 of the exponential,
    # tau ln(g d/(g d - 1)), rounded up to steps.
    cells = HairCells(gain=2.0, jump=0.0, tau_m=10e-3, refractory=4e-3)
    spikes = hair_cell_spikes(np.full((1, 1000, 1), 0.8), step=STEP, dt=STEP, cells=cells)
    interval = np.diff(np.flatnonzero(spikes[0, :, 0]))
    rise = np.ceil(10 * np.log(1.6 / 0.6))
    # The step at which the refractory period ends is the first of the rise.
    assert set(interval.tolist()) == {int(4 + rise - 1)}
    silent = hair_cell_spikes(np.full((1, 1000, 1), 0.5), step=STEP, dt=STEP, cells=cells)
    assert not silent.any()


def test_adaptation_makes_the_onset_strongest():
    drive = np.full((1, 600, 1), 1.0)
    adapting = hair_cell_spikes(drive, step=STEP, dt=STEP, cells=HairCells(jump=0.2))[0, :, 0]
    steady = hair_cell_spikes(drive, step=STEP, dt=STEP, cells=HairCells(jump=0.0))[0, :, 0]
    assert adapting[:60].sum() > 1.3 * adapting[-60:].sum()
    assert abs(int(steady[:60].sum()) - int(steady[-60:].sum())) <= 1


def test_the_group_is_a_brian2_network_of_the_given_constants():
    net = hair_cells(5, cells=HairCells(gain=3.0, tau_a=0.1), dt=0.5 * ms)
    assert isinstance(net, Network)
    (group,) = describe(net).groups
    assert (group.name, group.size) == ("hair_cells", 5)
    values = {v.name: v.array.values for v in group.variables}
    assert values["gain"] == 3.0
    assert values["tau_a"] == 0.1
    assert float(net["hair_cells"].clock.dt) == 0.5e-3


@pytest.mark.slow
@pytest.mark.parametrize("device", ["cython", "cpp_standalone"])
def test_devices_agree(drive, device):
    expected = hair_cell_spikes(drive, step=STEP, dt=STEP)
    assert np.array_equal(hair_cell_spikes(drive, step=STEP, dt=STEP, device=device), expected)


# ------------------------------------------------------------------ cochlea and hair cells together
def recordings(count, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(-3000, 3000, n).astype(np.int16) for n in rng.integers(1500, 4000, count)]


def test_encoding_is_cochlea_then_hair_cells():
    some = recordings(3)
    found = encode_speech(some, 8000, encoder=SMALL)
    filters = gammatone_filters(erb_space(6, 200, 3000), 8000)
    for x, spikes in zip(some, found, strict=True):
        drive = np.zeros((1, 300, 6))
        heard = cochleagram(x, 8000, filters, dt=1e-3, exponent=0.3)[:300]
        drive[0, : len(heard)] = heard
        parts = [hair_cell_spikes(drive, step=1e-3, dt=1e-2, cells=c)[0] for c in SMALL.cells]
        assert np.array_equal(spikes, np.concatenate(parts, axis=1))
    assert found.shape == (3, 30, 12)
    assert 0.02 < found.mean() < 0.9


@pytest.mark.slow
def test_encoding_does_not_depend_on_blocks():
    some = recordings(5)
    whole = encode_speech(some, 8000, encoder=SMALL)
    assert np.array_equal(whole, encode_speech(some, 8000, encoder=SMALL, block=2))
    assert np.array_equal(whole[3], encode_speech(some[3:4], 8000, encoder=SMALL)[0])


def test_what_is_longer_is_cut_and_what_is_shorter_ends_in_silence():
    (x,) = recordings(1)
    x = np.resize(x, 8000)
    long = encode_speech([x], 8000, encoder=replace(SMALL, steps=100))
    short = encode_speech([x], 8000, encoder=replace(SMALL, steps=20))
    assert np.array_equal(long[:, :20], short)
    padded = encode_speech([x], 8000, encoder=replace(SMALL, steps=120))
    assert np.array_equal(padded[:, :100], long)
    # The membrane forgets within a few tau_m.
    assert not padded[:, 105:].any()


def test_loudness_does_not_change_the_spikes():
    (x,) = recordings(1)
    quiet, loud = encode_speech([x, x.astype(float) * 8], 8000, encoder=SMALL)
    assert np.array_equal(quiet, loud)


def test_channels_are_named_by_frequency_and_cell():
    assert SMALL.names[0] == "200 Hz, cell 1"
    assert SMALL.names[-1] == "3000 Hz, cell 2"
    assert len(set(SMALL.names)) == 12
    one = replace(SMALL, cells=HairCells())
    assert one.cells == (HairCells(),)
    assert one.names[0] == "200 Hz"


def test_the_key_changes_with_every_parameter():
    changes = [
        {"channels": 7},
        {"low": 210.0},
        {"high": 2900.0},
        {"exponent": 0.4},
        {"step": 2e-3},
        {"dt": 5e-3},
        {"steps": 31},
        {"cells": HairCells()},
        {"cells": (HairCells(gain=9.0), SMALL.cells[1])},
    ]
    keys = [str(replace(SMALL, **change).key()) for change in changes]
    assert len({str(SMALL.key()), *keys}) == len(changes) + 1
    same = replace(SMALL, channels=np.int64(6), low=200, steps=np.int32(30), exponent=np.float64(0.3))
    assert json.dumps(same.key()) == json.dumps(SMALL.key())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: HairCells(gain=0), ValueError, "HairCells: gain must be a finite number > 0, got 0"),
        (lambda: HairCells(jump=-1.0), ValueError, "jump must be a finite number >= 0"),
        (lambda: HairCells(tau_m=np.nan), ValueError, "tau_m must be a finite number > 0, got nan"),
        (lambda: HairCells(refractory="1"), ValueError, "refractory"),
        (lambda: hair_cells(0), ValueError, "channels must be a whole number >= 1, got 0"),
        (lambda: hair_cells(3, cells=2.0), TypeError, "cells must be HairCells, got float"),
        (lambda: hair_cells(3, dt=0), ValueError, "hair_cells: dt must be a positive time"),
        (lambda: hair_cell_spikes(np.zeros((2, 3)), step=STEP, dt=STEP), ValueError, "shape \\(2, 3\\)"),
        (lambda: hair_cell_spikes(np.zeros((1, 0, 2)), step=STEP, dt=STEP), StimulusError, "empty"),
        (lambda: hair_cell_spikes(np.full((1, 3, 2), np.nan), step=STEP, dt=STEP), StimulusError, "finite"),
        (lambda: hair_cell_spikes(np.zeros((1, 3, 2)), step=STEP, dt=1.5e-3), ValueError, "dt"),
        (lambda: SpeechEncoder(channels=1), ValueError, "channels must be a whole number >= 2"),
        (lambda: SpeechEncoder(low=0.0), ValueError, "> 0"),
        (lambda: SpeechEncoder(dt=2.5e-3), ValueError, "SpeechEncoder: dt"),
        (lambda: SpeechEncoder(steps=0), ValueError, "steps must be a whole number >= 1, got 0"),
        (lambda: SpeechEncoder(exponent=2.0), ValueError, "exponent must be a number > 0 and <= 1"),
        (lambda: SpeechEncoder(cells=()), TypeError, "at least one"),
        (lambda: SpeechEncoder(cells=(3.0,)), TypeError, "must be HairCells"),
        (lambda: encode_speech([], 8000), ValueError, "at least one recording, got none"),
        (lambda: encode_speech([np.ones(80)], 8000, encoder=SMALL), ValueError, "recording 0: .*silent"),
        (lambda: encode_speech(recordings(2) + [np.zeros(0)], 8000), ValueError, "recording 2: "),
        (lambda: encode_speech(recordings(1), 4000), ValueError, "centre 3600 Hz"),
        (lambda: encode_speech(recordings(1), 0), ValueError, "sampling_rate must be"),
        (lambda: encode_speech(recordings(1), 8000, block=0), ValueError, "block must be"),
        (
            lambda: encode_speech(recordings(1), 8000, encoder=HairCells()),
            TypeError,
            "SpeechEncoder, got Hair",
        ),
    ],
)
def test_bad_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ------------------------------------------------------------------ the page
@pytest.mark.parametrize(
    ("heading", "made"),
    [("Parameters of the encoder", SpeechEncoder()), ("Parameters of the hair cells", HairCells())],
)
def test_every_parameter_is_described_with_its_default(heading, made):
    table = PAGE.split(f"### {heading}\n")[1].split("\n#")[0]
    described = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", table, re.MULTILINE))
    values = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
    if "cells" in values:
        values["cells"] = "gain " + ", ".join(str(c.gain) for c in values["cells"])
        assert made.cells == tuple(HairCells(gain=c.gain) for c in made.cells)
    assert described == {name: str(value) for name, value in values.items()}


def test_the_program_of_the_page_hears_the_tone(capsys):
    (source,) = [p for p in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "encode_speech" in p]
    exec(compile(source, "speech.md", "exec"), {})  # noqa: S102 - a program of our own page
    counts = re.findall(r"([\d.]+) Hz: (\d+) spikes", capsys.readouterr().out)
    said = re.search(r"It prints (\d+) spikes at ([\d.]+) Hz and (\d+) at ([\d.]+) Hz", PAGE)
    assert counts == [(said[2], said[1]), (said[4], said[3])]

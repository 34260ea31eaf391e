"""A file that nobody vouches for is refused, and runs nothing."""

import json

import h5py
import numpy as np
import pytest

from chronaxie.models import FileRefused, Normal, annotations, describe, load, save, srnn
from chronaxie.models.checking import expression, slot, statements

CODE = "__import__('os').system('touch /tmp/chronaxie_was_here')"


@pytest.fixture
def path(tmp_path):
    return save(srnn(4, [5], 3, bias=Normal(0.02, 0.01), input="current"), tmp_path / "net.nc")


@pytest.fixture
def spikes(tmp_path):
    description = describe(srnn(4, [5], 3))
    group = description.group("input")
    group = type(group)(
        group.name,
        group.size,
        np.array([0, 3], np.int32),
        np.array([0.0, 0.004]),
        slot=group.slot,
        dt=group.dt,
    )
    return save(description.replace_group(group), tmp_path / "spikes.nc")


def change(path, where, edit):
    """Edit the specification `where` of a file."""
    with h5py.File(path, "r+") as file:
        dataset = file[f"{where}/specification"]
        data = json.loads(dataset[()])
        edit(data)
        dataset[()] = json.dumps(data)


def put(*keys, value):
    """An edit that sets a nested field."""

    def edit(data):
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = value

    return edit


def test_the_files_that_are_changed_here_are_good_before(path, spikes):
    assert load(path).objects
    assert load(spikes).objects


def test_the_seed_in_early_files_is_passed_over(path):
    before = annotations(load(path))
    for seed in (None, 3):
        change(path, "", put("annotations", "initial", value={"kind": "given", "seed": seed}))
        assert annotations(load(path)) == before
    change(path, "", put("annotations", "initial", value={"kind": "given"}))
    assert annotations(load(path)) == before


GROUP, SYNAPSES, LOOP = "groups/hidden1", "synapses/hidden1_output", "synapses/hidden1_hidden1"


@pytest.mark.parametrize(
    ("where", "edit"),
    [
        (GROUP, put("threshold", "condition", value=CODE)),
        (GROUP, put("threshold", "condition", value="v > 1 and " + CODE)),
        (GROUP, put("threshold", "condition", value="v.__class__ > 1")),
        (GROUP, put("threshold", "condition", value="v[0] > 1")),
        (GROUP, put("threshold", "condition", value="(lambda: 1)() > v")),
        (GROUP, put("threshold", "condition", value="[v for v in (1,)]")),
        (GROUP, put("threshold", "condition", value="open > 1")),
        (GROUP, put("threshold", "condition", value="open('x') > v")),
        (GROUP, put("threshold", "condition", value="system('x') > v")),
        (GROUP, put("threshold", "condition", value="v > 1; import os")),
        (GROUP, put("threshold", "condition", value="v > 'x'")),
        (GROUP, put("threshold", "condition", value="v > 1j")),
        (GROUP, put("threshold", "condition", value="rand > v")),
        (GROUP, put("threshold", "condition", value="rand(10**9) > v")),
        (GROUP, put("threshold", "condition", value="rand(*v) > v")),
        (GROUP, put("threshold", "condition", value="poisson() > v")),
        (GROUP, put("threshold", "condition", value="poisson(v, 10**9) > v")),
        (GROUP, put("threshold", "condition", value="xi > v")),
        (GROUP, put("threshold", "reset", value="v = xi_1")),
        (GROUP, put("equations", 2, "expression", value="xi*second**0.5")),
        (GROUP, put("equations", 0, "expression", value="xi_(v)/second")),
        (GROUP, put("threshold", "condition", value="v >")),
        (GROUP, put("threshold", "condition", value="v > 9**9**9**9")),
        (GROUP, put("threshold", "condition", value="v > (9**99)**99")),
        (GROUP, put("threshold", "condition", value="v > 10**101")),
        (GROUP, put("threshold", "condition", value="v > 2**(10**9)")),
        (GROUP, put("threshold", "condition", value="v > " + "9" * 5000)),
        (GROUP, put("threshold", "condition", value="(" * 500 + "v" + ")" * 500 + " > 1")),
        (GROUP, put("threshold", "condition", value="v > " + "-" * 15000 + "1")),
        (GROUP, put("threshold", "condition", value="v > 1 +" + " 1 +" * 10000 + " 1")),
        (GROUP, put("threshold", "condition", value="v > 1\0")),
        (GROUP, put("threshold", "condition", value="v := 1")),
        (GROUP, put("threshold", "condition", value="v << 100000")),
        (GROUP, put("threshold", "condition", value=5)),
        (GROUP, put("threshold", "reset", value="import os")),
        (GROUP, put("threshold", "reset", value="v = " + CODE)),
        (GROUP, put("threshold", "reset", value="v.x = 1")),
        (GROUP, put("threshold", "reset", value="v = a = 1")),
        (GROUP, put("threshold", "reset", value="for v in a: v = 1")),
        (GROUP, put("threshold", "reset", value="v += unknown")),
        (GROUP, put("threshold", "reset", value="def v(): return 1")),
        (GROUP, put("threshold", "reset_slot", value=None)),
        (GROUP, put("threshold", "slot", value=["thresholds; rm -rf /", 0])),
        (GROUP, put("threshold", "slot", value=["nowhere", 0])),
        (GROUP, put("threshold", "slot", value=["thresholds", 1e300])),
        (GROUP, put("threshold", "slot", value=["thresholds"])),
        (GROUP, put("threshold", "more", value=1)),
        (GROUP, put("refractory", value=CODE)),
        (GROUP, put("refractory", value=-1)),
        (GROUP, put("refractory", value=float("nan"))),
        (GROUP, put("method", value="__import__('os')")),
        (GROUP, put("method", value="gsl")),
        (GROUP, put("method", value=["exact", CODE])),
        (GROUP, put("method", value=3)),
        (GROUP, put("method_options", value={CODE: 1})),
        (GROUP, put("method_options", value={"simplify": CODE})),
        (GROUP, put("method_options", value=[])),
        (GROUP, put("kind", value="Subprocess")),
        (GROUP, put("dt", value=0)),
        (GROUP, put("dt", value="0.1")),
        (GROUP, put("order", value=True)),
        (GROUP, put("equations", 0, "expression", value=CODE)),
        (GROUP, put("equations", 0, "expression", value="os.system('x')")),
        (GROUP, put("equations", 0, "expression", value=None)),
        (GROUP, put("equations", 0, "name", value="v; import os")),
        (GROUP, put("equations", 0, "name", value="v" * 1000)),
        (GROUP, put("equations", 0, "name", value="_v-w")),
        (GROUP, put("equations", 0, "name", value="v\n")),
        (GROUP, put("equations", 0, "type", value="code")),
        (GROUP, put("equations", 0, "kind", value="object")),
        (GROUP, put("equations", 0, "flags", value=["linked"])),
        (GROUP, put("equations", 0, "flags", value=[CODE])),
        (GROUP, put("equations", 0, "dimensions", value=["1"] * 7)),
        (GROUP, put("equations", 0, "dimensions", value=[0.0] * 6)),
        (GROUP, put("equations", 0, "dimensions", value=[1e999] * 7)),
        (GROUP, put("equations", value={})),
        (GROUP, put("namespace", 0, "name", value=CODE)),
        (GROUP, put("namespace", 0, "value", value=CODE)),
        (GROUP, put("namespace", 0, "value", value=10**400)),
        (GROUP, put("namespace", 0, value={"name": "f", "timed_array": CODE})),
        ("groups/input", put("namespace", 0, "timed_array", value="other")),
        ("groups/input", put("equations", 0, "expression", value="stimuli(t, i)")),
        (SYNAPSES, put("source", value=CODE)),
        (SYNAPSES, put("target", value="nobody")),
        (SYNAPSES, put("pathways", 0, "code", value="v_post += w\nimport os")),
        (SYNAPSES, put("pathways", 0, "code", value="v_post += " + CODE)),
        (SYNAPSES, put("pathways", 0, "name", value="../../pre")),
        (SYNAPSES, put("pathways", 0, "prepost", value="both")),
        (SYNAPSES, put("multisynaptic_index", value=CODE)),
        (SYNAPSES, put("summed", value=[{"variable": CODE, "slot": ["groups", 0]}])),
        ("timed_arrays/stimulus", put("dt", value=-1)),
        ("timed_arrays/stimulus", put("dimensions", value=CODE)),
        ("", put("schedule", value=["start", "groups; import os"])),
        ("", put("schedule", value=["start", "start"])),
        ("", put("dt", value=float("inf"))),
        ("", put("trials", value=0)),
        ("", put("trials", value=3)),
        ("", put("annotations", "dt_ref", value=CODE)),
        ("", put("annotations", "readout", "slot", value=CODE)),
        ("", put("annotations", "readout", "group", value="nobody")),
        ("", put("annotations", "readout", "reduce", value="eval")),
        ("", put("annotations", "initial", "kind", value=CODE)),
        ("", put("annotations", "initial", "seed", value=CODE)),
        ("", put("annotations", "initial", "more", value=1)),
        ("", put("annotations", "initial", "membrane", value=-1)),
        ("", put("annotations", "initial", "spike", value=CODE)),
        ("", put("annotations", "initial", value={"kind": "random"})),
        ("", put("annotations", "about", value=[CODE])),
        ("", put("annotations", "about", value={"task": 3})),
        ("", put("annotations", "step_delays", value=["nobody"])),
        ("", put("annotations", "step_delays", value=CODE)),
        ("", put("annotations", "jitter", value=CODE)),
        ("", put("annotations", "jitter", value=[{"group": "input", "sd": 0.001, "seed": 1}])),
        ("", put("extra", value=1)),
    ],
)
def test_a_changed_specification_is_refused(path, where, edit):
    change(path, where, edit)
    with pytest.raises(FileRefused, match="expected .*, got .*save the network anew|damaged"):
        load(path)


def text(value):
    """An edit of the file that replaces the specification by other text."""

    def edit(file):
        file["groups/hidden1/specification"][()] = value

    return edit


def replace(name, **options):
    """An edit of the file that replaces an array."""

    def edit(file):
        if name in file:
            del file[name]
        file.create_dataset(name, **options)

    return edit


def link(name, target):
    """An edit of the file that replaces an object by a link."""

    def edit(file):
        if name in file:
            del file[name]
        file[name] = file[target] if isinstance(target, str) else target

    return edit


def virtual(file):
    layout = h5py.VirtualLayout(shape=(10**12,), dtype="f8")
    file["groups/hidden1/variables"].create_virtual_dataset("huge", layout)


TERABYTES = 10**12


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            replace("groups/hidden1/variables/tau_m", shape=(TERABYTES,), dtype="f8", chunks=(1000,)),
            "stored whole",
        ),
        (replace("groups/hidden1/variables/tau_m", shape=(TERABYTES,), dtype="f8"), "holds in full"),
        (replace("groups/hidden1/neuron", shape=(TERABYTES,), dtype="i4"), "holds in full"),
        (replace("groups/hidden1/neuron", shape=(TERABYTES,), dtype="i4", chunks=(10**6,)), "stored whole"),
        (replace("synapses/hidden1_output/pre", shape=(TERABYTES,), dtype="i4"), "holds in full"),
        (replace("groups/hidden1/junk", shape=(TERABYTES,), dtype="f8"), "holds in full"),
        (replace("groups/hidden1/junk", data=np.zeros(10**6), compression="gzip"), "without filters"),
        (replace("groups/hidden1/junk", data=np.zeros((2, 2, 2))), "at most two dimensions"),
        (replace("groups/hidden1/junk", data=np.array([1, 2], dtype="complex128")), "numbers of type"),
        (
            replace(
                "groups/hidden1/junk", data=np.array(["a", "b"], dtype=object), dtype=h5py.string_dtype()
            ),
            "text only",
        ),
        (replace("groups/hidden1/neuron", data=np.array([0, 2, 1], "i4")), "neuron = 0, 1, 2"),
        (replace("groups/hidden1/neuron", data=np.array([], "i4")), "neuron = 0, 1, 2"),
        (replace("groups/hidden1/variables/tau_m", data=np.zeros(4)), r"shape \(5,\), got '\(4,\)'"),
        (replace("groups/hidden1/variables/tau_m", data=np.zeros(5, "i4")), "values of type float64"),
        (replace("groups/hidden1/variables/other", data=np.zeros(5)), "values of known variables"),
        (replace("groups/hidden1/variables/rm -rf", data=np.zeros(5)), "an identifier"),
        (replace("synapses/hidden1_output/pre", data=np.full(15, 9, "i4")), "indices from 0 to 4"),
        (replace("synapses/hidden1_output/post", data=np.full(15, -1, "i4")), "indices from 0 to 2"),
        (replace("synapses/hidden1_output/post", data=np.zeros(14, "i4")), "pre and post for each synapse"),
        (replace("synapses/hidden1_output/delays/pre", data=1e9), "delays from 0 to 1000000 steps"),
        (replace("synapses/hidden1_output/delays/pre", data=-0.1), "delays from 0"),
        (replace("synapses/hidden1_output/delays/pre", data=np.nan), "delays from 0"),
        (
            replace("synapses/hidden1_output/delays/pre", data=np.zeros(3)),
            "one delay, or one for each synapse",
        ),
        (link("groups/hidden1/junk", h5py.ExternalLink("/etc/hostname", "/")), "a link to another place"),
        (link("groups/hidden1/junk", h5py.SoftLink("/groups/hidden1/neuron")), "a link to another place"),
        (link("groups/hidden1/variables/bias", "groups/hidden1/variables/tau_m"), "linked twice"),
        (link("groups/hidden1/loop", "groups"), "linked twice"),
        (link("groups/hidden1/type", np.dtype("f8")), "a group or an array"),
        (virtual, "parts of other files"),
        (
            replace("groups/hidden1/junk", shape=(8,), dtype="f8", external=[("/etc/hostname", 0, 64)]),
            "other files",
        ),
        (replace("groups/hidden1/specification", data=np.zeros(3)), "a text 'specification'"),
        (replace("groups/loose", data=np.zeros(3)), "a group"),
        (text("{"), "damaged"),
        (text("[" * 100_000), "damaged"),
        (text("null"), "expected"),
        (text(json.dumps(CODE)), "expected"),
        (text("\xff\xfe"), "damaged"),
        (lambda file: file.attrs.modify("format_version", 3), "expected format version 1 or 2, got 3"),
        (lambda file: file.attrs.__setitem__("format_version", CODE), "expected format version 1 or 2"),
        (lambda file: file.attrs.__delitem__("format_version"), "expected format version 1 or 2, got None"),
        (lambda file: file.attrs.modify("format", CODE), "expected chronaxie network"),
        (lambda file: file.attrs.__setitem__("format", np.zeros(5000)), "expected chronaxie network"),
        (lambda file: file.__delitem__("synapses"), "a group /synapses"),
        (lambda file: file.__delitem__("specification"), "a text 'specification'"),
    ],
)
def test_a_changed_file_is_refused(path, edit, message):
    with h5py.File(path, "r+") as file:
        edit(file)
    with pytest.raises(FileRefused, match=message):
        load(path)


def test_names_that_are_code_are_refused(path):
    with h5py.File(path, "r+") as file:
        file.move("groups/hidden1", f"groups/{CODE.replace('/', '')}")
    with pytest.raises(FileRefused, match="an identifier"):
        load(path)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (replace("groups/input/spikes/index", data=np.array([0, 4], "i4")), "spikes of neurons 0 to 3"),
        (
            replace("groups/input/spikes/index", data=np.array([0], "i4")),
            "an index and a time for each spike",
        ),
        (replace("groups/input/spikes/time", data=np.array([0.0, np.nan])), "finite times"),
        (replace("groups/input/spikes/time", data=np.array([0.0, -1.0])), "finite times"),
        (replace("groups/input/spikes/time", data=np.array([1.0, 0.0])), "spikes sorted by time"),
    ],
)
def test_changed_spikes_are_refused(spikes, edit, message):
    with h5py.File(spikes, "r+") as file:
        edit(file)
    with pytest.raises(FileRefused, match=message):
        load(spikes)


def test_a_cut_file_is_refused(path):
    whole = path.read_bytes()
    for length in (0, 10, 2000, len(whole) // 2, len(whole) - 100):
        path.write_bytes(whole[:length])
        with pytest.raises(FileRefused):
            load(path)


def test_flipped_bytes_never_raise_anything_else(path):
    whole = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        damaged = whole.copy()
        for k in rng.integers(0, len(whole), 20):
            damaged[k] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            load(path)
        except FileRefused:
            refused += 1
    assert refused > 20


def test_nothing_was_run(path, monkeypatch):
    """eval, exec, compile and the system are watched while every kind of hostile text is read."""
    called = []
    for name in ("system", "popen"):
        monkeypatch.setattr(f"os.{name}", lambda *a: called.append(a))
    for where, edit in (
        (GROUP, put("threshold", "condition", value=CODE)),
        (GROUP, put("equations", 0, "expression", value=CODE)),
        (GROUP, put("namespace", 0, "value", value=CODE)),
        (LOOP, put("pathways", 0, "code", value=f"v_post += {CODE}")),
    ):
        change(path, where, edit)
        with pytest.raises(FileRefused):
            load(path)
    assert called == []


@pytest.mark.parametrize(
    "code",
    [
        "v > 1",
        "exp(-v/ms) >= 2 and not v < 3",
        "v**0.5 + 2**10 + 1e300*pi",
        "(v)",
        "rand() > poisson(v) + randn()",
    ],
)
def test_arithmetic_passes(code):
    assert expression("here", code, {"v"}) == code


@pytest.mark.parametrize(
    "code", ["v = 1", "v += 1; w -= clip(v, 0, 1)", "x = v\nw = x*2", "  v = 1\n  w = 2 # why"]
)
def test_statements_pass(code):
    assert statements("here", code, {"v", "w"}) == code


def test_slots_are_of_the_schedule():
    assert slot("here", "before_after_resets", ("resets",)) == "before_after_resets"
    with pytest.raises(FileRefused, match="a slot of the schedule"):
        slot("here", "before_" * 9 + "resets", ("resets",))

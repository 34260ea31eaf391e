"""What a file says of events, links, subgroups, operations, synapses, Poisson inputs and a run is checked, too."""

import h5py
import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, PoissonInput, Synapses, linked_var, ms, second

from chronaxie.models import FileRefused, build, describe, load, load_description, save

from .test_describe_build import same
from .test_hostile_files import CODE, change, link, put, replace

pytestmark = [
    pytest.mark.usefixtures("numpy_target"),
    pytest.mark.slow,
]  # its networks take a minute to build


def everything():
    """A network with one of each, that has run for a while."""
    g = NeuronGroup(
        6,
        "dv/dt = (1.5 - v)/(5*ms) : 1\nx : 1",
        threshold="v > 1",
        reset="v = 0",
        refractory=2 * ms,
        events={"half": "v > 0.5"},
        method="exact",
        name="g",
    )
    g.v = "i*0.15"
    g.run_on_event("half", "x += 1")
    g[1:4].run_regularly("x *= 0.9", dt=1 * ms, name="decay")
    linked = NeuronGroup(3, "x : 1 (linked)\nk : integer", name="linked")
    linked.x = linked_var(g, "x", index=np.array([5, 0, 3]))
    s = Synapses(
        g[:4],
        g,
        "dy/dt = -y/(9*ms) : 1 (event-driven)\ndz/dt = -z/(9*ms) + 0.1*xi*second**-0.5 : 1 (clock-driven)",
        on_pre={"pre": "y += 1; z += y", "half": "x_post += 0.1"},
        on_event={"half": "half"},
        delay={"pre": 3 * ms},
        method="euler",
        namespace={"second": second},
        name="s",
    )
    s.connect(condition="i != j")
    onto = Synapses(g, s, on_pre="z_post += 0.1", name="onto")
    onto.connect(i=[0, 1], j=[3, 4])
    drive = PoissonInput(g[2:], "x", 10, 20 * Hz, weight="0.1*v")
    net = Network(g, linked, s, onto, drive)
    net.run(7 * ms, namespace={})
    return describe(net, namespace={})


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = save(everything(), tmp_path_factory.mktemp("written") / "net.nc")
    return path.read_bytes()


@pytest.fixture
def path(written, tmp_path):
    path = tmp_path / "net.nc"
    path.write_bytes(written)
    return path


def test_the_file_that_is_changed_here_is_good_before(path):
    description = load_description(path)
    assert {name for name, _ in description.progress.values} >= {"g", "s"}
    assert description.progress.under_way[0].pathway == "pre"
    same(description, describe(build(description), namespace={}))


GROUP, SYNAPSES = "groups/g", "synapses/s"


@pytest.mark.parametrize(
    ("where", "edit"),
    [
        (GROUP, put("events", 0, "name", value="spike")),
        (GROUP, put("events", 0, "name", value=CODE)),
        (GROUP, put("events", 0, "condition", value=CODE)),
        (GROUP, put("events", 0, "reset", value="import os")),
        (GROUP, put("events", 0, "reset_slot", value=None)),
        (GROUP, put("events", 0, "slot", value=["nowhere", 0])),
        (GROUP, put("events", value=CODE)),
        (GROUP, put("regular", 0, "name", value=CODE)),
        (GROUP, put("regular", 0, "code", value="x = " + CODE)),
        (GROUP, put("regular", 0, "code", value="x = unknown")),
        (GROUP, put("regular", 0, "dt", value=0)),
        (GROUP, put("regular", 0, "part", value=["p", 0, 7])),
        (GROUP, put("regular", 0, "part", value=["p", 3, 3])),
        (GROUP, put("regular", 0, "part", value=["p", -1, 3])),
        (GROUP, put("regular", 0, "part", value=[CODE, 0, 3])),
        (GROUP, put("regular", 0, "more", value=1)),
        (GROUP, put("equations", 1, "flags", value=["linked"])),
        (GROUP, put("equations", 0, "flags", value=["event-driven"])),
        (GROUP, put("equations", 1, "dimensions", value=[1.0] + [0.0] * 6)),
        (SYNAPSES, put("equations", 0, "flags", value=["summed"])),
        ("groups/linked", put("links", value=[])),
        ("groups/linked", put("links", 0, "name", value="k")),
        ("groups/linked", put("links", 0, "group", value="nobody")),
        ("groups/linked", put("links", 0, "variable", value="nothing")),
        ("groups/linked", put("links", 0, "variable", value="__class__")),
        ("groups/linked", put("links", 0, "part", value=["p", 0, 7])),
        ("groups/linked", put("links", 0, "part", value=["p", 0, 5])),
        ("groups/linked", put("links", 0, "index", value="k")),
        ("groups/linked", put("links", 0, "array", value=False)),
        (SYNAPSES, put("source_part", value=["p", 1, 4])),
        (SYNAPSES, put("target_part", value=["p", 0, 60])),
        (SYNAPSES, put("pathways", 0, "event", value="other")),
        (SYNAPSES, put("pathways", 0, "event", value=CODE)),
        (SYNAPSES, put("method", value=CODE)),
        (SYNAPSES, put("method_options", value={CODE: 1})),
        (SYNAPSES, put("update_slot", value=["nowhere", 0])),
        (SYNAPSES, put("constant_slot", value=CODE)),
        (SYNAPSES, put("equations", 0, "expression", value=CODE)),
        (SYNAPSES, put("source", value="onto")),
        (SYNAPSES, put("source", value="s")),
        ("", put("poisson_inputs", value=CODE)),
        ("", put("poisson_inputs", 0, "name", value=CODE)),
        ("", put("poisson_inputs", 0, "target", value="nobody")),
        ("", put("poisson_inputs", 0, "variable", value="_spikespace")),
        ("", put("poisson_inputs", 0, "n", value=-1)),
        ("", put("poisson_inputs", 0, "n", value=10**12)),
        ("", put("poisson_inputs", 0, "rate", value=float("nan"))),
        ("", put("poisson_inputs", 0, "weight", value=CODE)),
        ("", put("poisson_inputs", 0, "weight", value={"value": CODE, "dimensions": [0.0] * 7})),
        ("", put("poisson_inputs", 0, "part", value=["p", 2, 7])),
        ("progress", put("time", value=-1.0)),
        ("progress", put("time", value=1e300)),
        ("progress", put("time", value=CODE)),
        ("progress", put("more", value=1)),
    ],
)
def test_a_changed_specification_is_refused(path, where, edit):
    change(path, where, edit)
    with pytest.raises(FileRefused, match="expected .*, got .*save the network anew|damaged"):
        load(path)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (replace("groups/linked/links/x", data=np.array([5, 0, 6], "i4")), "indices from 0 to 5"),
        (replace("groups/linked/links/x", data=np.array([5, 0, -1], "i4")), "3 indices from 0"),
        (replace("groups/linked/links/x", data=np.array([5, 0], "i4")), "3 indices from 0"),
        (replace("groups/linked/links/x", data=np.zeros(3)), "3 indices from 0"),
        (replace("progress/values/g/lastspike", data=np.zeros(7)), "values of type float64"),
        (replace("progress/values/g/not_refractory", data=np.zeros(6)), "values of type uint8"),
        (replace("progress/values/g/v", data=np.zeros(6)), "expected one of"),
        (replace("progress/values/g/_halfspace", data=np.array([9] * 6 + [1], "i4")), "indices of neurons"),
        (replace("progress/values/g/_halfspace", data=np.array([0] * 6 + [7], "i4")), "indices of neurons"),
        (replace("progress/values/g/_halfspace", data=np.array([0] * 6 + [-2], "i4")), "indices of neurons"),
        (replace("progress/under_way/s/pre/indices", data=np.array([99], "i4")), "a step and a synapse"),
        (replace("progress/under_way/s/pre/steps", data=np.zeros(0, "i4")), "a step and a synapse"),
        (link("progress/values/other", "groups"), "linked twice"),
        (lambda file: file.__delitem__("progress/values"), "a group 'values'"),
        (lambda file: file.__delitem__("progress/specification"), "a text 'specification'"),
        (lambda file: file.move("progress/values/g", "progress/values/nobody"), "expected one of"),
        (lambda file: file.move("progress/under_way/s", "progress/under_way/g"), "expected one of"),
        (lambda file: file.move("progress/under_way/s/pre", "progress/under_way/s/post"), "expected one of"),
    ],
)
def test_a_changed_array_is_refused(path, edit, message):
    with h5py.File(path, "r+") as file:
        edit(file)
    with pytest.raises(FileRefused, match=message):
        load(path)


@pytest.mark.parametrize(
    ("name", "value"), [("indices", 10**6), ("indices", -1), ("steps", -1), ("steps", 2 * 10**6)]
)
def test_spikes_under_way_stay_within_the_network(path, name, value):
    with h5py.File(path, "r+") as file:
        file[f"progress/under_way/s/pre/{name}"][-1] = value
    with pytest.raises(FileRefused, match="progress of s: pre: expected"):
        load(path)


def test_a_file_of_the_first_version_is_read(path):
    """The first files lack what these may have: such a file is one without it."""
    net = NeuronGroup(3, "dv/dt = -v/(5*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="g")
    s = Synapses(net, net, "w : 1", on_pre="v_post += w", name="s")
    s.connect()
    description = describe(Network(net, s), namespace={})
    save(description, path, overwrite=True)

    def without(*names):
        return lambda data: [data.pop(name) for name in names]

    change(path, GROUP, without("events", "links", "regular"))
    parts = (
        "source_part",
        "target_part",
        "method",
        "method_options",
        "update_slot",
        "constant_slot",
        "links",
        "regular",
    )
    change(path, SYNAPSES, without(*parts))
    change(path, SYNAPSES, lambda data: data["pathways"][0].pop("event"))
    change(path, "", without("poisson_inputs"))
    with h5py.File(path, "r+") as file:
        file.attrs.modify("format_version", 1)
        del file["groups/g/links"]
    same(description, load_description(path))


def test_flipped_bytes_never_raise_anything_else(path):
    whole = bytearray(path.read_bytes())
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(40):
        damaged = whole.copy()
        for k in rng.integers(0, len(whole), 20):
            damaged[k] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            load_description(path)
        except FileRefused:
            refused += 1
    assert refused > 10

"""The jobs that a user's request makes of a study."""

import dataclasses

import pytest

from chronaxie.studies.running.axes import coordinates, read_sweep, sweep_axes
from chronaxie.studies.running.sweep import make_sweep
from chronaxie.studies.study import Axis, Study


def test_a_full_run_is_the_product_of_the_studys_axes(make):
    sweep = make()
    assert [axis.field for axis in sweep.axes] == ["drift", "gait", "seed"]
    assert len(sweep.jobs) == len({job.id for job in sweep.jobs}) == 3 * 2 * 5
    assert sweep.jobs[0].at == {"drift": 0.0, "gait": "slow", "seed": 0}
    assert sweep.jobs[-1].config.steps == 4
    assert sweep.jobs[-1].config.label == "fast"
    assert [job.position for job in sweep.jobs[:6]] == [(0, 0, k) for k in range(5)] + [(0, 1, 0)]


def test_a_smoke_run_has_its_own_axes_and_fields(make):
    assert [(job.config.steps, job.config.seed) for job in make(smoke=True).jobs] == [(2, 0), (2, 1)]


def test_sweeps_and_seeds_take_the_place_of_the_studys_axes(make):
    sweep = make(sweeps={"drift": (2,), "gait": ("fast",), "size": (1, (2, 3))}, seeds=2)
    assert [(axis.field, axis.values) for axis in sweep.axes] == [
        ("drift", (2.0,)),
        ("gait", ((4, "fast"),)),
        ("seed", (0, 1)),
        ("size", ((1,), (2, 3))),
    ]
    assert sweep.axes[0].unit == "m"
    assert coordinates(sweep.axes[3]) == ("1", "2, 3")


def test_a_field_that_is_given_is_not_swept(make):
    sweep = make(values={"steps": 7, "drift": 1})
    assert [axis.field for axis in sweep.axes] == ["seed"]
    assert {(job.config.steps, job.config.drift) for job in sweep.jobs} == {(7, 1.0)}


def test_a_field_of_an_axis_that_sets_several_may_be_swept_by_itself(make):
    sweep = make(sweeps={"steps": (1, 2, 3)}, seeds=1)
    assert [(axis.field, len(axis.values)) for axis in sweep.axes] == [
        ("drift", 3),
        ("seed", 1),
        ("steps", 3),
    ]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"values": {"beta": 0.5}}, "beta would take the place of the axis 'network', which sets model, match, .*"
         "choose from it with --sweep network=A,B .there are alif, alif-fixed.*chronaxie run train"),
        ({"sweeps": {"beta": (0.0, 1.0)}}, "beta would take the place of the axis 'network'"),
        ({"values": {"seed": 3}}, "seed is given one value and the answer needs it as an axis; give --sweep seed=A,B"),
    ],
)  # fmt: skip
def test_an_axis_that_the_answer_needs_is_not_lost(asked, message):
    with pytest.raises(ValueError, match=f"run ecg_comparison: {message}"):
        make_sweep("ecg_comparison", **asked)
    kept = make_sweep("ecg_comparison", sweeps={"network": ("lif",), "seed": (3,), "hidden": (18,)})
    assert [job.config.model for job in kept.jobs] == ["lif"]


def test_a_study_has_the_axes_that_its_answer_needs(make):
    with pytest.raises(ValueError, match="its answer needs the axis 'drift', which is not among seed"):
        dataclasses.replace(make().study, needs=("drift",))


def test_an_axis_is_left_out_with_what_makes_it_meaningless(make):
    label = Axis("label", ("a", "b"), unless=("drift",))
    study = dataclasses.replace(make().study, axes=(label, Axis("seed", (0, 1))))

    def axes(**asked):
        asked = {"fixed": {}, "sweeps": {}, "seeds": None} | asked
        return [axis.field for axis in sweep_axes(study, smoke=False, **asked)]

    assert axes() == ["label", "seed"]
    assert axes(fixed={"drift": 1.0}) == ["seed"]
    assert axes(sweeps={"drift": (1.0, 2.0)}) == ["seed", "drift"]
    assert axes(fixed={"drift": 1.0}, sweeps={"label": ("a",)}) == ["seed", "label"]
    with pytest.raises(ValueError, match="Walk has no field 'wind'"):
        dataclasses.replace(study, axes=(Axis("label", ("a",), unless=("wind",)),))


def test_values_that_the_command_starts_from_give_way_to_all_others(make):
    base = {"steps": 9, "pause": 0.25, "drift": 8.0}
    job = make(base=base, smoke=True, values={"drift": 3}).jobs[0]
    assert (job.config.steps, job.config.pause, job.config.drift) == (2, 0.25, 3.0)


def test_the_id_of_a_job_depends_on_its_configuration_alone(make):
    one, other = make(seeds=2), make(seeds=3)
    assert {job.id for job in one.jobs} < {job.id for job in other.jobs}
    assert {job.id for job in one.jobs} & {job.id for job in make(seeds=2, values={"pause": 1}).jobs} == set()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"values": {"step": 1}}, "run walk: no field 'step' in Walk; the nearest are steps"),
        ({"sweeps": {"drif": (1,)}}, "run walk: no field 'drif' in Walk; the nearest are drift"),
        ({"sweeps": {"drift": ()}}, "sweep 'drift': expected at least one value, got none"),
        ({"sweeps": {"drift": (1, 1.0)}}, "sweep 'drift': 1.0 is there twice"),
        ({"sweeps": {"drift": ("x",)}}, "run walk: drift: expected float, got 'x'"),
        ({"sweeps": {"gait": ("slowly",)}}, "run walk: no gait 'slowly'; the nearest are slow"),
        ({"sweeps": {"steps": (1, 2), "gait": ("slow",)}}, "run walk: steps is swept by gait and by steps"),
        ({"sweeps": {"seed": (1,)}, "seeds": 2}, "run walk: seeds are given twice"),
        ({"sweeps": {"drift": (1,)}, "values": {"drift": 1}}, "run walk: drift is swept and given one value"),
    ],
)
def test_what_is_no_sweep_is_refused(make, asked, message):
    with pytest.raises(ValueError, match=message):
        make(**asked)


def test_what_the_configuration_refuses_is_refused_before_anything_runs():
    with pytest.raises(ValueError, match="run train: task needs a value: --set task=VALUE"):
        make_sweep("train")
    with pytest.raises(ValueError, match="model must be one of"):
        make_sweep("train", values={"task": "digits"}, sweeps={"model": ("alif", "alf")})


@pytest.mark.parametrize("text", ["hidden", "=1", "hidden=", "hidden= "])
def test_a_sweep_in_a_command_needs_a_name_and_values(text):
    with pytest.raises(ValueError, match="--sweep.*expected"):
        read_sweep(text)


@pytest.mark.parametrize(
    ("values", "found"),
    [((1, 2), (1, 2)), ((1, 0.5), (1.0, 0.5)), ((True, False), (True, False)), ((None, 1), ("none", "1"))],
)
def test_coordinates_are_numbers_where_all_are(values, found):
    assert coordinates(Axis("x", values)) == found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", (1, 2), "", "", (), ("a",)), "sweep 'x': 1 labels for 2 values"),
        (("x", ((1, 2),), "", "", ("a", "b")), "need a label for each of the 1 values, got 0"),
        (
            ("x", ((1,),), "", "", ("a", "b"), ("one",)),
            "each value must be a tuple with one item for each of",
        ),
        (
            ("x", (1, 2), "", "", (), ("a", "a, twice")),
            "the label 'a, twice' has a comma, which stands between labels in --sweep; write .* 'a twice'",
        ),
    ],
)
def test_an_axis_that_contradicts_itself_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Axis(*arguments)


def test_a_study_that_asks_nothing_or_sweeps_what_it_lacks_is_refused(make):
    config = make().study.config
    with pytest.raises(ValueError, match="must end with a question mark"):
        Study("x", "It is.", "", config, print)
    with pytest.raises(ValueError, match="study 'x': Walk has no field 'speed'; it has drift, label"):
        Study("x", "Is it?", "", config, print, axes=(Axis("speed", (1,)),))

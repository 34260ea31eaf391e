"""``chronaxie evaluate``: a network file on the test set of a task, by the twin and by Brian2."""

from __future__ import annotations

from .answering import add_json, say
from .arguments import add_options, count, positive, report, whole


def add(commands):
    """Register the command."""
    parser = commands.add_parser(
        "evaluate",
        help="test a network file on a task, by the twin and by Brian2",
        description="Accuracy over labelled steps or trials, and in the papers' convention (yin) for ECG; number of "
        "neuron-steps in which the float64 twin and Brian2 differ; firing rates; run times.",
    )
    parser.add_argument("network", metavar="NET.nc", help="a network file (chronaxie import, run, train)")
    parser.add_argument(
        "--task", metavar="TASK", help="the task (default: that which the network file names)"
    )
    parser.add_argument("--data", metavar="DIR", help="folder of the data sets (default: CHRONAXIE_DATA)")
    parser.add_argument("--device", default="numpy", metavar="NAME", help="numpy, cython or cpp_standalone")
    parser.add_argument(
        "--start",
        default="zero",
        metavar="START",
        help="zero (default), random, as in the papers' code, or given: the values that the network has",
    )
    parser.add_argument(
        "--at-start",
        action="store_true",
        help="of a network that has run: leave behind what is under way, such as spikes and refractory neurons",
    )
    parser.add_argument("--seeds", type=count, metavar="N", help="random starts (default: 1)", default=1)
    parser.add_argument("--trials", type=count, metavar="N", help="the first N test trials (default: all)")
    parser.add_argument(
        "--brian2-trials",
        type=count,
        metavar="N",
        help="of these, the first N in Brian2 (default: all that fit)",
    )
    parser.add_argument("--dt", type=positive, metavar="MS", help="step of Brian2 in ms (default: dt_ref)")
    parser.add_argument(
        "--seed",
        type=whole,
        metavar="N",
        help="seed of the task's splits (default: that of the network's training, which has not seen its test split; "
        "else 0)",
    )
    add_options(parser)
    add_json(parser)
    parser.add_argument("--out", metavar="FILE.nc", help="also write the numbers of each seed there")
    parser.add_argument("--overwrite", action="store_true", help="replace FILE.nc if it is there")
    parser.set_defaults(command=_evaluate, after_interrupt="")


def _evaluate(given):
    import sys
    from pathlib import Path

    from ...models import load
    from ...models.devices import check_device
    from ..about import read_about
    from ..evaluating import EvaluationError, evaluate, flat
    from ..provenance import provenance
    from ..results import ResultError, prepare_folder, write_result
    from ..tasks import TASKS, load_task, reads_data

    check_device(given.device)
    if given.out:
        out = Path(given.out)
        if out.exists() and out.samefile(given.network):
            raise ResultError(f"{out}: is the network itself; give another --out")
        prepare_folder(out.parent, (out.name,), overwrite=given.overwrite)
    net = load(given.network, at_start=given.at_start)
    about = read_about(net, given.network)
    name = given.task or about.task
    if not given.task and name and name not in TASKS:
        raise EvaluationError(
            f"{given.network}: was trained on {name!r}, which is none of the tasks here ({', '.join(TASKS)}): its "
            "data set is not read by this package; give --task if one of them fits"
        )
    if not name:
        raise EvaluationError(f"{given.network}: the file names no task; give --task, e.g. --task ecg")
    options = about.options if about.task == name else {}
    if about.task not in (None, name):
        report(f"{given.network}: trained on {about.task!r}, tested on {name!r}")
    seed = given.seed
    if seed is None:
        seed = (about.seed or 0) if about.task == name else 0
    elif about.task == name and about.seed not in (None, seed):
        report(
            f"{given.network}: trained with the splits of seed {about.seed}; where the test split of {name!r} is drawn,"
            f" that of seed {seed} holds trials of its training"
        )
    options = options | given.options
    if given.data is not None and reads_data(name):
        options["data"] = given.data
    elif given.data is not None:
        report(f"the task {name!r} reads no data; {given.data} is not used")
    task = load_task(name, seed=seed, **options)
    if about.task == name and about.classes is not None and about.classes != tuple(task.classes):
        raise EvaluationError(
            f"{given.network}: trained for the classes {', '.join(about.classes)}, the task {name!r} has "
            f"{', '.join(task.classes)}; give the options of its training: --option NAME=VALUE"
        )
    ds = evaluate(
        net,
        task,
        device=given.device,
        start=given.start,
        seeds=given.seeds,
        trials=given.trials,
        brian2_trials=given.brian2_trials,
        dt=None if given.dt is None else given.dt / 1e3,
        report=report,
        progress=sys.stderr.isatty(),
    )
    ds.attrs |= {"network": Path(given.network).name, "data_source": task.source, "data_hash": task.hash}
    if given.out:
        stored = ds.assign_attrs(provenance() | {"study": "evaluate", "seed": seed})
        write_result(stored, given.out)
    numbers = flat(ds)
    say(given, _text(numbers), numbers)
    return 0


def _text(numbers):
    return "\n".join(
        f"  {name:<28} {value:.6g}" if isinstance(value, float) else f"  {name:<28} {value}"
        for name, value in numbers.items()
    )

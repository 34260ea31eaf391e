"""``chronaxie export``: a network leaves the package, as a Brian2 script, as its values or as a NIR graph."""

from __future__ import annotations

from .answering import add_json, say
from .arguments import add_options, count, positive, report, whole

TRIALS = 3


def add(commands):
    """Register the command."""
    parser = commands.add_parser(
        "export",
        help="write a network as a plain Brian2 script, as arrays, as tables or as a NIR graph",
        description="--to brian2: network.py, a commented script that needs numpy and brian2 alone and gives the "
        "spikes of chronaxie on every device of Brian2, and network.npz with its values and inputs. --to npz: every "
        "value by name, with units. --to csv: a table for each group and connection, units in the header. --to nir: "
        "network.nir, a graph for other simulators and neuromorphic hardware; what NIR cannot say is refused by name.",
    )
    parser.add_argument(
        "network",
        metavar="NET.nc",
        help="a network file, or the result of a study that lies beside its network",
    )
    parser.add_argument("folder", metavar="DIR", help="the folder to be made")
    parser.add_argument(
        "--to", choices=("brian2", "npz", "csv", "nir"), default="brian2", help="default: brian2"
    )
    parser.add_argument(
        "--task",
        metavar="TASK",
        help="for a script: the task whose test trials it runs (default: random inputs where the network has none)",
    )
    parser.add_argument("--data", metavar="DIR", help="folder of the data sets (default: CHRONAXIE_DATA)")
    parser.add_argument(
        "--trials", type=count, metavar="N", help=f"for a script: the first N test trials (default: {TRIALS})"
    )
    parser.add_argument(
        "--seed",
        type=whole,
        metavar="N",
        help="seed of the task's splits (default: that of the network's training)",
    )
    parser.add_argument(
        "--start",
        choices=("zero", "random"),
        help="for a script: start of every trial (default: as the network says); random: as in the papers' code, of "
        "the network's kind",
    )
    parser.add_argument(
        "--at-start",
        action="store_true",
        help="of a network that has run: leave behind what is under way, such as spikes and refractory neurons",
    )
    parser.add_argument(
        "--start-seed",
        type=whole,
        metavar="N",
        help="of --start random, that of evaluate's first start by default: 0",
    )
    parser.add_argument(
        "--duration",
        type=positive,
        metavar="MS",
        help="for a script: how long it runs, in ms (default: the input)",
    )
    add_options(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier export")
    add_json(parser)
    parser.set_defaults(command=_export, after_interrupt="; nothing was written")


def _export(given):
    from pathlib import Path

    from ...models import export, load_description
    from ...models.exporting import check_folder
    from ..evaluating import start_of

    for_script = ("task", "trials", "start", "duration")
    extra = [name for name in for_script if getattr(given, name) is not None]
    if given.to != "brian2" and extra:
        raise ValueError(f"--{extra[0]}: is for a script that runs; leave it out with --to {given.to}")
    check_folder(given.folder, overwrite=given.overwrite)
    path = _network_file(Path(given.network))
    net = load_description(path)
    if given.at_start:
        net = net.at_start()
    if given.start_seed is not None and given.start != "random":
        raise ValueError("--start-seed: is the seed of --start random; give both or none")
    options = {}
    if given.task is not None:
        net, stimulus = _with_task(given, net, path)
        options |= stimulus
    elif given.data is not None or given.options or given.seed is not None:
        raise ValueError("--data, --option and --seed say how a task is loaded; give --task TASK too")
    elif given.trials is not None:
        options["trials"] = given.trials
    if given.start is not None:
        options["initial"] = start_of(net, given.start, given.start_seed or 0)
    if given.duration is not None:
        options["duration"] = given.duration / 1e3
    folder = export(net, given.folder, to=given.to, overwrite=given.overwrite, **options)
    if given.to == "brian2" and "stimulus" not in options:
        report("no --task: the script runs random inputs, or those that the network has of its own")
    files = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    said = "written:\n" + "\n".join(f"  {path}" for path in files)
    if given.to == "brian2":
        said += f"\n\nrun it where brian2 is installed:\n  python {folder / 'network.py'}"
    say(given, said, {"files": files})
    return 0


def _network_file(path):
    """The network file itself, or that beside the result of a study."""
    import h5py

    beside = path.with_name(f"network_{path.name}")
    if not (path.is_file() and beside.is_file()):
        return path
    try:
        with h5py.File(path, "r") as file:
            is_result = "study" in file.attrs
    except OSError:
        return path
    if is_result:
        report(f"{path}: is the result of a study; its network is {beside}")
    return beside if is_result else path


def _with_task(given, net, path):
    """The network with the names of the classes, the first test trials of the task, what the script says of them."""
    import json
    from dataclasses import replace

    from ..about import read_about
    from ..tasks import load_task, reads_data

    about = read_about(net, path)
    known = about.task == given.task
    options = (about.options if known else {}) | given.options
    if given.data is not None:
        if not reads_data(given.task):
            raise ValueError(f"--data: the task {given.task!r} reads no data; leave it out")
        options["data"] = given.data
    seed = given.seed if given.seed is not None else (about.seed or 0) if known else 0
    task = load_task(given.task, seed=seed, **options)
    there = task.test.sizes["trial"]
    trials = min(TRIALS, there) if given.trials is None else given.trials
    if trials > there:
        raise ValueError(f"--trials: the task {task.name!r} has {there} test trials, got {trials}")
    said = f"that of the first {trials} test trials of the task {task.name} ({task.source})"
    notes = net.annotations
    texts = {"classes": json.dumps([str(c) for c in task.classes])} | notes.about
    net = replace(net, annotations=replace(notes, about=texts))
    return net, {"stimulus": task.test.stimulus.isel(trial=slice(trials)), "about": said}

"""What the commands of studies of a trained network share: their arguments, and writing what was found."""

from __future__ import annotations

from .answering import add_json, of_result, say
from .arguments import count

_NETWORK = ("network", "kind", "task", "data", "device", "start")


def add_network(parser):
    """The arguments that name a network, its task and its data."""
    parser.add_argument(
        "--network",
        metavar="FILE",
        required=True,
        help="a network file (.nc), or a published one (.npz, with --kind)",
    )
    parser.add_argument(
        "--kind", metavar="KIND", help="of a published network: ecg, shd, ssc, smnist, gsc, timit"
    )
    parser.add_argument("--task", metavar="TASK", help="the task (default: that which the network names)")
    parser.add_argument("--data", metavar="DIR", help="folder of the data sets (default: CHRONAXIE_DATA)")


def add_simulation(parser, *, device, devices="numpy, cython, cpp_standalone, cuda_standalone", workers=True):
    """The arguments that say where and from which start it is simulated.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    device : str
        The default.
    devices : str
        Those that there are.
    workers : bool
        Whether ``cpp_standalone`` may have several processes.
    """
    parser.add_argument(
        "--device",
        metavar="NAME",
        default=device,
        help=f"Brian2 device: {devices} (default: %(default)s)",
    )
    if workers:
        parser.add_argument(
            "--workers", type=count, default=1, metavar="N", help="processes of cpp_standalone (default: 1)"
        )
    parser.add_argument(
        "--start", default="zero", metavar="START", help="zero (default) or random, as in the papers' code"
    )


def add_trials(parser):
    """``--trials N`` and ``--all``: by default a quick look at the first 20 test trials."""
    trials = parser.add_mutually_exclusive_group()
    trials.add_argument(
        "--trials", type=count, default=20, metavar="N", help="the first N test trials (default: 20)"
    )
    trials.add_argument("--all", action="store_true", help="all test trials")


def add_out(parser, study, command):
    """``--out DIR`` and ``--overwrite`` of a study, and what the command does."""
    parser.add_argument(
        "--out", metavar="DIR", default=f"out/{study}", help="where results go (default: %(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there")
    add_json(parser)
    parser.set_defaults(command=command, after_interrupt="; nothing was written")


def chosen(given, *names):
    """Fields of a configuration as they were given: those of the network, and `names`; the device is there.

    Parameters
    ----------
    given : argparse.Namespace
    *names : str
        With ``trials``, ``--all`` is None.

    Returns
    -------
    dict of str to object

    Raises
    ------
    DeviceError
        This machine lacks what the device needs.
    """
    from ...models.devices import check_device

    check_device(given.device)
    found = {name: getattr(given, name) for name in (*_NETWORK, *names)}
    found = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    return found | ({"trials": None} if getattr(given, "all", False) else {})


def seconds(milliseconds):
    """Seconds of one number of ms, of a list of them as a tuple, or None of None."""
    if milliseconds is None:
        return None
    return tuple(ms / 1e3 for ms in milliseconds) if isinstance(milliseconds, list) else milliseconds / 1e3


def write_study(given, config, run, specs, *, report, page=None):
    """Run a study into ``given.out``, draw its figures, print its summary; returns the exit code.

    `page` makes the text of a page, ``STEM.md``, from the dataset and the paths of the figures.
    """
    from ... import analyses
    from ..results import folder_removed_if_empty, prepare_folder, write_result
    from ..summary import summarise

    names = analyses.figure_names(config.stem, specs=specs)
    if page is not None:
        names = [*names, f"{config.stem}.md"]
    with folder_removed_if_empty(given.out):
        folder = prepare_folder(given.out, (f"{config.stem}.nc", *names), overwrite=given.overwrite)
        result = run(config, report=report)
        write_result(result, folder / f"{config.stem}.nc")
        missing = "figure was" if len(specs) == 1 else "figures were"
        given.after_interrupt = f"; {folder / config.stem}.nc was written, its {missing} not"
        written = analyses.figures(result, folder, stem=config.stem, specs=specs)
        if page is not None:
            written = [*written, folder / f"{config.stem}.md"]
            written[-1].write_text(page(result, written[:-1]))
    files = [folder / f"{config.stem}.nc", *written]
    said = summarise(result) + "\n\nwritten:\n" + "\n".join(f"  {path}" for path in files)
    say(given, said, of_result(result, files))
    return 0

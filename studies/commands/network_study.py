"""What the commands of studies of a trained network share: naming it, and writing what was found."""

from __future__ import annotations


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
    print(summarise(result))
    print("\nwritten:\n" + "\n".join(f"  {path}" for path in (folder / f"{config.stem}.nc", *written)))
    return 0

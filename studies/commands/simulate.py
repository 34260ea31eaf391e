"""``chronaxie simulate``: a trained network on a recording of one's own."""

from __future__ import annotations

from .answering import add_json, of_result, say
from .arguments import not_negative, positive, report

SHOWN = 10.0  # s of the record in the figure


def add(commands):
    """Register the command."""
    simulate = commands.add_parser(
        "simulate",
        help="simulate a trained network on an ECG record of your own (WFDB)",
        description="Loads a network, encodes the record as in its training, simulates it in Brian2 and writes the "
        "waves that the network sees: a dataset, and a figure of the first ten seconds. The network is one of the "
        "task ludb (one lead) or ecg (two leads); the encoder travels with it.",
    )
    simulate.add_argument(
        "network", metavar="NET.nc", help="the network, as chronaxie train or import wrote it"
    )
    simulate.add_argument(
        "--wfdb", metavar="FILE", required=True, help="the record, with or without .hea or .dat"
    )
    simulate.add_argument(
        "--lead",
        metavar="NAME",
        action="append",
        help="name or position (from 0) of the lead; twice for a network of two leads (default: II or MLII, else the "
        "first ECG lead)",
    )
    simulate.add_argument(
        "--start", type=not_negative, default=0.0, metavar="S", help="second to begin at (default: 0)"
    )
    simulate.add_argument(
        "--seconds", type=positive, metavar="S", help="seconds to read (default: to the end)"
    )
    simulate.add_argument(
        "--bridge-gaps",
        action="store_true",
        help="put straight lines where the recorder has no sample, in place of an error",
    )
    simulate.add_argument(
        "--at-start",
        action="store_true",
        help="of a network that has run: leave behind what is under way, such as spikes and refractory neurons",
    )
    simulate.add_argument(
        "--dt", type=positive, metavar="MS", help="simulation step in ms (default: that of the network)"
    )
    simulate.add_argument(
        "--device",
        metavar="NAME",
        default="numpy",
        help="Brian2 device: numpy, cython, cpp_standalone (default: %(default)s)",
    )
    simulate.add_argument(
        "--out", metavar="DIR", default="out/simulate", help="where results go (default: %(default)s)"
    )
    simulate.add_argument("--overwrite", action="store_true", help="replace results that are there")
    add_json(simulate)
    simulate.set_defaults(command=run, after_interrupt="; nothing was written")


def run(given):
    """Simulate, write, summarise; returns the exit code."""
    from ... import analyses
    from ...models import load
    from ...models.devices import check_device
    from ..record_simulation import excerpt, simulate_record, summarise_record
    from ..results import folder_removed_if_empty, prepare_folder, write_result
    from ..tasks.wfdb_files import find_record

    check_device(given.device)
    stem = f"record_{find_record(given.wfdb).name}"
    drawn = tuple(f"{stem}_record.{form}" for form in ("png", "svg"))
    with folder_removed_if_empty(given.out):
        folder = prepare_folder(given.out, (f"{stem}.nc", *drawn), overwrite=given.overwrite)
        lead = given.lead[0] if given.lead and len(given.lead) == 1 else given.lead
        ds = simulate_record(
            load(given.network, at_start=given.at_start),
            given.wfdb,
            lead=lead,
            start=given.start,
            seconds=given.seconds,
            dt=given.dt,
            device=given.device,
            gaps="interpolate" if given.bridge_gaps else "refuse",
            where=str(given.network),
            report=report,
        )
        ds.attrs["network"] = str(given.network)
        write_result(ds, folder / f"{stem}.nc")
        given.after_interrupt = f"; {folder / stem}.nc was written, its figure was not"
        figures = analyses.figures(excerpt(ds, SHOWN), folder, stem=stem, specs=(analyses.RECORD,))
    files = [folder / f"{stem}.nc", *figures]
    said = summarise_record(ds) + "\n\nwritten:\n" + "\n".join(f"  {path}" for path in files)
    say(given, said, of_result(ds, files))
    return 0

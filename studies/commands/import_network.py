"""``chronaxie import``: a published checkpoint or a NIR graph becomes a network file."""

from __future__ import annotations

import argparse
import re

from .answering import add_json, say
from .arguments import positive, report


def add(commands):
    """Register the command."""
    parser = commands.add_parser(
        "import",
        help="make a Brian2 network file of a published checkpoint or a NIR graph",
        description="Reads the arrays of a published network (Yin, Corradi and Bohté) and writes the same network as "
        "Brian2 equations: chronaxie.load(FILE) gives a plain brian2.Network. What is odd in the file is reported. "
        "--kind nir reads a graph of the Neuromorphic Intermediate Representation.",
    )
    parser.add_argument(
        "file", metavar="FILE", help="the authors' arrays (.npz, without pickled objects), or a graph (.nir)"
    )
    parser.add_argument(
        "--kind", required=True, metavar="KIND", help="ecg, shd, ssc, smnist, gsc or timit; nir"
    )
    parser.add_argument("--out", required=True, metavar="NET.nc", help="the network file to write")
    parser.add_argument(
        "--set",
        dest="constants",
        type=_constant,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a constant that the file does not hold: b0, beta, tau_m (steps); of one layer: hidden1.b0=0.1",
    )
    parser.add_argument("--direction", metavar="NAME", help="timit: forward (default) or backward")
    parser.add_argument(
        "--nan-neurons",
        default="error",
        metavar="CHOICE",
        help="error (default) or drop: leave such neurons out",
    )
    parser.add_argument(
        "--negative-tau",
        default="error",
        metavar="CHOICE",
        help="error (default), drop (the neuron), absolute or keep (it grows, as in the authors' code)",
    )
    parser.add_argument(
        "--dt",
        type=positive,
        metavar="MS",
        help="step in ms (default: that of the kind's task; of a graph: its own, if it says one)",
    )
    parser.add_argument(
        "--input", metavar="CHOICE", help="nir: what comes from Input nodes, spikes (default) or current"
    )
    parser.add_argument(
        "--readout-reduce",
        metavar="CHOICE",
        help="nir: how scores come from the Output over time, which a graph does not say: none (default: a decision "
        "each step), mean, sum, softmax_sum or last",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the network file if it is there")
    add_json(parser)
    parser.set_defaults(command=_import, after_interrupt="")


def _constant(text):
    name, _, value = text.partition("=")
    if not re.fullmatch(r"(\w+\.)?(b0|beta|tau_m)", name.strip()):
        raise argparse.ArgumentTypeError(
            f"expected b0, beta or tau_m, or hidden1.b0 and the like, got {text}"
        )
    try:
        return name.strip(), float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE with a number, got {text}") from None


def _import(given):
    from pathlib import Path

    from ...models import save
    from ..results import prepare_folder

    out = Path(given.out)
    prepare_folder(out.parent, (out.name,), overwrite=given.overwrite)
    names = [name for name, _ in given.constants]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"--set {twice[0]}: given more than once; give each constant once")
    net = (_graph if given.kind == "nir" else _published)(given)
    save(net, out, overwrite=given.overwrite)
    groups = sorted(
        (o for o in net.objects if hasattr(o, "N") and not hasattr(o, "source")), key=lambda o: o.name
    )
    said = f"{out}: " + ", ".join(f"{g.name} {len(g)}" for g in groups)
    say(given, said, {"files": [out], "groups": {g.name: len(g) for g in groups}})
    return 0


def _published(given):
    from ...models import load_published

    for option, value in (("--input", given.input), ("--readout-reduce", given.readout_reduce)):
        if value is not None:
            raise ValueError(f"{option}: is for graphs; leave it out with --kind {given.kind}")
    return load_published(
        given.file,
        kind=given.kind,
        direction=given.direction,
        nan_neurons=given.nan_neurons,
        negative_tau=given.negative_tau,
        dt=None if given.dt is None else given.dt / 1e3,
        report=report,
        **dict(given.constants),
    )


def _graph(given):
    from ...models.interchange import read_nir

    others = {
        "--set": given.constants,
        "--direction": given.direction,
        "--nan-neurons": given.nan_neurons != "error",
        "--negative-tau": given.negative_tau != "error",
    }
    for option, value in others.items():
        if value:
            raise ValueError(f"{option}: is for published checkpoints; leave it out with --kind nir")
    return read_nir(
        given.file,
        dt=None if given.dt is None else given.dt / 1e3,
        input="spikes" if given.input is None else given.input,
        readout_reduce="none" if given.readout_reduce is None else given.readout_reduce,
    )

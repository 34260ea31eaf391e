"""``chronaxie run``: a study, its dataset, network and figures."""

from __future__ import annotations

import argparse
import os

from .. import catalogue
from ..running.environment import begin_again
from . import run_continuous as continuous
from . import run_fidelity as fidelity
from . import run_lesions as lesions
from . import run_published as published
from . import run_robustness as robustness
from . import run_sweep as sweep
from .answering import add_json
from .arguments import add_engine, count, not_negative, positive, report, share, whole
from .training_study import run_training_study


def add(commands):
    """Register the command."""
    run = commands.add_parser(
        "run",
        help="run a study and write its dataset, network and figures",
        description="Runs a study: one of those below, or that of a Python file of your own (FILE.py, with a Study in "
        "STUDY).",
    )
    studies = run.add_subparsers(title="studies", metavar="STUDY", required=True)
    ecg = studies.add_parser(
        "ecg",
        help="train on ECG waves, sync back, simulate in Brian2, compare",
        description="Trains an adaptive recurrent network (weights and both time constants) to name the waves of an "
        "ECG, writes it back to Brian2, simulates the test set there and compares. Real recordings (QTDB) where a "
        "data folder is named or chronaxie fetch has downloaded them, else an embedded synthetic ECG; the output says "
        "which.",
    )
    ecg.add_argument(
        "--data",
        metavar="DIR",
        help="folder of the data sets (default: CHRONAXIE_DATA, else what chronaxie fetch qtdb has made, else "
        "synthetic ECG)",
    )
    ecg.add_argument(
        "--synthetic", action="store_true", help="use the synthetic ECG even where data are found"
    )
    ecg.add_argument(
        "--out", metavar="DIR", default="out/ecg", help="where results go (default: %(default)s)"
    )
    ecg.add_argument("--overwrite", action="store_true", help="replace results that are there")
    ecg.add_argument(
        "--resume", action="store_true", help="continue an interrupted training from its checkpoint"
    )
    ecg.add_argument(
        "--model",
        choices=("alif", "se_adlif", "ef_adlif"),
        default="alif",
        help="hidden neurons: the papers' adaptive ones (default), or with subthreshold coupling, by symplectic Euler "
        "or Euler forward; the defaults of the other options are those of its recipe",
    )
    ecg.add_argument("--seed", type=whole, metavar="N", help="seed of everything random (default: 0)")
    ecg.add_argument(
        "--epochs",
        type=count,
        metavar="N",
        help="passes over the training set (default: 250; synthetic: 60); of another model as its recipe says",
    )
    ecg.add_argument(
        "--hidden",
        type=count,
        nargs="+",
        metavar="N",
        help="neurons of each hidden layer (default: the recipe's; alif: 36)",
    )
    add_engine(ecg)
    ecg.add_argument(
        "--batch-size", type=count, metavar="N", help="recordings in a batch (default: 16; synthetic: 32)"
    )
    ecg.add_argument(
        "--learning-rate", type=positive, metavar="R", help="peak rate of the weights (default: 0.008)"
    )
    ecg.add_argument(
        "--time-constant-rate",
        type=positive,
        metavar="R",
        help="peak rate of the time constants (default: 0.03)",
    )
    ecg.add_argument(
        "--rate-penalty",
        type=not_negative,
        metavar="R",
        help="weight of the mean spikes per step in the loss (default: 0)",
    )
    ecg.add_argument(
        "--input-dropout",
        type=share,
        metavar="P",
        help="share of the input's spikes left out in training, others in each batch (default: the recipe's; alif: 0)",
    )
    ecg.add_argument(
        "--average-epochs",
        type=not_negative,
        metavar="N",
        help="average the parameters of the last so many epochs; the averages are validated and kept (default: 10; "
        "synthetic: 0)",
    )
    ecg.add_argument("--surrogate", metavar="NAME", help="surrogate derivative (default: gaussian)")
    ecg.add_argument(
        "--device", metavar="NAME", help="Brian2 device of the comparison: numpy, cython, cpp_standalone"
    )
    add_json(ecg)
    sweep.add_sweep(ecg)
    ecg.set_defaults(
        command=_run_ecg,
        in_several_processes=True,
        after_interrupt="; if an epoch was complete, the same command with --resume continues after it (with "
        "--overwrite too, if files were being written)",
    )
    continuous.add(studies)
    robustness.add(studies)
    published.add(studies)
    fidelity.add(studies)
    lesions.add(studies)
    for name, (_, _, text) in catalogue.HOMES.items():
        if name not in studies.choices:
            sweep.add(studies, name, text=text)
    studies.choices = _Names(studies)


class _Names:
    """The names that ``chronaxie run`` takes: its studies, and Python files, whose parsers are made when asked for."""

    def __init__(self, studies):
        self.studies, self.parsers = studies, studies.choices

    def __iter__(self):
        return iter(self.parsers)

    def __contains__(self, name):
        if name not in self.parsers:
            if not catalogue.is_file(name):
                raise argparse.ArgumentError(self.studies, catalogue.unknown(name, list(self.parsers)))
            sweep.add(self.studies, name)
        return True


def _run_ecg(given):
    if given.synthetic and given.data is not None:
        raise ValueError("--synthetic and --data exclude each other: leave one out")
    if sweep.is_sweep(given):
        begin_again()

    from pathlib import Path

    from ..data import fetched_folder
    from ..ecg_config import ECGConfig, defaults, model_axis
    from ..processes import are_several
    from ..running.values import configuration

    data = None if given.synthetic else _recordings(given.data)
    task = "synthetic_ecg" if data is None else "ecg"
    names = (
        "seed",
        "epochs",
        "batch_size",
        "learning_rate",
        "time_constant_rate",
        "rate_penalty",
        "input_dropout",
        "average_epochs",
        "surrogate",
        "device",
        "engine",
    )
    chosen = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    if given.hidden:
        chosen["hidden"] = tuple(given.hidden)
    base = defaults(task, given.model) | {"data": data}
    if task == "synthetic_ecg":
        why = (
            "as asked"
            if given.synthetic
            else "no data folder given, none fetched; real recordings: --data DIR, or chronaxie fetch qtdb"
        )
        report(f"using the embedded synthetic ECG ({why})")
    elif Path(data) == fetched_folder():
        report(f"using the recordings that chronaxie fetch has put in {data}")
    if sweep.is_sweep(given):
        if are_several() or given.overwrite or given.resume:
            raise ValueError(
                "run ecg: --overwrite, --resume and torchrun are for a single run; a sweep goes on by itself: leave "
                "them out"
            )
        asked = sweep.swept(given)
        own = {*chosen, *sweep.given_values(given), *asked}
        axes = {"model": model_axis(asked["model"], base, own)} if "model" in asked else {}
        return sweep.run_asked("ecg", given, base=base, values=chosen, axes=axes)
    from .. import ecg

    sweep.refuse_running(given)
    values = base | {"seed": 0} | chosen | sweep.given_values(given)
    config = configuration(ECGConfig, values, where="run ecg")
    return run_training_study(ecg.run, config, given)


def _recordings(data):
    """The folder that was named, else that of ``chronaxie fetch`` if it holds QTDB files; None: neither."""
    from ..data import VARIABLE, find_data
    from ..tasks.qtdb import FILES
    from ..tasks.qtdb_raw import raw_records

    folder = find_data(data)
    if folder is None:
        return None
    # A folder that was named and lacks the files is an error of the task; the other was made for any data set.
    named = data is not None or os.environ.get(VARIABLE)
    if named or any((folder / file).exists() for file in FILES) or raw_records(folder):
        return str(folder)
    return None

"""A study, run into a folder: its dataset, its network, its figures."""

from __future__ import annotations

from pathlib import Path

from .. import analyses
from ..models import save
from .processes import is_first
from .recurrent import DenseRecurrent, save_dense
from .results import prepare_folder, write_result


def run_to_folder(run, config, directory, *, overwrite=False, resume=False, report=print):
    """Run a study and write dataset, trained network and figures.

    Parameters
    ----------
    run : callable
        Of the study: ``run(config, checkpoint=…, resume=…, report=…)`` to the result and the trained model, a
        `brian2.Network` or a `DenseRecurrent`.
    config : ECGConfig or TrainConfig
        Names the files (`stem`, `network_file`).
    directory : path
        Made if it is not there.
    overwrite : bool
        Replace the files of an earlier run, its checkpoint included.
    resume : bool
        Continue from the checkpoint in the folder.
    report : callable
        Takes a line of text about what is being done.

    Returns
    -------
    xarray.Dataset, list of Path
        The result and the files that were written; None and none in a process that is not the first of several, which
        writes nothing.

    Raises
    ------
    ResultError
        Before anything long begins: one of the files is there already, or the folder cannot be written.
    """
    dataset, checkpoint = f"{config.stem}.nc", f"{config.stem}.checkpoint.pt"
    directory = Path(directory)
    if not is_first():
        run(config, checkpoint=directory / checkpoint, resume=resume, report=report)
        return None, []
    prepare_folder(
        directory,
        (dataset, config.network_file, *analyses.figure_names(config.stem)),
        overwrite=overwrite,
        checkpoint=checkpoint,
        resume=resume,
    )
    result, model = run(config, checkpoint=directory / checkpoint, resume=resume, report=report)
    write_result(result, directory / dataset)
    network = directory / config.network_file
    save_model(model, network, overwrite=overwrite)
    drawn = analyses.figures(result, directory, stem=config.stem)
    return result, [directory / dataset, network, *drawn]


def model_suffix(model):
    """End of the name of a model's file: ``.pt`` of a `DenseRecurrent`, else ``.nc``."""
    return ".pt" if isinstance(model, DenseRecurrent) else ".nc"


def save_model(model, path, *, overwrite=False):
    """Write a trained model, beside and renamed.

    Parameters
    ----------
    model : brian2.Network or DenseRecurrent
    path : path
    overwrite : bool
        Replace a network that is there.
    """
    if isinstance(model, DenseRecurrent):
        save_dense(model, path)
    else:
        save(model, path, overwrite=overwrite)

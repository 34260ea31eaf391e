"""What the commands that train share: running the study, in one process or in several, and saying what was written."""

from __future__ import annotations

from .answering import of_result, say
from .arguments import report


def run_training_study(study, config, given):
    """Run a study into ``given.out`` and print its summary; returns the exit code.

    Parameters
    ----------
    study : callable
        As `result_folder.run_to_folder` takes it.
    config : ECGConfig, TrainConfig or PhysicalConfig
    given : argparse.Namespace
        ``out``, ``overwrite``, ``resume``, ``json``.
    """
    from .. import result_folder
    from ..summary import summarise

    result, files = result_folder.run_to_folder(
        study, config, given.out, overwrite=given.overwrite, resume=given.resume, report=report
    )
    if result is not None:
        said = summarise(result) + "\n\nwritten:\n" + "\n".join(f"  {path}" for path in files)
        say(given, said, of_result(result, files))
    return 0

"""``chronaxie run published``: the time constants of the five published networks, on one page."""

from __future__ import annotations

from .answering import add_json, of_result, say
from .arguments import count, report, whole


def add(studies):
    """Register the study."""
    parser = studies.add_parser(
        "published",
        help="the time constants of the five published networks: trained or not, beside measured ones",
        description="Reads the time constants of the five published networks (Yin, Corradi and Bohté 2020, 2021), "
        "tests each array against the distribution that it was initialised with, and lays the trained ones beside "
        "measured time constants. Writes one dataset, figures and one page (published.md). Needs checkpoints/ and "
        "biology/ below the data folder.",
    )
    parser.add_argument("--data", metavar="DIR", help="folder of the data sets (default: CHRONAXIE_DATA)")
    parser.add_argument(
        "--resamples",
        type=count,
        default=1000,
        metavar="N",
        help="of every interval and test, 100 or more (default: 1000)",
    )
    parser.add_argument("--seed", type=whole, default=0, metavar="N", help="of the resamples (default: 0)")
    parser.add_argument(
        "--out", metavar="DIR", default="out/published", help="where results go (default: %(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there")
    add_json(parser)
    parser.set_defaults(command=_run, after_interrupt="; nothing was written")


def _run(given):
    from ... import analyses
    from ...analyses.drawing.published import PUBLISHED
    from ..published_page import page
    from ..published_timescales import PublishedConfig, run
    from ..results import folder_removed_if_empty, prepare_folder, write_result

    config = PublishedConfig(data=given.data, resamples=given.resamples, seed=given.seed)
    names = analyses.figure_names(config.stem, specs=PUBLISHED)
    with folder_removed_if_empty(given.out):
        files = (f"{config.stem}.nc", f"{config.stem}.md", *names)
        folder = prepare_folder(given.out, files, overwrite=given.overwrite)
        result = run(config, report=report)
        write_result(result, folder / f"{config.stem}.nc")
        given.after_interrupt = f"; {folder / config.stem}.nc was written, its page and figures not"
        drawn = analyses.figures(result, folder, stem=config.stem, specs=PUBLISHED)
        text = page(result)
        (folder / f"{config.stem}.md").write_text(text, encoding="utf-8")
    written = [*(folder / f for f in files[:2]), *drawn]
    said = text + "\nwritten:\n" + "\n".join(f"  {path}" for path in written)
    say(given, said, of_result(result, written))
    return 0

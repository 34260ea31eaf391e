"""One thing that was looked at: whether it works, what was found, what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass

OK, NOT_HERE, BROKEN = "ok", "not here", "broken"


@dataclass(frozen=True)
class Finding:
    """One line of ``chronaxie doctor``.

    Parameters
    ----------
    part : str
        What it belongs to: versions, compilers, devices, engines, data, cache or threads.
    name : str
        What was looked at.
    state : {"ok", "not here", "broken"}
    found : str
        What is there, or why it does not work.
    advice : str
        What to do, or what it would give; empty where it works.
    required : bool
        Whether chronaxie needs it; what is not required may be missing or broken.
    """

    part: str
    name: str
    state: str
    found: str
    advice: str = ""
    required: bool = False

    def __post_init__(self):
        if self.state not in (OK, NOT_HERE, BROKEN):
            raise ValueError(f"Finding: state must be {OK!r}, {NOT_HERE!r} or {BROKEN!r}, got {self.state!r}")


def works(findings):
    """Whether all that is required works.

    Parameters
    ----------
    findings : iterable of Finding

    Returns
    -------
    bool
    """
    return all(finding.state == OK for finding in findings if finding.required)


def line(finding):
    """A finding as a line of text.

    Parameters
    ----------
    finding : Finding

    Returns
    -------
    str
    """
    optional = "" if finding.required or finding.state == OK else " (optional)"
    advice = f"; {finding.advice}" if finding.advice else ""
    return f"  {finding.state:<9} {finding.name:<16} {finding.found}{optional}{advice}"


def as_json(findings):
    """What ``chronaxie doctor --json`` prints.

    Parameters
    ----------
    findings : sequence of Finding

    Returns
    -------
    dict
        ``works`` (bool) and ``findings``, a list of dicts with the fields of `Finding`.
    """
    return {"works": works(findings), "findings": [asdict(finding) for finding in findings]}

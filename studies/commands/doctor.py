"""``chronaxie doctor``: what of this machine and this installation works."""

from __future__ import annotations

from .answering import add_json, say


def add(commands):
    """Register the command."""
    parser = commands.add_parser(
        "doctor",
        help="what works here: versions, compilers, devices, engines, data, cache, threads",
        description="Looks at everything that chronaxie needs or can use on this machine, by running and building "
        "small things, and says of each whether it works, what it would give, or what to do. A minute or two; --quick "
        "compiles nothing. The exit code is 0 where all that is required works, else 1.",
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="folder of the data sets (default: CHRONAXIE_DATA, else what chronaxie fetch has made)",
    )
    parser.add_argument("--quick", action="store_true", help="leave out the devices and engines that compile")
    add_json(parser)
    parser.set_defaults(command=_doctor, after_interrupt="; nothing was changed")


def _doctor(given):
    from ..doctor import OK, as_json, examine, line, works

    findings = []
    for finding in examine(data=given.data, quick=given.quick):
        if not given.json:
            if not findings or findings[-1].part != finding.part:
                print(finding.part)
            print(line(finding), flush=True)
        findings.append(finding)
    end = "all that is required works"
    if not works(findings):
        broken = [
            f"{one.part.rstrip('s')} {one.name}" for one in findings if one.required and one.state != OK
        ]
        end = f"broken and required: {', '.join(broken)}"
    say(given, f"\n{end}", as_json(findings))
    return 0 if works(findings) else 1

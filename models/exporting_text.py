"""Pieces of source text for an exported script: quantities, units, strings, calls, comments, names.

All of it is as ``ruff format`` leaves it at lines of 110 characters, and no text from a network can leave the
string or the comment that it is put into.
"""

import builtins
import functools
import io
import itertools
import keyword
import textwrap
import tokenize

import brian2
import numpy as np

from .description import DIMENSIONLESS, exponents
from .errors import UnsupportedModel

WIDTH = 110
# Units that a quantity is written in, by what they measure; SI first.
PREFIXED = (
    ("second", "ms", "us"),
    ("volt", "mV"),
    ("amp", "mA", "uA", "nA", "pA"),
    ("siemens", "mS", "uS", "nS"),
    ("farad", "uF", "nF", "pF"),
    ("ohm", "kohm", "Mohm"),
    ("Hz", "kHz"),
    ("metre", "mm", "um"),
    ("coulomb",),
    ("kelvin",),
    ("kilogram",),
    ("mole",),
    ("joule",),
    ("watt",),
    ("pascal",),
)
_BASE = ("metre", "kilogram", "second", "amp", "kelvin", "mole")
_SIMPLE = (
    "volt",
    "amp",
    "second",
    "siemens",
    "ohm",
    "farad",
    "metre",
    "coulomb",
    "joule",
    "mole",
    "kilogram",
)
_MEASURED = {exponents(getattr(brian2, names[0]).dim): names for names in PREFIXED}


def unit_code(dimensions):
    """Return a unit as Brian2 code, e.g. ``"volt"`` or ``"amp / volt**2"``; ``"1"`` for a number.

    Parameters
    ----------
    dimensions : tuple of 7 float
    """
    dimensions = tuple(float(d) for d in dimensions)
    if dimensions == DIMENSIONLESS:
        return "1"
    if dimensions in _MEASURED:
        return _MEASURED[dimensions][0]
    for code, composed in _composed().items():
        if composed == dimensions:
            return code
    if dimensions[6]:
        raise UnsupportedModel("export", "a unit of luminous intensity", "use another unit")
    powers = zip(_BASE, dimensions[:6], strict=True)
    return " * ".join(name if n == 1 else f"{name}**{n:g}" for name, n in powers if n)


def unit_names(code):
    """Return the names in a unit's code, to be imported from brian2."""
    return {t.string for t in _tokens(code) if t.type == tokenize.NAME}


def quantity_code(value, dimensions):
    """Return one number with its unit as code that gives the same bits, e.g. ``"4 * ms"``.

    Parameters
    ----------
    value : int, float or bool
        SI.
    dimensions : tuple of 7 float
    """
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, (bool, int)):
        number = repr(value)
    else:
        number = _number(value)
    unit = unit_code(dimensions)
    if unit == "1":
        return number
    names = _MEASURED.get(tuple(float(d) for d in dimensions), ())
    found = [f"{number} * {unit}"]
    for name in names[1:]:
        scale = getattr(brian2, name)
        for digits in (6, 12, 15):
            short = _number(float(f"{value / float(scale):.{digits}g}")) if np.isfinite(value) else number
            if np.isfinite(value) and float(float(short) * scale) == float(value):
                found.append(f"{short} * {name}")
                break
    # Times read best in milliseconds, and 0 in any unit; the first of the shortest otherwise.
    return min(found, key=lambda text: (len(text.split(" * ")[0]), found.index(text)))


def rounded(value, dimensions, digits=3):
    """Return one number with its unit for a reader, rounded, e.g. ``"34.8 ms"``."""
    value = float(value)
    names = _MEASURED.get(tuple(float(d) for d in dimensions))
    if names is None:
        unit = unit_code(dimensions).replace(" ", "")
        return f"{value:.{digits}g}" + ("" if unit == "1" else f" {unit}")
    # Times below a second read best in milliseconds.
    least = 0.0995 if names[0] == "second" and abs(value) < 0.9995 else 0.9995
    fitting = [
        n for n in names if abs(value) >= least * float(getattr(brian2, n)) and (least > 0.5 or n != "second")
    ]
    unit = getattr(brian2, fitting[0] if fitting else names[-1] if value else names[0])
    return f"{value / float(unit):.{digits}g} {unit}"


def values_comment(values, dimensions):
    """Return what a reader wants to know of an array: its one value, or its range."""
    values = np.asarray(values)
    if values.dtype == bool:
        return f"true for {int(values.sum())} of {values.size}"
    if np.isnan(values.astype(float)).any():
        return f"{int(np.isnan(values.astype(float)).sum())} of {values.size} are not a number"
    low, high = rounded(values.min(), dimensions), rounded(values.max(), dimensions)
    return low if low == high else f"{low} to {high}"


def string(code, *, indent=4, used=0):
    """Return statements or an expression as a string literal that Brian2 reads as the same code.

    Parameters
    ----------
    code : str
    indent : int
        Of the line that the literal stands in.
    used : int
        Characters that the line has beside it.
    """
    check_plain(code)
    lines = [line.strip() for line in code.split("\n") if line.strip()] or [""]
    room = WIDTH - indent - used
    if len(lines) == 1 and len(lines[0]) + 2 <= room:
        return f'"{lines[0]}"'
    pad = " " * indent
    if all(len(line) <= WIDTH - indent for line in lines):
        return f'"""\n{pad}' + f"\n{pad}".join(lines) + f'\n{pad}"""'
    pieces = []
    for k, line in enumerate(lines):
        parts = wrapped(line, WIDTH - indent - 8)
        parts = [f"{part} " for part in parts[:-1]] + [parts[-1] + ("\\n" if k < len(lines) - 1 else "")]
        pieces += [f'{pad}    "{part}"' for part in parts]
    return "(\n" + "\n".join(pieces) + f"\n{pad})"


def wrapped(code, width):
    """Return code broken into lines: at its blanks, and between tokens where it has none.

    Brian2 joins the lines with one blank, which changes no expression.
    """
    if len(code) <= width:
        return [code]
    lines, line = [], ""
    for word in _words(code, width):
        if line and len(line) + len(word) > width:
            lines.append(line.strip())
            line = ""
        line += word
    return [*lines, line.strip()]


def _words(code, width):
    for k, word in enumerate(code.split(" ")):
        blank = " " if k else ""
        if len(word) < width // 2:
            yield blank + word
        else:
            yield from (t.string for t in _tokens(blank + word))


def call(target, arguments, *, indent=0, width=WIDTH):
    """Return a call on one line where it fits, else with one argument a line."""
    pad = " " * indent
    one = f"{pad}{target}({', '.join(arguments)})"
    if len(one) <= width and "\n" not in one:
        return one
    inside = "".join(f"{pad}    {a},\n" for a in arguments)
    return f"{pad}{target}(\n{inside}{pad})"


def listing(target, items, brackets="[]"):
    """Return a list, or a dict, of codes after `target`, on one line where it fits."""
    one = f"{target}{brackets[0]}{', '.join(items)}{brackets[1]}"
    if len(one) <= WIDTH:
        return one
    return f"{target}{brackets[0]}\n" + "".join(f"    {item},\n" for item in items) + brackets[1]


def mapping(items, *, indent=4, used=0):
    """Return a dict literal of (key, code) pairs."""
    one = "{" + ", ".join(f'"{k}": {v}' for k, v in items) + "}"
    if len(one) + indent + used <= WIDTH and "\n" not in one:
        return one
    pad = " " * indent
    return "{\n" + "".join(f'{pad}    "{k}": {v},\n' for k, v in items) + pad + "}"


def comment(text, *, indent=0):
    """Return a text as comment lines."""
    width = WIDTH - indent - 2
    pad = " " * indent
    lines = [part for line in printable(text).split("\n") for part in (textwrap.wrap(line, width) or [""])]
    return "\n".join(f"{pad}# {line}".rstrip() for line in lines)


def with_remark(code, remark):
    """Return a line of code with a comment behind it, or above it where the line has no room."""
    if not remark:
        return code
    if "\n" not in code and len(code) + 4 + len(remark) <= WIDTH:
        return f"{code}  # {printable(remark)}"
    indent = len(code) - len(code.lstrip(" "))
    return comment(remark, indent=indent) + "\n" + code


def printable(text):
    """Return a text that can stand in a docstring or comment: printable, without quotes that end it."""
    kept = "".join(c for c in str(text) if c == "\n" or (c.isprintable() and c != "\\"))
    return kept.replace('"""', "'''").replace('"', "'")


def check_plain(code):
    """Refuse code that would not stay inside of a string literal."""
    if any(c in code for c in "\"'\\") or not all(c == "\n" or c == "\t" or c.isprintable() for c in code):
        raise UnsupportedModel("export", f"the code {code[:60]!r}", "use arithmetic without strings")


class Names:
    """Python names for the objects of a network: their own, with an underscore where that is taken.

    Parameters
    ----------
    taken : iterable of str
        Names that the script itself uses.
    """

    def __init__(self, taken):
        self._taken = set(taken) | set(keyword.kwlist) | set(dir(builtins)) | set(keyword.softkwlist)
        self._given = {}

    def __getitem__(self, name):
        """The Python name of an object; of a pair, the first tells it apart, the second is its own name."""
        if name not in self._given:
            self._given[name] = self.free(name if isinstance(name, str) else name[1])
        return self._given[name]

    def free(self, name):
        """Take a name that nothing else has: this one, or with an underscore."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def _number(value):
    if not np.isfinite(value):
        return f'float("{value}")'
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


@functools.cache
def _composed():
    """Codes of products and ratios of two units with their dimensions, the plainest first."""
    made = {f"{a}**{power}": _product((a, power)) for power in (2, 3, 0.5, -1, -2, -0.5) for a in _SIMPLE}
    for form, power in (("{a} / {b}", -1), ("{a} / {b}**2", -2), ("{a} * {b}", 1), ("{a} * {b}**2", 2)):
        for a, b in itertools.permutations(_SIMPLE[:3], 2):
            made.setdefault(form.format(a=a, b=b), _product((a, 1), (b, power)))
    for form, power in (("{a} / {b}", -1), ("{a} * {b}", 1), ("{a} / {b}**2", -2), ("{a} * {b}**-0.5", -0.5)):
        for a, b in itertools.permutations(_SIMPLE, 2):
            made.setdefault(form.format(a=a, b=b), _product((a, 1), (b, power)))
    return made


def _product(*powers):
    total = np.zeros(7)
    for name, power in powers:
        total += power * np.array(exponents(getattr(brian2, name).dim))
    return tuple(float(x) for x in total)


def _tokens(code):
    skipped = (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT)
    return [t for t in tokenize.generate_tokens(io.StringIO(code.strip()).readline) if t.type not in skipped]

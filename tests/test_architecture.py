"""The architecture as a check on the source text: who imports whom, what appears nowhere or in one file only.

Every rule is a function from one module's syntax tree to a list of complaints, and every rule is shown
a module that breaks it.
"""

import ast
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("models", "gradient_bridge", "analyses", "studies")
MAX_LINES = 400

# Folder → what of ours it may import besides itself, and which packages of others it may not.
MAY_IMPORT = {
    "models": (),
    "gradient_bridge": ("models",),
    "analyses": (),
    "studies": ("models", "gradient_bridge", "analyses"),
}
# Modules of the root that need nothing but the standard library: who imports them loads no folder.
SHARED = ("_version", "_locks", "_compilers", "_cores")
NEVER_IMPORTS = {"models": ("torch",), "gradient_bridge": (), "analyses": ("torch", "brian2"), "studies": ()}
UNPICKLERS = ("pickle", "cPickle", "_pickle", "cloudpickle", "dill", "shelve", "marshal")
DEVICES = "models/devices.py"
DEVICE_CALLS = ("set_device", "reset_device", "read_preference_file", "load_preferences")


def modules():
    """Return the paths of all modules of the package, relative to the root."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted(str(path.relative_to(ROOT)) for path in [*found, *ROOT.glob("*.py")])


def imports(tree, path):
    """Yield (line, dotted absolute name) of everything that the module at `path` imports, at any depth."""
    package = ["chronaxie", *Path(path).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module.split(".") if node.module else [])]
            yield from ((node.lineno, ".".join([*base, alias.name])) for alias in node.names)
        elif isinstance(node, ast.Call) and dotted(node.func).endswith(("import_module", "__import__")):
            name = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            level = len(name) - len(name.lstrip("."))
            base = package[: len(package) - level + 1] if level else []
            yield node.lineno, ".".join([*base, name.lstrip(".")])


def dotted(node):
    """Return the name of a chain such as `brian2.prefs.codegen`, subscripts left out; '' for others."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Subscript):
        return dotted(node.value)
    return ""


def imports_one_way(tree, path):
    """studies → gradient_bridge → models, studies → analyses; no torch in models, nor Brian2 in analyses."""
    folder = Path(path).parts[0]
    if folder not in FOLDERS:
        return
    for line, name in imports(tree, path):
        top, *rest = name.split(".")
        if top in NEVER_IMPORTS[folder]:
            yield f"{path}:{line}: {folder} imports {top}"
        if top == "chronaxie" and (not rest or rest[0] not in (folder, *MAY_IMPORT[folder], *SHARED)):
            yield f"{path}:{line}: {folder} imports {name}"


def no_star_imports(tree, path):
    """Every imported name is written out."""
    yield from (f"{path}:{line}: import {name}" for line, name in imports(tree, path) if name.endswith("*"))


def never_unpickles(tree, path):
    """No file is opened in a way that can run what it holds."""
    for line, name in imports(tree, path):
        if name.split(".")[0] in UNPICKLERS or name in ("joblib.load", "pandas.read_pickle"):
            yield f"{path}:{line}: import {name}"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        said = {word.arg: word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)}
        if said.get("allow_pickle", False) is not False:
            yield f"{path}:{node.lineno}: {name}(allow_pickle=True)"
        if said.get("weights_only", True) is not True:
            yield f"{path}:{node.lineno}: {name}(weights_only=False)"
        if name == "torch.load" and "weights_only" not in said:
            yield f"{path}:{node.lineno}: torch.load without weights_only=True"
        if name.endswith(("joblib.load", ".read_pickle")):
            yield f"{path}:{node.lineno}: {name}"


def globals_in_one_file(tree, path):
    """Brian2's device, preferences and default clock are set in models/devices.py and nowhere else."""
    if path == DEVICES:
        return
    for node in ast.walk(tree):
        targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
            for target in targets:
                # `prefs = …` binds a local variable; an attribute or item of it is Brian2's.
                parts = dotted(target).split(".")
                within = parts[:-1] if isinstance(target, ast.Attribute) else parts
                inside = isinstance(target, ast.Attribute | ast.Subscript)
                if inside and {"prefs", "defaultclock"} & set(within):
                    yield f"{path}:{node.lineno}: sets {'.'.join(parts)}"
        elif isinstance(node, ast.Call):
            name = dotted(node.func)
            first = dotted(node.args[0]).split(".") if node.args else [""]
            if name.split(".")[-1] in DEVICE_CALLS or name in ("device.activate", "device.reinit"):
                yield f"{path}:{node.lineno}: calls {name}"
            if name in ("setattr", "delattr") and {"prefs", "defaultclock"} & set(first):
                yield f"{path}:{node.lineno}: {name}({'.'.join(first)}, …)"
            if name.endswith(("prefs.update", "prefs.set_preferences")):
                yield f"{path}:{node.lineno}: calls {name}"


RULES = (imports_one_way, no_star_imports, never_unpickles, globals_in_one_file)


@pytest.mark.parametrize("rule", RULES)
def test_the_package_keeps_the_rule(rule):
    complaints = [c for path in modules() for c in rule(ast.parse((ROOT / path).read_text()), path)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (imports_one_way, "models/x.py", "import torch"),
        (imports_one_way, "models/x.py", "def f():\n    from torch.nn import Module"),
        (imports_one_way, "models/x.py", "from ..gradient_bridge import Twin"),
        (imports_one_way, "models/x.py", "from .. import studies"),
        (imports_one_way, "models/deep/x.py", "from ...analyses import accuracy"),
        (imports_one_way, "models/x.py", "import chronaxie"),
        (imports_one_way, "models/x.py", "importlib.import_module('torch')"),
        (imports_one_way, "models/x.py", "import_module('..analyses', __package__)"),
        (imports_one_way, "gradient_bridge/x.py", "from ..analyses import accuracy"),
        (imports_one_way, "gradient_bridge/x.py", "from chronaxie.studies import run"),
        (imports_one_way, "analyses/x.py", "from ..models import dense"),
        (imports_one_way, "analyses/x.py", "import brian2.units"),
        (no_star_imports, "models/x.py", "from brian2 import *"),
        (never_unpickles, "models/x.py", "import pickle"),
        (never_unpickles, "models/x.py", "from joblib import load"),
        (never_unpickles, "models/x.py", "np.load(path, allow_pickle=True)"),
        (never_unpickles, "gradient_bridge/x.py", "torch.load(path, weights_only=False)"),
        (never_unpickles, "gradient_bridge/x.py", "torch.load(path)"),
        (globals_in_one_file, "models/x.py", "set_device('cpp_standalone')"),
        (globals_in_one_file, "models/x.py", "brian2.prefs.codegen.target = 'numpy'"),
        (globals_in_one_file, "models/x.py", "prefs['codegen.target'] = 'numpy'"),
        (globals_in_one_file, "models/x.py", "prefs.codegen.cpp.extra_compile_args_gcc += ['-g']"),
        (globals_in_one_file, "studies/x.py", "defaultclock.dt = 1*ms"),
        (globals_in_one_file, "studies/x.py", "setattr(prefs.codegen, 'target', 'numpy')"),
    ],
)
def test_the_rule_finds_a_breach(rule, path, source):
    assert len(list(rule(ast.parse(source), path))) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("studies/x.py", "from ..gradient_bridge import Twin\nfrom ..analyses import energy"),
        ("gradient_bridge/x.py", "import torch\nfrom ..models import describe\nfrom . import program"),
        ("models/x.py", "from .errors import UnsupportedModel\nfrom .._version import __version__"),
        ("models/devices.py", "set_device('runtime')\nprefs.codegen.target = 'numpy'\ndefaultclock.dt = dt"),
        ("models/x.py", "target = prefs.codegen.target\ngroup.dt = defaultclock.dt\nprefs = {}"),
        ("gradient_bridge/x.py", "torch.load(path, weights_only=True)\nnp.load(path, allow_pickle=False)"),
    ],
)
def test_the_rules_leave_good_code_alone(path, source):
    assert [c for rule in RULES for c in rule(ast.parse(source), path)] == []


def test_setup_cfg_lists_every_package():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = config["options"]["packages"].split()
    folders = {Path(path).parent for path in modules()}
    assert sorted(listed) == sorted(".".join(["chronaxie", *folder.parts]) for folder in folders)
    assert all((ROOT / folder / "__init__.py").is_file() for folder in folders)


def test_tests_mirror_the_folders():
    named = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    assert named <= set(FOLDERS)


def test_no_module_is_too_long():
    tests = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")]
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in [*modules(), *tests]}
    assert {path: n for path, n in lengths.items() if n > MAX_LINES} == {}

"""What README and docs/ say: their Python parses, its names exist, their links lead somewhere."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import chronaxie

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(str(page.relative_to(ROOT)) for page in [ROOT / "README.md", *(ROOT / "docs").glob("**/*.md")])


def chains(tree):
    """Yield the names that are looked up in `cx`, as lists: cx.models.ALIF is ["models", "ALIF"]."""
    for node in ast.walk(tree):
        names = []
        while isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        if names and isinstance(node, ast.Name) and node.id in ("cx", "chronaxie"):
            yield names


def programs(page):
    """Return the page's Python programs."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def run(source, folder):
    """Run a program as a reader would, in a process with Brian2's default settings; return what it prints."""
    (folder / "program.py").write_text(source)
    command = [sys.executable, "program.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_programs_of_the_readme_run(tmp_path):
    # One epoch shows that it runs; what it learns is the study's business.
    trained, own = programs("README.md")
    assert "epochs=30" in trained
    run(trained.replace("epochs=30", "epochs=1"), tmp_path)
    assert (tmp_path / "net.nc").is_file()
    assert "cells" in run(own, tmp_path)


@pytest.mark.slow
def test_the_network_of_your_own_fires_as_its_twin(tmp_path):
    (source,) = programs("docs/index.md")
    printed = run(source, tmp_path)
    fired, simulated = map(int, re.findall(r"the twin fired (\d+) spikes, Brian2 (\d+)", printed)[0])
    assert fired == simulated > 0


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks_use_names_that_exist(page):
    for block in re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL):
        tree = ast.parse(block)
        for names in chains(tree):
            value = chronaxie
            for name in names:
                value = getattr(value, name)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("chronaxie"):
                exec(compile(ast.Module([node], []), page, "exec"), {})  # noqa: S102 - an import of our own page


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_of_the_repository(page):
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)[^)]*\)", (ROOT / page).read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (ROOT / page).parent.joinpath(target).is_file(), f"{page}: {target}"

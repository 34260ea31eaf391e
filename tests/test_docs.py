"""What README and docs/ say: their Python parses, its names exist, their links lead somewhere."""

import ast
import re
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


def test_the_readme_has_a_program():
    assert "```python" in (ROOT / "README.md").read_text()


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

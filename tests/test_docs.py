"""What README and docs/ say: Python parses, its names exist, links lead somewhere; every page and name is listed."""

import ast
import importlib.util
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


# ------------------------------------------------------------------ what make docs builds of them
@pytest.fixture(scope="module")
def conf():
    """The configuration of Sphinx, as a module."""
    spec = importlib.util.spec_from_file_location("chronaxie_docs_conf", ROOT / "docs" / "conf.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reached(conf, page, seen):
    """Collect the pages that an index lists, and what these list, as Sphinx will find them."""
    for listed in conf.table_of_contents(page.read_text()) if page.stem == "index" else ():
        found = sorted(page.parent.joinpath(listed).resolve().parent.glob(Path(listed).name + ".*"))
        built = Path(listed).parts[-2:-1] == ("learn",)
        assert found or built, f"{page}: {listed} is not there"
        for one in found:
            assert one not in seen, f"{page}: {listed} is listed twice"
            seen.add(one)
            reached(conf, one, seen)
    return seen


def test_the_configuration_is_of_this_package(conf):
    assert conf.release == chronaxie.__version__
    assert conf.nitpicky
    for name in (*conf.html_css_files, *conf.templates_path):
        assert (ROOT / "docs" / conf.html_static_path[0] / name).exists() or (ROOT / "docs" / name).is_dir()


def test_every_page_is_in_the_table_of_contents(conf):
    docs = ROOT / "docs"
    seen = reached(conf, docs / "index.md", {docs / "index.md"})
    generated = (docs / "learn", docs / "reference" / "generated", docs / "tutorials", docs / "_templates")
    pages = {
        page
        for page in [*docs.rglob("*.md"), *docs.rglob("*.rst")]
        if not any(page.is_relative_to(folder) for folder in generated)
    }
    assert sorted(map(str, pages - seen)) == []
    assert len(list((docs / "tutorials").glob("*.py"))) == 5


def test_a_list_of_links_is_a_table_of_contents(conf):
    text = "* [One](one.md): first\n* [Two](folder/two.rst)\n* [Three](../tutorials/3_three.py)\nsee [no](no.md)\n"
    assert conf.table_of_contents(text) == ["one", "folder/two", "../learn/3_three"]
    assert conf.table_of_contents("* [Part](one.md#part)\n") == []
    assert conf.link_tutorials("[T](tutorials/README.rst)") == "[T](learn/index.rst)"


def test_long_literals_of_a_page_break_at_their_joints(conf):
    one = '<span class="pre">network=alif,alif-fixed/x_y.csv</span> a=b,c'
    assert conf.breakable(one) == (
        '<span class="pre">network=<wbr/>alif,<wbr/>alif-fixed/<wbr/>x_<wbr/>y.<wbr/>csv</span> a=b,c'
    )
    assert conf.breakable('<span class="pre">tau_m=20</span>') == '<span class="pre">tau_m=20</span>'
    assert conf.breakable('<span class="pre">--learning-rate=0.015</span>').endswith("=<wbr/>0.015</span>")


def test_every_public_name_is_in_the_reference():
    pages = {page.stem: page.read_text() for page in (ROOT / "docs" / "reference").glob("*.*")}
    lacking = []
    for folder in ("models", "gradient_bridge", "analyses"):
        module = getattr(chronaxie, folder)
        for name in module.__all__:
            value = getattr(module, name)
            listed = f"\n   {name}\n" in pages[folder] + "\n"
            lacking += [] if listed or f"`{name}`" in pages["constants"] or name == "biology" else [name]
            assert callable(value) or not listed, f"{name} is no function: put it on the page of constants"
    assert lacking == [], "list them in docs/reference/"

"""Configuration of Sphinx: `make docs` builds these pages, runs the tutorials, and takes every warning for an error."""

import re
from pathlib import Path

from chronaxie import __version__

project = "chronaxie"
author = "chronaxie developers"
copyright = "chronaxie developers, MIT licence"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["tutorials/*", "_templates"]
templates_path = ["_templates"]
highlight_language = "none"
nitpicky = True
# Types of other packages are named and not linked: their indices would have to be fetched.
nitpick_ignore_regex = [(r"py:.*", r"(torch|brian2|numpy|xarray|matplotlib|collections|dataclasses)\..*")]

# Markdown stays what GitHub shows: headings are targets by the anchors that GitHub gives them.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "attrs_inline"]

autosummary_generate = True
autodoc_preserve_defaults = True
autodoc_typehints = "none"  # the docstrings say types, shapes and units
numpydoc_show_class_members = False  # the pages of classes show their methods
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = f"chronaxie {version}"
html_static_path = ["_static"]
html_css_files = ["chronaxie.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "chronaxie"},
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

sphinx_gallery_conf = {
    "examples_dirs": "tutorials",
    "gallery_dirs": "learn",
    "filename_pattern": r"/\w+\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    "show_memory": False,
    "min_reported_time": 3600,
    "write_computation_times": False,  # its page would load scripts from elsewhere
    "matplotlib_animations": False,
    "image_scrapers": ("matplotlib",),
    "copyfile_regex": r".*\.csv$",
    "default_thumb_file": str(Path(__file__).parent / "images" / "ecg_raster.png"),
}

_LISTED = re.compile(r"^\* \[[^\]]+\]\(([\w./]+)\.(?:md|rst|py)\)", re.MULTILINE)


def link_tutorials(source):
    """Return a page's text with its links to a tutorial's program leading to the page that is built from it."""
    source = re.sub(r"\]\(((?:\.\./)?)tutorials/(\w+)\.py\)", r"](\1learn/\2.rst)", source)
    return re.sub(r"\]\(((?:\.\./)?)tutorials/README\.rst\)", r"](\1learn/index.rst)", source)


def table_of_contents(source):
    """Return the pages that an index page lists, in its order: bullets that begin with a link to a whole page."""
    return _LISTED.findall(link_tutorials(source))


def read_page(app, docname, source):
    """Make of an index page's list its table of contents, so that no page is listed twice."""
    source[0] = link_tutorials(source[0])
    if docname.rpartition("/")[2] == "index" and (pages := table_of_contents(source[0])):
        source[0] += "\n\n```{toctree}\n:hidden:\n\n" + "\n".join(pages) + "\n```\n"


def breakable(html):
    """Return a page's HTML in which long literals may break after the signs that join their parts."""

    def joints(found):
        return found[1] + re.sub(r"([,=/_]|\w\.(?=[A-Za-z]))(?=\w)", r"\1<wbr/>", found[2])

    return re.sub(r'(<span class="pre">)([^<]{16,})', joints, html)


def finish_page(app, pagename, templatename, context, doctree):
    """Let the literals of a page break, also in the cells of tables."""
    if "body" in context:
        context["body"] = breakable(context["body"])


def setup(app):
    """Connect the reading of index pages and the finishing of all."""
    app.connect("source-read", read_page)
    app.connect("html-page-context", finish_page)

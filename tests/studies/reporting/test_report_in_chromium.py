"""The page in a browser: it fits a wide and a narrow window, figures are enlarged, nothing is asked of a network."""

import pytest

from chronaxie.studies.reporting import write_report

from .browser import Browser, find_browser

pytestmark = pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed")
ESCAPE, ENTER, LEFT = 27, 13, 37


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser with a fresh profile."""
    one = Browser(tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


@pytest.fixture(scope="module")
def sweep_page(gains):
    """The page of a sweep whose error holds a script."""
    return write_report(gains)


@pytest.fixture(scope="module")
def ecg_page(small, tmp_path_factory):
    """The page of a trained network, with many figures."""
    return write_report(small("ecg").file, tmp_path_factory.mktemp("ecg") / "ecg.html")


def check_layout(browser, page, tmp_path, width, dark):
    """The page is as wide as its window, all figures are drawn, and it is no empty picture."""
    browser.open(page, width=width, dark=dark)
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.run(
        "[...document.querySelectorAll('.zoom img')].every(i => i.complete && i.naturalWidth > 0)"
    )
    # What is wider than the window scrolls in its own frame.
    beyond = "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll'))"
    beyond += ".filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
    assert browser.run(f"{beyond}.map(e => e.tagName)") == []
    browser.screenshot(tmp_path / "page.png", whole=True)
    assert (tmp_path / "page.png").stat().st_size > 30_000
    assert browser.asked == [address for address in browser.asked if address.startswith(("file:", "data:"))]
    assert sum(address.startswith("file:") for address in browser.asked) == 1
    assert browser.said == []
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (background != "rgb(255, 255, 255)") == dark


def check_viewer(browser, page, width):
    """A click enlarges, arrows go on, Esc closes and gives the focus back; keys alone do it too."""
    browser.open(page, width=width)
    is_open = "document.getElementById('viewer').open"
    inside = "document.querySelector('#viewer img')"
    assert not browser.run(is_open)
    before = browser.run("document.querySelector('.zoom img').getBoundingClientRect().width")
    browser.click(".zoom")
    assert browser.run(is_open)
    enlarged = browser.run(f"{inside}.getBoundingClientRect().width")
    assert enlarged > before
    assert browser.run(f"{inside}.alt") == browser.run("document.querySelector('.zoom img').alt")
    figures = browser.run("document.querySelectorAll('.zoom').length")
    first = browser.run(f"{inside}.src")
    browser.click('#viewer [data-do="next"]')
    assert (browser.run(f"{inside}.src") == first) == (figures == 1)
    browser.click('#viewer [data-do="previous"]')
    assert browser.run(f"{inside}.src") == first
    if width == 1400:  # in a narrow one the keys move what is larger than the window
        browser.press("ArrowLeft", LEFT)
        assert (browser.run(f"{inside}.src") == first) == (figures == 1)
    browser.press("Escape", ESCAPE)
    assert not browser.run(is_open)
    browser.run("document.querySelector('.zoom').focus()")
    browser.press("Enter", ENTER)
    assert browser.run(is_open)
    browser.click('#viewer [data-do="size"]')
    assert browser.run(f"{inside}.getBoundingClientRect().width") != enlarged
    browser.click('#viewer [data-do="close"]')
    assert not browser.run(is_open)
    assert browser.run("document.activeElement.className") == "zoom"
    assert browser.said == []


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (390, False), (390, True)])
def test_a_sweep_fits_the_window(browser, sweep_page, tmp_path, width, dark):
    check_layout(browser, sweep_page, tmp_path, width, dark)
    assert browser.run("document.title") == "gains · 8 of 9 jobs done"  # the error's script was not run


@pytest.mark.slow
@pytest.mark.parametrize("width", [1400, 390])
def test_a_trained_network_fits_the_window(browser, ecg_page, tmp_path, width):
    check_layout(browser, ecg_page, tmp_path, width, False)


@pytest.mark.parametrize("width", [1400, 390])
def test_a_figure_is_enlarged(browser, sweep_page, width):
    check_viewer(browser, sweep_page, width)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1400, 390])
def test_one_figure_after_the_other(browser, ecg_page, width):
    check_viewer(browser, ecg_page, width)


def test_a_table_is_sorted_by_a_click(browser, sweep_page):
    browser.open(sweep_page, width=1400)
    browser.run(
        "[...document.querySelectorAll('table')].find(t => t.textContent.includes('Wall time')).id = 'jobs'"
    )
    column = "[...document.querySelectorAll('#jobs tbody tr')].map(row => row.cells[1].textContent)"
    assert browser.run(column) == ["1", "1", "1", "2", "2", "2", "4", "4", "4"]
    for _ in range(2):
        browser.click("#jobs th:nth-child(2) button")
    assert browser.run(column) == ["4", "4", "4", "2", "2", "2", "1", "1", "1"]
    assert (
        browser.run("document.querySelector('#jobs th:nth-child(2)').getAttribute('aria-sort')")
        == "descending"
    )


def test_a_script_that_slipped_in_would_not_run(browser, sweep_page, tmp_path):
    text = sweep_page.read_text(encoding="utf-8")
    changed = tmp_path / "changed.html"
    changed.write_text(
        text.replace("</main>", "<script>document.title = 'injected'</script></main>"), encoding="utf-8"
    )
    browser.open(changed, width=1400)
    assert browser.run("document.title") == "gains · 8 of 9 jobs done"
    assert any("Content Security Policy" in str(one) for one in browser.said)

"""The page in a real browser: offline, on a phone, in the dark, on paper, for assistive technology."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest

OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"


@contextmanager
def opened(browser, results, language, width=1280, height=900, scheme="light", **options):
    """A tab with the page, and the lists of its requests and console messages."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
    tab = context.new_page()
    tab.requests, tab.messages = [], []
    tab.on("request", lambda request: tab.requests.append(request.url))
    tab.on("console", lambda message: tab.messages.append(message.text))
    tab.on("pageerror", lambda error: tab.messages.append(str(error)))
    tab.goto((results / f"report.{language}.html").as_uri())
    yield tab
    context.close()


def test_it_opens_from_disk_without_a_request_or_a_complaint(browser, results, language):
    with opened(browser, results, language) as tab:
        tab.evaluate(OPEN_ALL)
        tab.wait_for_timeout(200)
        assert tab.requests == [tab.url]
        assert tab.messages == []
        assert tab.evaluate("document.querySelectorAll('figure svg').length") >= 10


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_the_page_never_scrolls_sideways(browser, results, language, width):
    with opened(browser, results, language, width=width) as tab:
        tab.evaluate(OPEN_ALL)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        wide = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
        if width <= 360:
            assert tab.evaluate(wide) > 5


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light")])
def test_axe_finds_nothing(browser, results, axe, language, scheme, width):
    with opened(browser, results, language, width=width, scheme=scheme, bypass_csp=True) as tab:
        tab.evaluate(OPEN_ALL)
        tab.evaluate(axe)
        found = tab.evaluate("axe.run(document).then(r => r.violations)")
        assert [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found] == []


def test_dark_is_dark_and_figures_follow(browser, results, language):
    seen = {}
    for scheme in ("light", "dark"):
        with opened(browser, results, language, scheme=scheme) as tab:
            seen[scheme] = tab.evaluate("""() => {
                const light = c => c.match(/[\\d.]+/g).slice(0, 3).reduce((a, b) => a + +b, 0);
                const of = query => getComputedStyle(document.querySelector(query));
                return [of('body').backgroundColor, of('body').color, of('figure svg text').fill].map(light);
            }""")
    assert seen["light"][0] > 600 > seen["light"][1]
    assert seen["dark"][0] < 150 < seen["dark"][1]
    assert seen["dark"][2] > seen["light"][2] + 150


def test_figure_text_is_readable_on_its_panel(browser, results, language):
    for scheme in ("light", "dark"):
        with opened(browser, results, language, scheme=scheme) as tab:
            tab.evaluate(OPEN_ALL)
            worst = tab.evaluate("""() => {
                const parts = c => c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
                    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                const light = c => { const [r, g, b] = parts(c); return .2126 * r + .7152 * g + .0722 * b; };
                return Math.min(...[...document.querySelectorAll('figure svg text')].map(text => {
                    const a = light(getComputedStyle(text).fill);
                    const b = light(getComputedStyle(text.closest('.scroll')).backgroundColor);
                    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
                }));
            }""")
            assert worst >= 4.5


def test_without_javascript_the_text_is_the_same(browser, results, language):
    texts = []
    for enabled in (True, False):
        with opened(browser, results, language, java_script_enabled=enabled) as tab:
            texts.append(tab.inner_text("main") if enabled else tab.locator("main").inner_text())
    assert texts[0] == texts[1] and len(texts[0]) > 2_000


def test_the_keyboard_reaches_the_text_and_the_scroll_boxes(browser, results, language):
    with opened(browser, results, language, width=360) as tab:
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.className") == "skip"
        assert tab.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
        tab.keyboard.press("Enter")
        assert tab.evaluate("location.hash") == "#main"
        box = tab.locator(".scroll").first
        box.focus()
        tab.keyboard.press("ArrowRight")
        tab.wait_for_timeout(300)
        assert box.evaluate("e => e.scrollLeft") > 0


def test_on_paper_details_are_open_and_nothing_is_cut(browser, results, language):
    with opened(browser, results, language, scheme="dark") as tab:
        tab.emulate_media(media="print", color_scheme="dark")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        heights = tab.evaluate(
            "[...document.querySelectorAll('details')].map(d => [d.open, d.getBoundingClientRect().height])"
        )
        assert len(heights) >= 5 and all(not is_open and height > 60 for is_open, height in heights)
        assert tab.evaluate("getComputedStyle(document.querySelector('nav.toc')).display") == "none"
        paper = tab.pdf(format="A4")
        assert paper.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", paper)) >= 5
        tab.set_viewport_size({"width": 718, "height": 1000})  # A4 at 96 dots an inch, less its margins
        cut = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)"
        assert tab.evaluate(f"{cut}.map(e => e.textContent.slice(0, 60).trim())") == []


def test_the_first_screen_shows_what_did_not_hold(browser, results, language):
    with opened(browser, results, language) as tab:
        boxes = tab.evaluate(
            "[...document.querySelectorAll('.card')].map(c => [c.className, c.getBoundingClientRect().top])"
        )
        assert boxes and boxes[0][1] < 600
        unsupported = [top for names, top in boxes if "good" not in names.split()]
        assert not unsupported or min(unsupported) < 800

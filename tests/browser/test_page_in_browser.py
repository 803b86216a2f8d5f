"""The page in a real browser: offline, on a phone, in the dark, on paper, for assistive technology."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path

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
                    const b = light(getComputedStyle(text.closest('.drawing')).backgroundColor);
                    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
                }));
            }""")
            assert worst >= 4.5


def test_no_name_in_a_figure_is_cut_off(browser, results, language):
    with opened(browser, results, language) as tab:
        tab.evaluate(OPEN_ALL)
        cut = tab.evaluate("""() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
            const box = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()])
                .filter(([, own]) => own.width && (own.right > box.right + 2 || own.left < box.left - 2))
                .map(([text]) => `${svg.id}: ${text}`);
        })""")
        assert cut == []


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
        tab.evaluate(OPEN_ALL)
        wide = "[...document.querySelectorAll('.scroll')].findIndex(e => e.scrollWidth > e.clientWidth + 60)"
        box = tab.locator(".scroll").nth(tab.evaluate(wide))
        box.focus()
        tab.keyboard.press("ArrowRight")
        tab.wait_for_timeout(300)
        assert box.evaluate("e => e.scrollLeft") > 0


def test_on_paper_boxes_are_as_on_the_screen_and_nothing_is_cut(browser, results, language):
    with opened(browser, results, language, scheme="dark") as tab:
        tab.emulate_media(media="print", color_scheme="dark")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        shown = (
            "[...document.querySelectorAll('.box > p')].map(p => p.checkVisibility({contentVisibilityAuto: true}))"
        )
        boxes = tab.evaluate(shown)
        assert len(boxes) >= 5 and not any(boxes)
        assert tab.evaluate("getComputedStyle(document.querySelector('nav.toc')).display") == "none"
        paper = tab.pdf(format="A4")
        assert paper.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", paper)) >= 5
        tab.evaluate(OPEN_ALL)
        assert all(tab.evaluate(shown))
        tab.set_viewport_size({"width": 718, "height": 1000})  # A4 at 96 dots an inch, less its margins
        cut = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)"
        assert tab.evaluate(f"{cut}.map(e => e.textContent.slice(0, 60).trim())") == []


def test_the_first_screen_holds_the_slider_and_the_choice(browser, results, language):
    with opened(browser, results, language, width=1200) as tab:
        ends = tab.evaluate("""['h1', '.subtitle', '.player .controls', '.today'].map(
            query => document.querySelector(query).getBoundingClientRect().bottom)""")
        assert max(ends) < 900 and ends[0] < ends[1] < ends[2]


def test_a_link_to_a_closed_box_opens_it(browser, results, language):
    with opened(browser, results, language) as tab:
        for name in ("methods", "ref-mackay-1992", "term-dof"):
            place = tab.locator(f"#{name}")
            tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")
            tab.evaluate(f"location.hash = '{name}'")
            tab.wait_for_timeout(100)
            assert place.evaluate("e => (e.closest('details') ?? e).open"), name
            assert -5 <= place.evaluate("e => e.getBoundingClientRect().top") < 900


# --- the slider ------------------------------------------------------------------------------------

LIT = """player => [...new Set([...player.querySelectorAll('svg .on')].map(part => part.dataset.at))]"""


def stops_of(player):
    return player.locator(".moments li").evaluate_all("items => items.map(item => item.dataset.at)")


@contextmanager
def playing(browser, results, language, **options):
    """A tab, the first player on it and its slider."""
    with opened(browser, results, language, **options) as tab:
        player = tab.locator(".player").first
        yield tab, player, player.locator("input[type=range]")


def test_arrow_keys_light_another_weight_decay_and_say_so(browser, results, language):
    with playing(browser, results, language) as (tab, player, slider):
        stops = stops_of(player)
        slider.focus()
        tab.keyboard.press("Home")
        seen = []
        for label in stops:
            assert player.evaluate(LIT) == [label]
            text = player.locator(".moment").inner_text()
            assert f"λ = {label}" in text.replace("\xa0", " ")
            assert slider.get_attribute("aria-valuetext") == re.sub(r"\s+", " ", text).strip()
            place = player.locator("svg .mark.on path").first.evaluate("path => path.getBoundingClientRect().x")
            seen.append((text, place))
            tab.keyboard.press("ArrowRight")
        assert len(set(seen)) == len(stops) > 1
        assert [x for _, x in seen] == sorted(x for _, x in seen)
        assert tab.messages == []


def test_ghosts_are_seen_and_marks_of_other_weight_decays_are_not(browser, results, language):
    with playing(browser, results, language) as (_, player, slider):
        slider.press("Home")
        look = player.evaluate("""player => [...player.querySelectorAll('svg [data-at]')].map(part => {
            const style = getComputedStyle(part);
            return [part.classList.contains('mark'), part.classList.contains('on'), +style.opacity, style.visibility];
        })""")
        assert {(on, opacity) for mark, on, opacity, _ in look if not mark} == {(True, 1), (False, 0.16)}
        assert {(on, seen) for mark, on, _, seen in look if mark} == {(True, "visible"), (False, "hidden")}


def test_the_answer_is_hidden_until_it_is_revealed(browser, results, language):
    with playing(browser, results, language) as (_, player, slider):
        button, moment, prompt = (player.locator(q) for q in ("input[type=button]", ".moment", ".prompt"))
        names = [button.input_value()]
        assert moment.is_visible() and not prompt.is_visible()
        button.click()
        names.append(button.input_value())
        assert not moment.is_visible() and prompt.is_visible()
        assert not player.locator("svg .veil").first.is_visible()
        for query in ("figcaption", ".moments"):
            assert not player.locator(query).first.is_visible(), query
        assert re.fullmatch(r"λ = [\d.]+", player.locator(".controls output").inner_text().strip())
        guess = slider.input_value()
        assert re.fullmatch(r"λ = [\d.]+", slider.get_attribute("aria-valuetext"))
        button.click()
        names.append(button.input_value())
        assert moment.is_visible() and not prompt.is_visible() and slider.input_value() == guess
        assert player.locator("svg .veil").first.is_visible()
        assert names[0] == names[2] != names[1]


def test_an_address_leads_to_a_study_and_a_weight_decay(browser, results, language):
    with playing(browser, results, language) as (tab, player, slider):
        slider.press("End")
        last = tab.locator(".player").last
        study = last.get_attribute("data-study")
        label = last.locator(".moments li").last.get_attribute("data-at")
        first = player.get_attribute("data-study")
        assert tab.evaluate("location.hash").startswith(f"#play/{first}/")
        tab.goto(f"{tab.url.partition('#')[0]}#play/{study}/{label}")
        assert last.evaluate(LIT) == [label]
        assert last.is_visible() and last.locator("svg").first.is_visible()
        assert -5 <= last.evaluate("box => box.getBoundingClientRect().top") < 900
        tab.goto(f"{tab.url.partition('#')[0]}#play/{first}/{float(stops_of(player)[-1]):.3f}")
        assert player.evaluate(LIT) == [stops_of(player)[-1]]  # 1 and 1.000 are one λ
        for odd in ("#play/nowhere/1", f"#play/{study}/7777", "#play/", "#%E0%A4%A"):
            tab.goto(tab.url.partition("#")[0] + odd)
            assert last.evaluate(LIT) == [label]
        assert tab.messages == []


def test_the_policy_keeps_foreign_scripts_out(browser, results, language):
    with opened(browser, results, language) as tab:
        tab.evaluate("""() => {
            const script = document.createElement('script');
            script.textContent = 'window.foreign = true';
            document.body.append(script);
            const button = document.createElement('button');
            button.setAttribute('onclick', 'window.foreign = true');
            document.body.append(button);
            button.click();
        }""")
        tab.wait_for_timeout(300)
        assert tab.evaluate("window.foreign") is None
        assert any("Content Security Policy" in message for message in tab.messages)


def test_without_javascript_the_player_is_complete(browser, results, language):
    with playing(browser, results, language, java_script_enabled=False) as (_, player, slider):
        assert not slider.is_visible() and player.locator("svg").first.is_visible()
        assert player.locator(".moment").is_visible()
        player.locator(".moments summary").click()
        assert player.locator(".moments li").first.is_visible()


SHOTS = {"desktop": {}, "dark": {"scheme": "dark"}, "phone": {"width": 360, "height": 740}}


@pytest.mark.parametrize("shot", SHOTS)
def test_photographs_for_a_person_to_look_at(browser, results, language, shot):
    folder = Path(__file__).parents[2] / "screenshots"
    folder.mkdir(exist_ok=True)
    with opened(browser, results, language, **SHOTS[shot]) as tab:
        path = folder / f"{shot}-{language}.png"
        tab.screenshot(path=path, full_page=True)
        assert path.stat().st_size > 50_000

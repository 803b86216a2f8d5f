"""Write the page in one language: a pure function of the results' files and the templates."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from decaybench.analysis import findings
from decaybench.analysis.studies import study_views
from decaybench.cells.tables import replacing
from decaybench.config import Config
from decaybench.figures import style
from decaybench.report import libraries
from decaybench.report.catalogue import LANGUAGE_NAMES, LANGUAGE_TAGS, gettext_of
from decaybench.report.cost import machine_figures, step_views
from decaybench.report.figures import Figures
from decaybench.report.methods import Methods
from decaybench.report.numbers import Numbers
from decaybench.report.page import Page, remedies
from decaybench.report.references import WORKS, reference
from decaybench.report.sections import BOXES, SECTIONS
from decaybench.report.verdicts import claim_views

UNSPACED = ("zh",)  # languages whose sentences follow each other without a space
BETWEEN_SENTENCES = re.compile(r"(?<=[。！？；：，）]) +")


class WordingError(ValueError):
    """A template has no wording for an outcome."""


def render(config: Config, language: str, results: Path, output: Path) -> None:
    """Render `results` to `output`, whole or not at all.

    Reads facts.json, timings.json, manifest.json, claims.json where it exists, and <study>/figures/*.svg.
    A file progress.json, with the cells of each study that are there and asked for, marks the page as unfinished.
    """
    text = page_text(config, language, results)
    with replacing(output) as beside:
        beside.write_text(text, encoding="utf-8")


def page_text(config: Config, language: str, results: Path) -> str:
    """The page as HTML."""
    facts = _read(results / "facts.json", {})
    studies = study_views(config, facts)
    timings = _read(results / "timings.json", {})
    claims = claim_views(_read(results / "claims.json", []), facts)
    page = Page(studies, claims, step_views(timings), _read(results / "progress.json", {}))
    environment = make_environment(language)
    gettext = gettext_of(language)
    numbers = Numbers(facts, studies, language, gettext)
    environment.globals.update(numbers.helpers())
    environment.globals.update(
        page=page,
        figures=Figures(results, studies, language, gettext),
        facts=facts,
        config=config,
        machine_figure=machine_figures(timings, gettext),
        methods=Methods(studies, _read(results / "manifest.json", {}), timings),
        sections=[section for section in SECTIONS if section.applies(page)],
        boxes=[box for box in BOXES if box.applies(page)],
        remedies=remedies,
    )
    environment.tests["is_true"] = lambda identity: facts.get(f"identities/{identity}/holds", {}).get("value") is True
    text = environment.get_template("page.html.j2").render()
    return BETWEEN_SENTENCES.sub("", text) if language in UNSPACED else text


def make_environment(language: str) -> Environment:
    """Templates with everything that does not depend on results."""
    environment = Environment(
        loader=PackageLoader("decaybench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters["upper_first"] = lambda text: text[:1].upper() + text[1:]
    environment.filters["lower_first"] = lambda text: text[:1].lower() + text[1:]
    environment.filters["effect"] = findings.effect
    environment.filters["travels"] = findings.travels
    environment.tests["has_fact"] = lambda label, view, name: view.has(label, name)
    gettext = gettext_of(language)
    script = _static("explorer.js")
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, lambda one, many, n: gettext(one if n == 1 else many), newstyle=True
    )
    environment.globals.update(
        language=language,
        language_tag=LANGUAGE_TAGS.get(language, language),
        language_tags=LANGUAGE_TAGS,
        language_names=LANGUAGE_NAMES,
        libraries=libraries,
        reference=reference,
        works=WORKS,
        findings=findings,
        css=Markup(style_sheet()),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        unworded=unworded,
    )
    return environment


def style_sheet() -> str:
    """The page's CSS, with the palette of the figures for light and dark."""
    own = _static("page.css")
    light = " ".join(f"{colour.variable}: {colour.light};" for colour in style.PALETTE)
    dark = " ".join(f"{colour.variable}: {colour.dark};" for colour in style.PALETTE)
    in_dark = f"@media screen and (prefers-color-scheme: dark) {{ .drawing {{ {dark} }} }}"
    return f"{own}.drawing {{ {light} }}\n{in_dark}\n"


def _static(name: str) -> str:
    return (resources.files("decaybench.report") / "static" / name).read_text(encoding="utf-8")


def unworded(outcome: str) -> str:
    """What a template calls where it has no wording for an outcome."""
    raise WordingError(f"no wording for outcome {outcome!r}")


def _read(path: Path, missing: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else missing

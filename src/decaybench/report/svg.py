"""Figures for the page: the pipeline's SVG files with the page's words, safe to inline many times over."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

from markupsafe import Markup

from decaybench.figures import labels
from decaybench.figures.style import id_prefix

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
FORBIDDEN = {"script", "foreignObject", "iframe", "a", "animate", "set", "style"}
FALLBACK = re.compile(r"var\((--[a-z-]+), #[0-9A-Fa-f]{6}\)")  # the page defines what a lone file may lack, as ink
STYLE = re.compile(r' style="[^"]*"')
BETWEEN = re.compile(r">\s+<")
LOCAL_URL = re.compile(r"url\(['\"]?#([^)'\"]+)['\"]?\)")

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)


class FigureError(ValueError):
    """A figure that must not be inlined; the message names the file."""


def inline(
    text: str, origin: object, prefix: str, title: str, description: str, gettext: Callable[[str], str]
) -> Markup:
    """One SVG as markup: ids under `prefix`, texts through `gettext`, with a title and a description.

    Raises FigureError, which names `origin`, when the figure could run code or fetch something.
    """
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise FigureError(f"{origin}: not a readable SVG ({error})") from None
    if root.tag != f"{{{SVG}}}svg":
        raise FigureError(f"{origin}: not an SVG")
    for parent in root.iter():
        for child in [c for c in parent if c.tag in (f"{{{SVG}}}title", f"{{{SVG}}}desc", f"{{{SVG}}}metadata")]:
            parent.remove(child)
    for element in root.iter():
        _check(element, origin)
        _prefix(element, prefix)
        if element.tag in (f"{{{SVG}}}text", f"{{{SVG}}}tspan") and element.text and element.text.strip():
            element.text = _translated(element.text.strip(), gettext)
    _describe(root, prefix, title, description)
    markup = STYLE.sub(_terse, ElementTree.tostring(root, encoding="unicode"))
    return Markup(BETWEEN.sub("><", markup).replace(" />", "/>"))


def _terse(style: re.Match[str]) -> str:
    text = FALLBACK.sub(r"var(\1)", style[0]).replace("; ", ";").replace(": ", ":")
    return text.replace("text-anchor:start;", "").replace(";fill:var(--ink)", "") if "font-size" in text else text


def _translated(text: str, gettext: Callable[[str], str]) -> str:
    entry = labels.parse(text)
    return gettext(entry[0]).format(**entry[1]) if entry else text


def _check(element: ElementTree.Element, origin: object) -> None:
    name = element.tag.rpartition("}")[2]
    if name in FORBIDDEN:
        raise FigureError(f"{origin}: <{name}> has no place in a figure")
    for key, value in element.attrib.items():
        local = key.rpartition("}")[2]
        if local.lower().startswith("on"):
            raise FigureError(f"{origin}: attribute {local} could run code")
        if local == "href" and not value.startswith(("#", "data:image/png;base64,")):
            raise FigureError(f"{origin}: {value[:60]} is not part of the file")
        if re.search(r"url\((?!['\"]?#)", value):
            raise FigureError(f"{origin}: attribute {local} points outside of the file")


def _prefix(element: ElementTree.Element, prefix: str) -> None:
    for key, value in list(element.attrib.items()):
        local = key.rpartition("}")[2]
        if local == "id":
            element.set(key, _under(prefix, value))
        elif local == "href" and value.startswith("#"):
            del element.attrib[key]  # a page needs no xlink
            element.set("href", "#" + _under(prefix, value[1:]))
        elif "url(" in value:
            element.set(key, LOCAL_URL.sub(lambda found: f"url(#{_under(prefix, found[1])})", value))


def _under(prefix: str, name: str) -> str:
    own = (f"{prefix}-", f"{id_prefix(prefix)}-")
    return name if name == prefix or name.startswith(own) else f"{prefix}-{name}"


def _describe(root: ElementTree.Element, prefix: str, title: str, description: str) -> None:
    for key in ("width", "height", "aria-label", "aria-describedby"):
        root.attrib.pop(key, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}-title {prefix}-desc")
    for position, (name, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{SVG}}}{name}", {"id": f"{prefix}-{name}"})
        element.text = text
        root.insert(position, element)

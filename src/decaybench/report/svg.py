"""Figures for the page: the pipeline's SVG files with the page's words, checked to be drawings and nothing else."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from types import MappingProxyType

from markupsafe import Markup

from decaybench.figures import labels

SVG = "http://www.w3.org/2000/svg"
FALLBACK = re.compile(r"var\((--[a-z-]+), #[0-9A-Fa-f]{6}\)")  # the page defines what a lone file may lack
FORBIDDEN = {"script", "foreignObject", "iframe", "a", "animate", "set", "style"}

ElementTree.register_namespace("", SVG)


class FigureError(ValueError):
    """A figure that must not be inlined; the message names the file."""


def inline(
    text: str, origin: object, title: str, description: str, gettext: Callable[[str], str],
    called: Mapping[str, str] = MappingProxyType({}),
) -> Markup:  # fmt: skip
    """One SVG as markup: texts through `gettext`, with a title and a description.

    called: what the page calls things whose names a config gives.

    Raises FigureError, which names `origin`, when the figure could run code or fetch something.
    """
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise FigureError(f"{origin}: not a readable SVG ({error})") from None
    if root.tag != f"{{{SVG}}}svg":
        raise FigureError(f"{origin}: not an SVG")
    for element in root.iter():
        _check(element, origin)
        if element.tag == f"{{{SVG}}}text" and element.text and element.text.strip():
            element.text = _translated(element.text.strip(), gettext, called)
    _describe(root, title, description)
    return Markup(FALLBACK.sub(r"var(\1)", ElementTree.tostring(root, encoding="unicode")))


def _translated(text: str, gettext: Callable[[str], str], called: Mapping[str, str]) -> str:
    entry = labels.parse(text)
    return gettext(entry[0]).format(**entry[1]) if entry else called.get(text, text)


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


def _describe(root: ElementTree.Element, title: str, description: str) -> None:
    prefix = root.get("id", "figure")
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}-title {prefix}-desc")
    for position, (name, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{SVG}}}{name}", {"id": f"{prefix}-{name}"})
        element.text = text
        root.insert(position, element)

"""From matplotlib's SVG to one that lives inside a page: its own ids, the page's colours, no style sheet."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

from matplotlib.figure import Figure
from PIL import Image

from decaybench.figures.style import PALETTE, RASTER_DPI, id_prefix

RC = {"svg.fonttype": "none", "svg.hashsalt": "decaybench"}  # text stays text; ids do not change from run to run
FONT = "var(--figure-font, 'DejaVu Sans', Arial, sans-serif)"
SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"

ROLES = ("ghost", "ghost veil", "mark")
VEIL = "veil"  # the gid of a panel that the reader may hide while guessing

_DROPPED = {f"{SVG}metadata", f"{SVG}style", f"{SVG}title"}
_GEOMETRY = ("d", "x", "y", "transform", "width", "height")
_UNTURNED = re.compile(r"rotate\(-?0 [^)]*\)")
_PNG = "data:image/png;base64,"
_RASTER_COLOURS = 8  # dots are one or two colours at a few opacities
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_FONT = re.compile(r"font: ([\d.]+)px [^;]*|font-family: [^;]*;? ?")
_LOCAL = re.compile(r"url\(#([^)]+)\)")
_COLOURS = {colour.light.lower(): f"var({colour.variable}, {colour.light})" for colour in PALETTE}
_COLOUR = re.compile("|".join(_COLOURS), re.IGNORECASE)

ElementTree.register_namespace("", SVG.strip("{}"))


def moving(role: str, label: str, on: bool) -> str:
    """The gid of an artist that belongs to one λ: a `ghost` is faint unless it is on, a `mark` is not seen.

    On the page it becomes the attribute data-at with the label of λ, and classes that the style sheet knows;
    what is a `veil`, too, the reader may hide while guessing.
    """
    return f"{role}:{label}:{'on' if on else 'off'}"


def settle(figure: Figure) -> None:
    """Make artists of other λ than the chosen one faint or invisible, for files in which nothing moves."""
    for artist in figure.findobj():
        role, _, state = (artist.get_gid() or "").partition(":")
        if role in ROLES and not state.endswith(":on"):
            artist.set_alpha(0.2)
            artist.set_visible(role != "mark")


def to_svg(figure: Figure, prefix: str) -> str:
    """The figure as inline SVG, equal bytes for equal figures; `prefix` is its id, and all ids inside come of it."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", dpi=RASTER_DPI, transparent=True, metadata={"Date": None, "Creator": None})
    return inlined(buffer.getvalue(), prefix)


def inlined(text: str, prefix: str) -> str:
    """The post-processing alone: one pass over the elements."""
    root = ElementTree.fromstring(text)
    for parent in root.iter():
        parent.text, parent.tail = (part if part and part.strip() else None for part in (parent.text, parent.tail))
        for child in [child for child in parent if child.tag in _DROPPED]:
            parent.remove(child)
    ids: dict[str, str] = {}
    for element in root.iter():
        _restyle(element)
        _refer(element, ids, id_prefix(prefix))
    for element in root.iter():
        name = element.attrib.pop("id", None)
        if name in ids:
            element.set("id", ids[name])
        elif name is not None:
            _set_state(element, name)
    _flatten(root)
    box = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib.update({"viewBox": box, "id": prefix, "style": f"font-family: {FONT}"})
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _restyle(element: ElementTree.Element) -> None:
    """The page's font and colours; coordinates to a tenth of a point, which is below what the eye sees."""
    if style := element.get("style"):
        style = _FONT.sub(lambda found: f"font-size: {found[1]}px" if found[1] else "", style)
        element.set("style", _COLOUR.sub(lambda found: _COLOURS[found[0].lower()], style))
    for name in _GEOMETRY:
        if (value := element.get(name)) is not None:
            rounded = _LONG_NUMBER.sub(lambda found: f"{round(float(found[0]), 1) + 0.0:g}", value)
            element.set(name, " ".join(_UNTURNED.sub("", rounded).split()))
    if element.get("transform") == "":
        del element.attrib["transform"]


def _refer(element: ElementTree.Element, ids: dict[str, str], short: str) -> None:
    """References to other elements by ids that no other figure has; `ids` learns what is referred to."""

    def own(name: str) -> str:
        return ids.setdefault(name, f"{short}-{len(ids) + 1}")

    target = element.attrib.pop(f"{XLINK}href", None)
    if target is not None:
        element.set("href", f"#{own(target[1:])}" if target.startswith("#") else _fewer_colours(target))
    for key, value in element.attrib.items():
        if "url(#" in value:
            element.set(key, _LOCAL.sub(lambda found: f"url(#{own(found[1])})", value))


def _fewer_colours(raster: str) -> str:
    """The same PNG with few colours: a fifth of the bytes, and no difference to the eye."""
    image = Image.open(io.BytesIO(base64.b64decode(raster.removeprefix(_PNG)))).convert("RGBA")
    buffer = io.BytesIO()
    image.quantize(_RASTER_COLOURS, method=Image.Quantize.FASTOCTREE).save(buffer, format="png", optimize=True)
    return _PNG + base64.b64encode(buffer.getvalue()).decode()


def _flatten(parent: ElementTree.Element) -> None:
    """Put the children of groups that say nothing in the groups' place."""
    kept: list[ElementTree.Element] = []
    for child in parent:
        _flatten(child)
        kept += [*child] if child.tag == f"{SVG}g" and not child.attrib else [child]
    parent[:] = kept


def _set_state(element: ElementTree.Element, gid: str) -> None:
    """What a gid of `moving` means on a page; without the style sheet it looks the same."""
    role, _, rest = gid.partition(":")
    if gid == VEIL:
        element.set("class", VEIL)
    elif role in ROLES and rest:
        label, _, state = rest.rpartition(":")
        element.set("data-at", label)
        element.set("class", f"{role} on" if state == "on" else role)
        if state != "on":
            element.set(*(("visibility", "hidden") if role == "mark" else ("opacity", "0.2")))

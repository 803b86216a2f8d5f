"""From matplotlib's SVG to one that lives inside a page: its own ids, the page's colours, no style sheet."""

from __future__ import annotations

import base64
import io
import re

from matplotlib.figure import Figure
from PIL import Image

from decaybench.figures.style import PALETTE, RASTER_DPI, id_prefix

RC = {"svg.fonttype": "none", "svg.hashsalt": "decaybench"}  # text stays text; ids do not change from run to run
FONT = "var(--figure-font, 'DejaVu Sans', Arial, sans-serif)"

_DROPPED = [
    re.compile(pattern, re.DOTALL)
    for pattern in (r"<\?xml.*?\?>\s*", r"<!DOCTYPE.*?>\s*", r"<metadata>.*?</metadata>\s*", r"<!--.*?-->\s*",
                    r"<defs>\s*<style.*?</style>\s*</defs>\s*", r"<style.*?</style>\s*")
]  # fmt: skip
_ID = re.compile(r' id="([^"]*)"')
_MOVING = re.compile(r' id="(ghost|ghost veil|mark):([^":]*):(on|off)"')
_NEXT_OF_SAME = re.compile(r"(<g (data-at=[^>]*)>(?:(?!</?g\b).)*)</g>\s*<g \2>", re.DOTALL)
_UNTURNED = re.compile(r' transform="rotate\(-?0 [^"]*"')
_DEFINED = re.compile(r'<path id="([^"]*)" d="([^"]*)" style="([^"]*)"/>')
_FILL = re.compile(r"^fill: [^;]*; ")
_GROUP = re.compile(r"<g>|<g [^>]*>|</g>")
_INVISIBLE = re.compile(r'<path d="[^"]*" style="fill: none"/>')
_USE = re.compile(r'(<use xlink:href="#([^"]*)"[^>]*?) style="([^"]*)"/>')
_SAME_STYLE = re.compile(r'<g( [^>]*)?>((?:\s*<use [^>]*?style="[^"]*"/>){2,})\s*</g>')
_STYLE = re.compile(r' style="([^"]*)"')
_REFERENCE = re.compile(r'url\(#([^)]+)\)|href="#([^"]+)"')
_ROOT = re.compile(r"<svg [^>]*>")
_VIEW_BOX = re.compile(r'viewBox="([^"]*)"')
_NUMBERS = re.compile(r'( (?:d|x|y|transform|width|height)=")([^"]*)(")')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_LINES = re.compile(r' d="([MLz\d.\s-]+)"')
_FONT = re.compile(r"font: ([\d.]+)px [^;\"]*|font-family: [^;\"]*; ")
_RASTER = re.compile(r'href="data:image/png;base64,\s*([^"]*)"')
_RASTER_COLOURS = 8  # dots are one or two colours at a few opacities
_COLOURS = {colour.light.lower(): f"var({colour.variable}, {colour.light})" for colour in PALETTE}
_COLOUR = re.compile("|".join(_COLOURS), re.IGNORECASE)


ROLES = ("ghost", "ghost veil", "mark")
VEIL = "veil"  # the gid of a panel that the reader may hide while guessing


def moving(role: str, label: str, on: bool) -> str:
    """The gid of an artist that belongs to one λ: a `ghost` is faint unless it is on, a `mark` is not seen.

    On the page it becomes the attribute data-at with the label of λ, and classes that the style sheet knows;
    what is a `veil`, too, the reader may hide while guessing.
    """
    return f"{role}:{label}:{'on' if on else 'off'}"


def settle(figure: Figure) -> None:
    """Give what moves on a page the look of its state, for files that nothing moves."""
    for artist in figure.findobj():
        role, _, state = (artist.get_gid() or "").partition(":")
        if role in ROLES and not state.endswith(":on"):
            artist.set_alpha(0.2)
            artist.set_visible(role != "mark")


def _with_state(found: re.Match[str]) -> str:
    role, label, state = found.groups()
    hidden = ' visibility="hidden"' if role == "mark" else ' opacity="0.2"'  # for readers without the style sheet
    return f' data-at="{label}" class="{role}{" on" if state == "on" else ""}"{"" if state == "on" else hidden}'


def to_svg(figure: Figure, prefix: str) -> str:
    """The figure as inline SVG, equal bytes for equal figures; `prefix` is its id, and all ids inside come of it."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", dpi=RASTER_DPI, transparent=True, metadata={"Date": None, "Creator": None})
    return inlined(buffer.getvalue(), prefix)


def inlined(text: str, prefix: str) -> str:
    """The post-processing alone."""
    for pattern in _DROPPED:
        text = pattern.sub("", text)
    text = _UNTURNED.sub("", text)
    text = _MOVING.sub(_with_state, text).replace(f' id="{VEIL}"', ' class="veil"')
    text = _SAME_STYLE.sub(_hoisted, text)
    text = _without_repeated_styles(text)
    text = _with_own_ids(text, prefix)
    text = _joined(_flat(_INVISIBLE.sub("", text)))
    found = _VIEW_BOX.search(text)
    box = found[1] if found else ""
    root = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}" id="{prefix}" style="font-family: {FONT}">'
    )
    text = _ROOT.sub(lambda _: root, text, count=1)
    text = _NUMBERS.sub(lambda m: m[1] + " ".join(_LONG_NUMBER.sub(_short, m[2]).split()) + m[3], text)
    text = _LINES.sub(lambda m: f' d="{_relative(m[1])}"', text)
    text = _FONT.sub(lambda m: f"font-size: {m[1]}px" if m[1] else "", text)
    text = _COLOUR.sub(lambda m: _COLOURS[m[0].lower()], text)
    text = _RASTER.sub(_smaller, text)
    return re.sub(r"\n\s*", "\n", text).strip() + "\n"


def _with_own_ids(text: str, prefix: str) -> str:
    """Ids that are referred to get a short form of the prefix and a number; the others go."""
    short = id_prefix(prefix)
    own: dict[str, str] = {}
    for pair in _REFERENCE.findall(text):
        own.setdefault(pair[0] or pair[1], f"{short}-{len(own) + 1}")
    text = _ID.sub(lambda m: f' id="{own[m[1]]}"' if m[1] in own else "", text)
    return _REFERENCE.sub(lambda m: f"url(#{own[m[1]]})" if m[1] else f'href="#{own[m[2]]}"', text)


def _without_repeated_styles(text: str) -> str:
    """A mark whose style is already that of its definition needs none of its own."""
    defined = {name: (style, "z" not in d) for name, d, style in _DEFINED.findall(text)}

    def shorter(use: re.Match[str]) -> str:
        style, is_line = defined.get(use[2], (None, False))
        own = _FILL.sub("", use[3]) if is_line else use[3]  # a tick has no inside to fill
        return f"{use[1]}/>" if own == style else use[0]

    return _USE.sub(shorter, text)


def _flat(text: str) -> str:
    """Without groups that say nothing."""
    kept: list[bool] = []

    def tag(match: re.Match[str]) -> str:
        if match[0] == "</g>":
            return match[0] if kept.pop() else ""
        kept.append(match[0] != "<g>")
        return match[0] if kept[-1] else ""

    return _GROUP.sub(tag, text)


def _joined(text: str) -> str:
    """Neighbouring groups of one λ and role as one."""
    joined = _NEXT_OF_SAME.sub(r"\1", text)
    return text if joined == text else _joined(joined)


def _hoisted(group: re.Match[str]) -> str:
    """Marks of one style: the style once, on their group."""
    styles = set(_STYLE.findall(group[2]))
    if len(styles) > 1:
        return group[0]
    return f'<g{group[1] or ""} style="{styles.pop()}">{_STYLE.sub("", group[2])}</g>'


def _short(number: re.Match[str]) -> str:
    """A tenth of a point, a fifth of a pixel at the width of the page, is below what the eye sees."""
    return f"{round(float(number[0]), 1) + 0.0:g}"


def _relative(path: str) -> str:
    """The same straight lines from each point to the next: half the characters, and never a tenth off."""
    parts: list[str] = []
    at = (0, 0)
    tokens = path.split()
    place = 0
    while place < len(tokens):
        command = tokens[place]
        if command == "z":
            parts.append("z")
            place += 1
            continue
        x, y = (round(10 * float(number)) for number in tokens[place + 1 : place + 3])
        step, at = (x - at[0], y - at[1]), (x, y)
        place += 3
        if command == "M":
            parts.append(f"M{_tenths(x)} {_tenths(y)}")
        elif step[1] == 0:
            parts += [f"h{_tenths(step[0])}"] if step[0] else []
        elif step[0] == 0:
            parts.append(f"v{_tenths(step[1])}")
        else:
            parts.append(f"l{_tenths(step[0])} {_tenths(step[1])}".replace(" -", "-"))
    if parts and not any(part[0] in "lhv" for part in parts):
        parts.append("h0")  # a line of no length still has its cap
    return "".join(parts)


def _tenths(number: int) -> str:
    return re.sub(r"^(-?)0\.", r"\1.", f"{number / 10:.1f}".removesuffix(".0"))


def _smaller(raster: re.Match[str]) -> str:
    """The same PNG with few colours: a fifth of the bytes, and no difference to the eye."""
    image = Image.open(io.BytesIO(base64.b64decode(raster[1]))).convert("RGBA")
    buffer = io.BytesIO()
    image.quantize(_RASTER_COLOURS, method=Image.Quantize.FASTOCTREE).save(buffer, format="png", optimize=True)
    return f'href="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"'

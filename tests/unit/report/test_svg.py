"""Figures on the page: only drawings, their own ids, the page's words."""

from __future__ import annotations

import pytest
from pages import stand_in

from decaybench.report.catalogue import gettext_of
from decaybench.report.svg import FigureError, inline

FIGURE = stand_in("study-figure")


def drawn(tmp_path, text, language="zh"):
    path = tmp_path / "figure.svg"
    path.write_text(text, encoding="utf-8")
    return inline(path.read_text(encoding="utf-8"), path, "T < 1", "D & d", gettext_of(language))


def test_title_and_description_are_the_pages(tmp_path):
    text = drawn(tmp_path, FIGURE)
    assert '<title id="study-figure-title">T &lt; 1</title>' in text
    assert '<desc id="study-figure-desc">D &amp; d</desc>' in text
    assert text.count("<title") == text.count("<desc") == 1


def test_texts_are_translated_and_names_are_not(tmp_path):
    text = drawn(tmp_path, FIGURE)
    assert "训练轮次" in text and "重复：24 次" in text and "zero-init" in text
    assert "epoch" in drawn(tmp_path, FIGURE, "en")


@pytest.mark.parametrize(
    "inside",
    [
        "<script>1</script>",
        '<g onload="x()"/>',
        '<image href="https://example.org/a.png"/>',
        '<image href="data:image/svg+xml;base64,AAAA"/>',
        '<a href="#x"/>',
        '<g style="fill: url(https://example.org/a)"/>',
        "<foreignObject/>",
        "<style>*{color:red}</style>",
    ],
)
def test_what_is_no_drawing_is_refused(tmp_path, inside):
    with pytest.raises(FigureError, match=r"figure\.svg"):
        drawn(tmp_path, f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>')


def test_a_pixel_layer_is_allowed(tmp_path):
    inside = '<image href="data:image/png;base64,iVBORw0KGgo="/>'
    assert "iVBORw0KGgo=" in drawn(tmp_path, f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>')


def test_a_broken_file_is_named(tmp_path):
    with pytest.raises(FigureError, match=r"figure\.svg: not a readable SVG"):
        drawn(tmp_path, "<svg")

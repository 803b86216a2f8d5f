"""Labels, captions and figure texts in the page's language: Babel catalogues, compiled in memory."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

LOCALE = resources.files("decaybench.report") / "locale"
LANGUAGE_TAGS = {"en": "en", "zh": "zh-CN"}  # where the tag says more than the language
LANGUAGE_NAMES = {"en": "English", "zh": "中文"}


def N_(text: str) -> str:
    """Mark a text that is translated later, where it is shown."""
    return text


# Texts that other packages write into facts and that the page shows; each has an entry in every catalogue.
SHOWN = (
    N_("one seed has no spread"),
    N_("not finite"),
    N_("no pair of cells"),
    N_("squared target units"),
    N_("nats"),
    N_("times"),
    N_("share"),
    N_("rank correlation"),
    N_("relative distance"),
)


def catalogue(language: str) -> Catalog:
    """The catalogue of a language; the source language, English, has none."""
    source = LOCALE / language / "LC_MESSAGES" / "decaybench.po"
    with source.open("rb") as handle:
        return read_po(handle, locale=language)


def gettext_of(language: str) -> Callable[[str], str]:
    """The translation of a text, or the text itself where the catalogue has none."""
    if language == "en":
        return str
    texts = {message.id: message.string for message in catalogue(language) if message.id and message.string}

    def gettext(text: str) -> str:
        return str(texts.get(text, text))

    return gettext

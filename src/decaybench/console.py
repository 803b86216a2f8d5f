"""What this process says, in whatever encoding its terminal or log has."""

from __future__ import annotations

import io
import sys


def never_fail() -> None:
    """Let stdout and stderr write a letter that their encoding lacks as its number, \\u03bb, not fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def spelled(text: str, encoding: str) -> str:
    """`text`, or where the encoding lacks a letter of it, the same in ASCII."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.replace("λ", "lambda").replace("–", "-")
    return text

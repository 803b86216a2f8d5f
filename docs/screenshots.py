"""Photograph the page for the README: `make screenshots`, with results in place and chromium installed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
QUIET = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SHOTS = {  # file: language, place on the page, width, height, colour scheme
    "page.png": ("en", "", 1200, 1000, "light"),
    "page-slider.png": ("en", "play/polynomial/3", 1200, 800, "light"),
    "page-dark.png": ("en", "cures", 1200, 1000, "dark"),
    "page-zh.png": ("zh", "", 1200, 1000, "light"),
    "page-phone.png": ("en", "", 390, 844, "light"),
}


def main() -> int:
    """Write the screenshots beside this file."""
    browser_path = shutil.which("chromium")
    if browser_path is None:
        print("screenshots: chromium is not installed (on Debian: apt install chromium)", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=QUIET)
        for name, (language, place, width, height, scheme) in SHOTS.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto((ROOT / "results" / f"report.{language}.html").as_uri() + f"#{place}")
            page.wait_for_timeout(300)
            page.screenshot(path=ROOT / "docs" / name)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Drives the page as a clinician does: what the browser tests and the end-to-end test on a real model share.

with launch() as page:
    page.goto(url)
    ask(page, "…"); open_citation(page); leave_feedback(page, "down", reason="outdated")
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --disable-background-networking --no-first-run --disable-component-update "
    "--disable-sync"
).split()
PATIENCE = 120_000  # ms; two cores may be busy with a model


@contextmanager
def launch(width: int = 1280, height: int = 800) -> Iterator[Any]:
    """A page of a fresh browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, ignore_default_args=["--headless"])
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(PATIENCE)
            yield page
        finally:
            browser.close()


def open_page(page: Any, url: str) -> None:
    """Load the page and wait until it shows which release answers."""
    page.goto(url)
    page.locator(".mm-release").wait_for()


def ask(page: Any, question: str) -> str:
    """Type a question, press Enter, wait for the end, and return the answer's text. Not for one that fails: it has no id."""
    before = page.locator(".mm-answer").get_attribute("data-answer")
    box = page.locator("#mm-question textarea")
    box.fill(question)
    box.press("Enter")
    # What was shown before is still there at first: an answer has an id; one that was stopped or failed has none.
    page.locator(f'.mm-answer[data-state="busy"], .mm-answer:not([data-answer="{before}"])').wait_for()
    page.locator('.mm-answer[data-state="done"]').wait_for()
    return str(page.locator(".mm-answer").inner_text())


def open_citation(page: Any, position: int = 0) -> str:
    """Click a citation and return the quote that is highlighted, once it is in view."""
    page.locator(".mm-cite").nth(position).click()
    marks = page.locator(".mm-text mark.mm-on")
    marks.first.wait_for()
    return "".join(marks.all_inner_texts())


def leave_feedback(page: Any, rating: str, reason: str = "", corrected: str = "", harm: str = "none") -> str:
    """Rate the answer that is shown and return the id under which the feedback is stored."""
    page.locator(f'#mm-rating input[value="{rating}"]').check()
    page.locator("#mm-reason textarea").fill(reason)
    page.locator("#mm-corrected textarea").fill(corrected)
    page.locator(f'#mm-harm input[value="{harm}"]').check()
    page.locator("#mm-send").click()
    thanks = page.locator(".mm-thanks")
    thanks.wait_for()
    return str(thanks.get_attribute("data-feedback"))


def choose_language(page: Any, language: str) -> None:
    """Switch the interface and wait until it has."""
    before = page.locator("h1").inner_text()
    page.locator(f'#mm-language input[value="{language}"]').check()
    page.locator("h1").filter(has_not_text=re.compile(re.escape(before))).wait_for()

"""The page while an answer is under way, when it fails, and what stays in the browser afterwards.

The product is a double that waits or breaks when a question tells it to; the API, the page and the browser are real.

make test            or: pytest tests/test_browser_waiting.py
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import page as driver
import pytest
import serving

from app.session import words
from app.ui import mount
from medmodel.client import Client
from medmodel.models.scripted import ScriptedEngine
from medmodel.serve.api import create_app
from medmodel.serve.auth import VARIABLE
from medmodel.serve.feedback import FeedbackStore
from medmodel.serve.product import Fixed
from medmodel.serve.run import running

pytestmark = pytest.mark.browser

EN = words("en")
PRIVATE = "invented-detail-93"  # stands for what a clinician should not have typed, and did


@contextmanager
def served(folder: Path, source: Any = None, seen: dict[str, Any] | None = None) -> Iterator[str]:
    store = FeedbackStore(f"sqlite:///{folder / 'feedback.db'}")
    addresses: list[str] = []
    try:
        with running(mount(create_app(serving.product(source, seen), store), lambda: addresses[0])) as url:
            addresses.append(url)
            yield url
    finally:
        store.close()


@pytest.fixture
def tab() -> Iterator[Any]:
    with driver.launch() as opened:
        yield opened


def send(tab: Any, question: str) -> None:
    """Ask, without waiting for the end."""
    box = tab.locator("#mm-question textarea")
    box.fill(question)
    box.press("Enter")


def test_a_red_flag_is_on_the_page_before_the_answer_and_stop_frees_the_server(tab: Any, tmp_path: Path) -> None:
    seen: dict[str, Any] = {}
    with served(tmp_path, seen=seen) as url:
        driver.open_page(tab, url)
        send(tab, "collapse, and wait")
        flag = tab.locator('.mm-flag[role="alert"]')
        flag.wait_for()
        assert serving.FLAG.action in flag.inner_text()
        assert tab.locator('.mm-answer[data-state="busy"]').count() == 1
        tab.locator("#mm-stop").click()
        tab.locator('.mm-answer[data-state="done"]').wait_for()
        assert EN["stopped"] in tab.locator(".mm-answer").inner_text()
        assert flag.is_visible()
        tab.locator("#mm-ask").wait_for()
        for _ in range(600):  # the server notices a moment after the page
            if seen.get("cancelled"):
                break
            tab.wait_for_timeout(100)
        assert seen.get("cancelled")


def test_a_stopped_question_can_be_followed_by_another(tab: Any, tmp_path: Path) -> None:
    with served(tmp_path) as url:
        driver.open_page(tab, url)
        send(tab, "collapse, and wait")
        tab.locator(".mm-flag").wait_for()
        tab.locator("#mm-stop").click()
        tab.locator('.mm-answer[data-state="done"]').wait_for()
        send(tab, "Which INR?")
        tab.locator(".mm-claims").filter(has_text=serving.TEXT).wait_for()
        assert tab.locator(".mm-flag").count() == 0


def test_a_failure_is_one_sentence_that_repeats_no_question_on_the_page_or_in_the_log(
    tab: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with served(tmp_path) as url:
        driver.open_page(tab, url)
        send(tab, f"break {PRIVATE}")
        failure = tab.locator('.mm-error[role="alert"]')
        failure.wait_for()
        shown = failure.inner_text()
    assert EN["error"] in shown
    assert "ValueError" in shown
    assert PRIVATE not in shown
    assert PRIVATE not in caplog.text


def test_nothing_of_a_question_or_an_answer_is_kept_in_the_browser(tab: Any, tmp_path: Path) -> None:
    """Asserts that nothing at all is kept: Gradio encrypts what it keeps, so looking for the words would prove little."""
    with served(tmp_path) as url:
        driver.open_page(tab, url)
        driver.ask(tab, f"Which INR? {PRIVATE}")
        driver.leave_feedback(tab, "up", reason=PRIVATE)
        kept = tab.evaluate("""async () => [
            Object.keys(localStorage), Object.keys(sessionStorage), await indexedDB.databases(), await caches.keys(),
            document.cookie, history.state,
        ]""")
        assert kept == [[], [], [], [], "", None]
        assert tab.url == f"{url}/"


def test_a_model_that_becomes_ready_takes_the_notice_away(tab: Any, tmp_path: Path) -> None:
    source = serving.Switch()
    with served(tmp_path, source) as url:
        driver.open_page(tab, url)
        assert "35 s of about 100 s" in tab.locator("#mm-engine").inner_text()
        source.current = ScriptedEngine()
        tab.locator("#mm-engine .mm-notice").wait_for(state="detached")


def test_the_name_given_with_a_key_goes_with_the_feedback(tab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "first-key,second-key")
    with served(tmp_path, Fixed(None)) as url:
        tab.goto(url)
        tab.locator('input[type="password"]').fill("second-key")
        tab.locator("input:not([type=password]), textarea").first.fill("dr-invented")
        tab.locator("button").first.click()
        tab.locator(".mm-release").wait_for()
        driver.ask(tab, "Which INR?")
        stored = driver.leave_feedback(tab, "up")
        with Client(url, "first-key") as client:
            assert {feedback.id: feedback.rater for feedback in client.feedbacks()} == {stored: "dr-invented"}

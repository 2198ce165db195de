"""The page in a real browser, over a small real index: what a clinician does, and what the page must never do.

make test            or: pytest tests/test_browser.py
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import page as driver
import pytest

from app.session import words
from app.ui import mount
from data_build.feedback import export, read
from medmodel.client import Client
from medmodel.rag.index import build_index
from medmodel.records import Document, Source
from medmodel.serve.api import create_app
from medmodel.serve.feedback import FeedbackStore
from medmodel.serve.product import open_product
from medmodel.serve.run import running

pytestmark = pytest.mark.browser

TARGET = "Treat to a serum urate target below 6 mg/dL with allopurinol as the first choice."
TEXTS = {
    "gout": f"# Gout\n\n## Urate-lowering therapy\n\n{TARGET} Start allopurinol at 100 mg daily or lower. "
    "Give colchicine prophylaxis for three to six months when urate-lowering therapy begins.",
    "af": "# Atrial fibrillation\n\n## Anticoagulation\n\nOffer oral anticoagulation to patients with atrial fibrillation and a "
    "CHA2DS2-VASc score of 2 or more. Prefer a direct oral anticoagulant over warfarin.",
    "pneumonia": "# Community-acquired pneumonia\n\n## Initial antibiotics\n\nGive amoxicillin to outpatients without comorbidities. "
    "<b>Add</b> a macrolide to a beta-lactam for inpatients with community-acquired pneumonia.",
}
GOUT = "Which serum urate target is used for urate-lowering therapy in gout?"
EMERGENCY = "Crushing chest pain, he has just collapsed and is sweating"
ELSEWHERE = "How do I change the timing belt of a diesel engine?"


def document(name: str, text: str) -> Document:
    source = Source(
        id=name,
        title=f"Guideline on {name}",
        organization="Synthetic College",
        year=2024,
        doi=f"10.5555/{name}",
        licence="CC0-1.0",
        tier="guideline",
        summary_by="the test",
    )
    return Document(id=f"{name}/1", text=text, source=source, domain="guideline")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    build_index([document(name, text) for name, text in TEXTS.items()], folder)
    return folder


@contextmanager
def served(index: Path, folder: Path, engine: str) -> Iterator[str]:
    """The page and the API on a free port, as `python -m app` puts them together."""
    with ExitStack() as stack:
        store = FeedbackStore(f"sqlite:///{folder / 'feedback.db'}")
        stack.callback(store.close)
        product = stack.enter_context(open_product(index=index, engine=engine))
        addresses: list[str] = []
        fake = product.engine is not None and product.engine.fake
        addresses.append(stack.enter_context(running(mount(create_app(product, store), lambda: addresses[0], fake))))
        yield addresses[0]


@pytest.fixture(scope="module")
def scripted(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(index, tmp_path_factory.mktemp("scripted"), "scripted") as url:
        yield url


@pytest.fixture(scope="module")
def quoting(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(index, tmp_path_factory.mktemp("quoting"), "none") as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with driver.launch() as page:
        yield page.context.browser


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of its own, and no request of it may leave this machine or fail in a script."""
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(driver.PATIENCE)
    hosts: set[str | None] = set()
    faults: list[str] = []
    opened.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    opened.close()
    assert hosts <= {"127.0.0.1", None}  # None: data: and blob: addresses
    assert not faults


def test_a_clinician_asks_checks_the_quote_and_leaves_feedback_that_is_kept(page: Any, scripted: str) -> None:
    driver.open_page(page, scripted)
    assert TARGET in driver.ask(page, GOUT)
    assert driver.open_citation(page) == TARGET
    assert "Guideline on gout" in page.locator(".mm-passage[open]").inner_text()
    assert page.locator('.mm-passage[open] a[href="https://doi.org/10.5555/gout"]').is_visible()
    stored = driver.leave_feedback(page, "down", reason="too old", corrected="Below 5 mg/dL.", harm="minor")
    with Client(scripted) as client:
        kept = {feedback.id: feedback for feedback in client.feedbacks()}[stored]
    assert (kept.rating, kept.reason, kept.corrected, kept.harm) == ("down", "too old", "Below 5 mg/dL.", "minor")
    assert kept.answer.question == GOUT
    assert kept.answer.claims[0].citations[0].quote == TARGET
    assert page.locator("#mm-send").is_disabled()


def test_a_quote_opens_without_asking_the_server(page: Any, scripted: str) -> None:
    driver.open_page(page, scripted)
    driver.ask(page, GOUT)
    page.context.set_offline(True)
    assert driver.open_citation(page) == TARGET
    page.context.set_offline(False)


def test_a_citation_is_reached_and_opened_from_the_keyboard(page: Any, scripted: str) -> None:
    driver.open_page(page, scripted)
    driver.ask(page, GOUT)
    page.locator(".mm-cite").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".mm-text mark.mm-on").first.inner_text() == TARGET


def test_the_fake_is_called_a_fake_and_the_release_what_it_is(page: Any, scripted: str) -> None:
    driver.open_page(page, scripted)
    assert page.locator("#mm-engine").inner_text() == words("en")["engine_fake"]
    assert "ungated" in page.locator(".mm-release").inner_text()


def test_an_emergency_is_flagged_above_the_answer_even_without_a_model(page: Any, quoting: str) -> None:
    driver.open_page(page, quoting)
    assert page.locator("#mm-engine").inner_text() == words("en")["engine_none"]
    driver.ask(page, EMERGENCY)
    flag = page.locator('.mm-flag[role="alert"]').first
    assert "Call emergency services now" in flag.inner_text()
    assert flag.bounding_box()["y"] < page.locator(".mm-answer").bounding_box()["y"]


def test_without_a_model_the_answer_is_quotes_and_says_so(page: Any, quoting: str) -> None:
    driver.open_page(page, quoting)
    driver.ask(page, GOUT)
    assert page.locator('.mm-how[data-how="extractive"]').is_visible()
    assert driver.open_citation(page) in TEXTS["gout"]


def test_a_correction_left_on_the_page_reaches_the_training_export(page: Any, quoting: str) -> None:
    driver.open_page(page, quoting)
    driver.ask(page, GOUT)
    stored = driver.leave_feedback(page, "down", reason="incomplete", corrected=TARGET)
    [example] = [example for example in export(read(quoting)).examples if example.id == f"feedback:{stored}"]
    assert GOUT in example.messages[-2].content
    assert example.messages[-1].content.endswith(TARGET)


def test_a_question_that_the_references_do_not_answer_gets_the_nearest_passages(page: Any, scripted: str) -> None:
    driver.open_page(page, scripted)
    driver.ask(page, ELSEWHERE)
    assert page.locator('.mm-how[data-how="abstained"]').is_visible()
    assert page.locator(".mm-claim").count() == 0
    assert page.locator(".mm-passage[open] .mm-text").first.is_visible()


def test_a_new_question_clears_the_old_answers_feedback(page: Any, scripted: str) -> None:
    driver.open_page(page, scripted)
    driver.ask(page, GOUT)
    driver.leave_feedback(page, "up", reason="for the first")
    driver.ask(page, "Which anticoagulant is preferred over warfarin in atrial fibrillation?")
    assert page.locator("#mm-reason textarea").input_value() == ""
    assert page.locator("#mm-rating input:checked").count() == 0
    assert page.locator(".mm-thanks").count() == 0
    assert page.locator("#mm-send").is_enabled()


def test_the_interface_turns_chinese_and_keeps_the_answer(page: Any, scripted: str) -> None:
    driver.open_page(page, scripted)
    driver.ask(page, GOUT)
    driver.choose_language(page, "zh")
    zh = words("zh")
    assert page.locator('#mm-language input[value="zh"]').is_checked()
    assert page.locator("h1").inner_text() == zh["title"]
    assert page.locator("#mm-ask").inner_text() == zh["ask"]
    assert zh["origin_fake"] in page.locator(".mm-how").inner_text()
    assert TARGET in page.locator(".mm-claims").inner_text()
    assert zh["feedback"] in page.locator("#mm-rating").inner_text()
    driver.ask(page, EMERGENCY)
    assert "急救" in page.locator(".mm-flag").first.inner_text()


def test_markup_in_a_question_or_a_reference_stays_text(page: Any, scripted: str) -> None:
    driver.open_page(page, scripted)
    page.evaluate("window.pwned = false")
    driver.ask(
        page, "<img src=x onerror='window.pwned=true'> ${window.pwned=true} antibiotics for community-acquired pneumonia"
    )
    assert page.locator(".mm-text").filter(has_text="<b>Add</b>").count() == 1
    assert page.evaluate("window.pwned") is False


def test_on_a_narrow_screen_nothing_is_cut_off_sideways(page: Any, scripted: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    driver.open_page(page, scripted)
    driver.ask(page, GOUT)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    tops = [page.locator(part).bounding_box()["y"] for part in ("#mm-left", "#mm-right", "#mm-feedback")]
    assert tops == sorted(tops)  # the evidence stands right under the answer
    assert driver.open_citation(page) == TARGET


def test_a_calculator_named_in_a_question_opens_with_what_was_read_and_asks_for_the_rest(page: Any, quoting: str) -> None:
    driver.open_page(page, quoting)
    driver.ask(page, "CHA2DS2-VASc for a 72-year-old woman with hypertension and atrial fibrillation?")
    assert "Still wanted" in page.locator('.mm-tool[data-tool="chadsvasc"]').inner_text()
    page.locator("#mm-offers button").first.click()
    page.locator("#mm-tool-run").wait_for()
    assert page.locator("#mm-in-age input").input_value() == "72"
    assert page.locator('#mm-in-is_female input:checked, #mm-in-female_sex input[value="yes"]:checked').count() == 1
    page.locator("#mm-tool-run").click()
    page.locator('.mm-tool[data-state="missing"]').wait_for()
    assert page.locator(".mm-missing").count() == 4  # named at their own fields
    page.locator("#mm-tool-no").click()
    page.locator('#mm-in-diabetes input[value="no"]:checked').wait_for()
    page.locator("#mm-tool-run").click()
    page.locator(".mm-tool-result").wait_for()
    assert page.locator(".mm-tool-result .mm-value strong").inner_text() == "3"
    assert page.locator('.mm-tool-result a[href="https://doi.org/10.1378/chest.09-1584"]').is_visible()


def test_a_calculator_is_found_by_typing_and_filled_from_the_keyboard_in_chinese_too(page: Any, quoting: str) -> None:
    driver.open_page(page, quoting)
    driver.choose_language(page, "zh")
    page.get_by_role("tab", name=words("zh")["tab_tools"]).click()
    page.locator("#mm-tool").filter(has_text=words("zh")["tools_choose"]).wait_for()
    search = page.locator("#mm-tool input")
    search.click()
    search.press_sequentially("肌酐清除率")
    page.get_by_role("option").filter(has_text="cockcroft_gault").wait_for()
    page.get_by_role("option").filter(has_text="abcd2").wait_for(state="detached")  # the list is cut down to what was typed
    search.press("Enter")
    page.locator("#mm-in-serum_creatinine").wait_for()
    for name, value in (("age", "70"), ("weight", "60"), ("serum_creatinine", "106 umol/L")):
        page.locator(f"#mm-in-{name} input").fill(value)
    page.locator('#mm-in-is_female input[value="yes"]').check()
    page.locator("#mm-in-serum_creatinine input").press("Enter")
    page.locator(".mm-tool-result").wait_for()
    assert page.locator(".mm-tool-result .mm-value strong").inner_text() == "41.4"
    assert page.locator("#mm-in-age input").get_attribute("inputmode") == "decimal"
    assert words("zh")["tools_english"] in page.locator(".mm-tool-result").inner_text()

"""The page: Gradio's components, and which function of `app.session` fills them.

It is mounted on the API's own application and asks through the SDK over the real loopback socket, as every other caller
does. Nothing is kept in the browser, Gradio's own endpoints are private, and no font or script comes from elsewhere.
When `$MEDMODEL_API_KEY` is set the page asks for a name and one of those keys; the name goes with the feedback.

    page = mount(create_app(product, store), lambda: "http://127.0.0.1:7860")
"""

from __future__ import annotations

import hmac
import logging
import os
import time
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from fastapi import FastAPI

from app import calculators, calculators_tab, session
from app.session import Language, View, Words, words
from medmodel.client import AsyncClient, Client
from medmodel.errors import MedmodelError
from medmodel.serve.auth import VARIABLE
from medmodel.serve.limits import MAX_QUESTION
from medmodel.tools.finding import MOST

HERE = Path(__file__).parent
POLL = 3.0  # seconds between looks at a model that is starting
REDRAW = 0.1  # seconds between redraws of a draft: tokens come faster than a reader sees
FONTS = ("system-ui", "Segoe UI", "Roboto", "Noto Sans", "Noto Sans CJK SC", "sans-serif")  # installed ones only
EXAMPLES = ("example_1", "example_2", "example_3")
HARMS = ("none", "minor", "serious")

log = logging.getLogger("medmodel.app")


def mount(api: FastAPI, address: Callable[[], str], fake: bool = False) -> FastAPI:
    """Put the page at `/` of the API's application. `address` is asked when a question is; `fake`: a scripted engine."""
    keys = _keys()
    mounted: FastAPI = gr.mount_gradio_app(
        api,
        build(address, fake),
        "/",
        auth=(lambda _, key: any(hmac.compare_digest(key.encode(), known.encode()) for known in keys)) if keys else None,
        footer_links=[],
        run_history=False,  # it would keep questions in the browser
        show_error=False,  # an exception's text may hold a patient's
        max_file_size=1,  # byte: the page takes no file, and Gradio's upload route would fill the disk for anyone
        enable_monitoring=False,  # left unset, its summary is open to all
        ssr_mode=False,
        theme=gr.themes.Base(primary_hue="sky", neutral_hue="slate", font=FONTS, font_mono=("ui-monospace", "monospace")),
        css_paths=HERE / "page.css",
        head=f"<script>{(HERE / 'page.js').read_text(encoding='utf-8')}</script>",
    )
    return mounted


def build(address: Callable[[], str], fake: bool = False) -> gr.Blocks:
    """The components and their wiring."""
    t = words("en")
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "queue": True}

    with gr.Blocks(analytics_enabled=False, title=t["title"]) as page:
        view = gr.State(View())
        timer = gr.Timer(POLL)
        with gr.Row(elem_id="mm-head"):
            header = gr.HTML(session.header(None, t), elem_id="mm-header")
            language = gr.Radio(
                [("English", "en"), ("中文", "zh")], value="en", label=t["language"], container=False,
                elem_id="mm-language", scale=0, min_width=190,
            )  # fmt: skip
        with gr.Tabs(selected="ask", elem_id="mm-tabs") as tabs:
            with gr.Tab(t["tab_ask"], id="ask") as ask_tab:
                engine = gr.HTML(elem_id="mm-engine")
                with gr.Row(elem_id="mm-ask-row"):
                    question = gr.Textbox(
                        label=t["question_label"], placeholder=t["question_placeholder"], lines=1, max_lines=8,
                        max_length=MAX_QUESTION, autofocus=True, elem_id="mm-question", scale=8,
                    )  # fmt: skip
                    ask = gr.Button(t["ask"], variant="primary", elem_id="mm-ask", scale=1, min_width=110)
                    stop = gr.Button(t["stop"], visible=False, elem_id="mm-stop", scale=1, min_width=110)
                with gr.Row(elem_id="mm-examples"):
                    examples = [gr.Button(t[name], size="sm", min_width=240) for name in EXAMPLES]
                banner = gr.HTML(elem_id="mm-banner")
                with gr.Row(elem_id="mm-columns"):
                    with gr.Column(scale=6, min_width=320, elem_id="mm-main"):
                        answer = gr.HTML(session.answer(View(), t), elem_id="mm-left")
                        with gr.Row(elem_id="mm-offers"):
                            offers = [gr.Button(visible=False, size="sm", min_width=200) for _ in range(MOST)]
                        with gr.Column(visible=False, elem_id="mm-feedback") as feedback:
                            rating = gr.Radio(_ratings(t), label=t["feedback"], elem_id="mm-rating")
                            reason = gr.Textbox(
                                label=t["reason"], placeholder=t["reason_placeholder"], elem_id="mm-reason", max_length=4000
                            )
                            corrected = gr.Textbox(
                                label=t["corrected"], placeholder=t["corrected_placeholder"], lines=2, elem_id="mm-corrected",
                                max_length=8000,
                            )  # fmt: skip
                            harm = gr.Radio(_harms(t), value="none", label=t["harm"], elem_id="mm-harm")
                            send = gr.Button(t["send"], elem_id="mm-send")
                            receipt = gr.HTML(elem_id="mm-receipt")
                    with gr.Column(scale=5, min_width=320, elem_id="mm-right"):
                        evidence = gr.HTML(session.evidence(View(), t))
            with gr.Tab(t["tab_tools"], id="tools") as tools_tab:
                tab = calculators_tab.draw(lambda: _client(address()), language, _told, private)

        drawn = [banner, answer, evidence]
        verdict = [rating, reason, corrected, harm, receipt]
        controls = [ask, stop, feedback, send]
        # What a change of language renames: a component, and its properties in the new words.
        named: list[tuple[Any, Callable[[Words], dict[str, Any]]]] = [
            (question, lambda w: {"label": w["question_label"], "placeholder": w["question_placeholder"]}),
            (ask, lambda w: {"value": w["ask"]}),
            (stop, lambda w: {"value": w["stop"]}),
            (rating, lambda w: {"label": w["feedback"], "choices": _ratings(w)}),
            (reason, lambda w: {"label": w["reason"], "placeholder": w["reason_placeholder"]}),
            (corrected, lambda w: {"label": w["corrected"], "placeholder": w["corrected_placeholder"]}),
            (harm, lambda w: {"label": w["harm"], "choices": _harms(w)}),
            (send, lambda w: {"value": w["send"]}),
            (ask_tab, lambda w: {"label": w["tab_ask"]}),
            (tools_tab, lambda w: {"label": w["tab_tools"]}),
            *tab.named,
        ]

        def translate(chosen: Language, seen: View) -> list[Any]:
            w = words(chosen)
            return [
                session.header(_release(address), w),
                *_look(address, fake, w),
                *_draw(seen, w, chosen),
                *(gr.update(**properties(w)) for _, properties in named),
            ]

        def offering(seen: View, chosen: Language) -> list[Any]:
            """A button for every tool beside the answer: it opens the form with what was read."""
            w = words(chosen)
            made = seen.answer.tools if seen.answer else ()
            titles = [w["tools_open"].format(title=calculators.title(offer, chosen)) for offer in made[:MOST]]
            shown = [gr.update(value=title, visible=True) for title in titles]
            return [*shown, *[gr.update(visible=False)] * (MOST - len(shown))]

        def opening(position: int) -> Callable[[View], list[Any]]:
            def open_tool(seen: View) -> list[Any]:
                assert seen.answer is not None, "a button is shown for an offer of this answer"
                offer = seen.answer.tools[position]
                return [gr.update(selected="tools"), offer.tool, offer]

            return open_tool

        def look(chosen: Language) -> list[Any]:
            return _look(address, fake, words(chosen))

        async def answering(asked: str, chosen: Language) -> AsyncIterator[list[Any]]:
            """Draws only what has changed: evidence that a reader has opened stays open while the answer is written."""
            w = words(chosen)
            if not asked.strip():
                yield [gr.skip()] * len([view, *drawn, *verdict, *controls])
                return
            before: list[Any] = [None] * len(drawn)
            cleared: list[Any] = [None, "", "", "none", ""]
            async for now in _views(address(), asked, chosen, w):
                fresh = _draw(now, w, chosen)
                ended = bool(now.answer or now.error)
                shown = [new if new != old else gr.skip() for new, old in zip(fresh, before, strict=True)]
                busy = [gr.update(visible=ended), gr.update(visible=not ended), gr.update(visible=now.answer is not None)]
                yield [now, *shown, *cleared, *busy, gr.update(interactive=True)]
                before, cleared = fresh, [gr.skip()] * len(verdict)

        def stopped(seen: View, chosen: Language) -> list[Any]:
            now = seen if seen.answer else replace(seen, stopped=True)
            return [now, *_draw(now, words(chosen), chosen), gr.update(visible=True), gr.update(visible=False)]

        def rate(
            seen: View,
            chosen: Language,
            up_or_down: Literal["up", "down"] | None,
            why: str,
            better: str,
            harmful: Literal["none", "minor", "serious"],
            request: gr.Request,
        ) -> list[Any]:
            w = words(chosen)
            if up_or_down is None or seen.answer is None:
                return [session.complaint(w["choose_rating"]), gr.skip()]
            try:
                with _client(address()) as client:
                    rater = request.username or ""
                    stored = client.feedback(seen.answer, up_or_down, why.strip(), better.strip(), harmful, rater)
            except Exception as error:
                return [session.complaint(_told(error, w)), gr.skip()]
            return [session.receipt(stored, w), gr.update(interactive=False)]

        translated = [header, engine, timer, *drawn, *(component for component, _ in named)]
        page.load(lambda: gr.update(choices=tab.choices()), None, [tab.tool], **private)  # once: they hold both languages
        page.load(translate, [language, view], translated, **private)
        language.input(translate, [language, view], translated, **private)
        language.input(None, [language], None, js="(chosen) => { document.documentElement.lang = chosen; }")
        timer.tick(look, [language], [engine, timer], **private)
        asking = gr.on(
            [ask.click, question.submit],
            answering,
            [question, language],
            [view, *drawn, *verdict, *controls],
            concurrency_limit=None,  # the API counts answers under way
            trigger_mode="once",
            **private,
        )
        asking.then(look, [language], [engine, timer], **private)
        asking.then(offering, [view, language], offers, **private)
        language.input(offering, [view, language], offers, **private)
        for position, offer_button in enumerate(offers):
            offer_button.click(opening(position), [view], [tabs, tab.tool, tab.offer], **private)
        stop.click(stopped, [view, language], [view, *drawn, ask, stop], cancels=[asking], **private)
        for button in examples:
            button.click(None, [button], [question], js="(text) => text", api_visibility="private")
        send.click(rate, [view, language, rating, reason, corrected, harm], [receipt, send], concurrency_limit=8, **private)
    page.queue(api_open=False)
    return page


async def _views(url: str, question: str, language: Language, w: Words) -> AsyncIterator[View]:
    """The view after each step of one answer; a failed call is the last view's error."""
    view = View(asked=True, question=question.strip())
    yield view
    drawn = time.monotonic()
    client = AsyncClient(url, _first_key())
    try:
        async for event in client.stream(view.question, language):
            view = session.after(view, event)
            if event.name != "delta" or time.monotonic() - drawn >= REDRAW:
                yield view
                drawn = time.monotonic()
    except Exception as error:
        yield replace(view, error=_told(error, w))
    finally:
        await client.aclose()


def _told(error: Exception, w: Words) -> str:
    """What a reader is told. An error that nobody foresaw is logged by type and place: its text may hold a patient's."""
    if isinstance(error, MedmodelError):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error("unforeseen %s at %s:%s", type(error).__name__, place.filename, place.lineno)
    return w["internal_error"].format(kind=type(error).__name__)


def _draw(view: View, w: Words, language: Language) -> list[str]:
    offers = calculators.offered(view.answer.tools, language, w) if view.answer else ""
    return [session.banner(view, w), session.answer(view, w) + offers, session.evidence(view, w)]


def _look(address: Callable[[], str], fake: bool, w: Words) -> list[Any]:
    """The notice about the engine, and whether to look again."""
    with _client(address()) as client:
        readiness = client.ready()
    return [session.engine_notice(readiness, fake, w), gr.update(active=not readiness.ready)]


def _release(address: Callable[[], str]) -> dict[str, Any] | None:
    try:
        with _client(address()) as client:
            return client.release()
    except MedmodelError:
        return None


def _client(url: str) -> Client:
    return Client(url, _first_key(), retries=1)


def _keys() -> list[str]:
    return [key.strip() for key in os.environ.get(VARIABLE, "").split(",") if key.strip()]


def _first_key() -> str | None:
    return next(iter(_keys()), None)


def _ratings(w: Words) -> Sequence[tuple[str, str]]:
    return [(w["up"], "up"), (w["down"], "down")]


def _harms(w: Words) -> Sequence[tuple[str, str]]:
    return [(w[f"harm_{harm}"], harm) for harm in HARMS]

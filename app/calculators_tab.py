"""The Calculators tab: Gradio's components, and which function of `app.calculators` fills them.

A tool is found by typing a part of its name in either language; its form is drawn for it, with a unit beside each number
that has several. Nothing is preset but what was read from the question. What is missing is named at its own field.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import gradio as gr

from app import calculators, session
from app.session import Language, Words, words
from medmodel.client import Client
from medmodel.errors import MedmodelError, ServerError
from medmodel.records import ToolMissing, ToolOffer, ToolSpec

NUMERIC = "mm-decimal"  # page.js gives these boxes the keyboard for numbers
PLAIN = gr.InputHTMLAttributes(autocorrect="off", spellcheck=False, autocomplete="off", enterkeyhint="done")


class Tab(NamedTuple):
    """What the rest of the page needs of it."""

    tool: gr.Dropdown
    offer: gr.State  # a ToolOffer to begin from, or None
    named: list[tuple[Any, Callable[[Words], dict[str, Any]]]]  # what a change of language renames
    choices: Callable[[], list[tuple[str, str]]]


def draw(
    connect: Callable[[], Client], language: gr.Radio, told: Callable[[Exception, Words], str], private: dict[str, Any]
) -> Tab:
    """Draw the tab's components where it is called. `connect` makes a client of the server behind the page."""
    t = words("en")
    offer = gr.State(None)
    hint = gr.HTML(_hint(t), elem_id="mm-tool-hint")
    tool = gr.Dropdown([], value=None, label=t["tools_choose"], filterable=True, num_choices_shown=200, elem_id="mm-tool")

    @cache  # the tools of a server do not change while it runs
    def specs() -> tuple[ToolSpec, ...]:
        with connect() as client:
            return tuple(client.tools.list())

    def choices() -> list[tuple[str, str]]:
        try:
            return calculators.tool_choices(specs())
        except MedmodelError:
            return []  # the page is loaded again once the server answers

    def form(name: str | None, chosen: Language, offered: ToolOffer | None) -> None:
        spec = next((spec for spec in specs() if spec.name == name), None) if name else None
        if spec is not None:
            _form(spec, chosen, offered, connect, told, private)

    gr.render([tool, language, offer], [tool.change, offer.change, language.change], show_progress="hidden")(form)
    named: list[tuple[Any, Callable[[Words], dict[str, Any]]]] = [
        (hint, lambda w: {"value": _hint(w)}),
        (tool, lambda w: {"label": w["tools_choose"]}),
    ]
    return Tab(tool, offer, named, choices)


def _form(
    spec: ToolSpec,
    chosen: Language,
    offered: ToolOffer | None,
    connect: Callable[[], Client],
    told: Callable[[Exception, Words], str],
    private: dict[str, Any],
) -> None:
    w = words(chosen)
    if spec.limits:
        gr.HTML(f'<p class="mm-notice">{session.text(w["tools_limits"])}: {session.text(spec.limits)}</p>')
    drawn = calculators.fields(spec, chosen, w, offered)
    boxes: list[Any] = []
    units: list[Any] = []
    with gr.Row(elem_id="mm-tool-form"):
        for field in drawn:
            with gr.Row(elem_classes="mm-field"):
                boxes.append(_box(field))
                if len(field.units) > 1:
                    unit = gr.Dropdown(
                        list(field.units), value=field.unit, label=w["unit"], filterable=False, scale=2, min_width=110
                    )
                    units.append(unit)
    with gr.Row():
        compute = gr.Button(w["tools_compute"], variant="primary", elem_id="mm-tool-run", scale=0, min_width=160)
        questions = [box for box, field in zip(boxes, drawn, strict=True) if field.kind == "yes_no"]
        rest = gr.Button(
            w["tools_no"], elem_id="mm-tool-no", visible=len(questions) >= calculators.MANY, scale=0, min_width=260
        )
    result = gr.HTML(elem_id="mm-tool-outcome")
    with_units = [field for field in drawn if len(field.units) > 1]

    def run(*values: Any) -> list[Any]:
        given = dict(zip((field.name for field in drawn), values[: len(drawn)], strict=True))
        picked = dict(zip((field.name for field in with_units), values[len(drawn) :], strict=True))
        missing: set[str] = set()
        try:
            with connect() as client:
                done = client.tools.run(spec.name, **calculators.inputs(spec, given, picked))
            if isinstance(done, ToolMissing):
                missing = {wanted.name for wanted in done.missing}
            shown = calculators.outcome(done, spec, chosen, w)
        except Exception as error:
            shown = session.complaint(str(error) if isinstance(error, ServerError) else told(error, w))
        marks = [
            gr.update(
                info=calculators.hint(wanted, w, wanted.name in missing),
                elem_classes=_classes(field, wanted.name in missing),
            )
            for wanted, field in zip(spec.inputs, drawn, strict=True)
        ]
        return [shown, *marks]

    everything: dict[str, Any] = {"inputs": [*boxes, *units], "outputs": [result, *boxes], "concurrency_limit": 8}
    typed = [box.submit for box, field in zip(boxes, drawn, strict=True) if field.kind in ("number", "integer", "text")]
    gr.on([compute.click, *typed], run, **everything, **private)
    if questions:
        rest.click(
            lambda *answers: [answer or "no" for answer in answers] if len(answers) > 1 else (answers[0] or "no"),
            questions,
            questions,
            **private,
        )
    if offered is not None and offered.tool == spec.name and offered.result is not None:
        result.value = calculators.outcome(offered.result, spec, chosen, w)


def _box(field: calculators.Field) -> Any:
    about: dict[str, Any] = {
        "label": field.label,
        "info": field.info,
        "elem_id": f"mm-in-{field.name}",
        "scale": 5,
        "min_width": 180,
    }
    about["elem_classes"] = _classes(field)
    if field.kind in ("number", "integer", "text"):
        return gr.Textbox(field.value or "", lines=1, max_lines=1, max_length=200, html_attributes=PLAIN, **about)
    return gr.Radio(list(field.choices), value=field.value, **about)


def _classes(field: calculators.Field, missing: bool = False) -> list[str]:
    numeric = [NUMERIC] if field.kind in ("number", "integer") else []
    return [*numeric, "mm-missing"] if missing else numeric


def _hint(w: Words) -> str:
    return f'<p class="mm-hint">{session.text(w["tools_intro"])}</p>'

"""What the Calculators tab shows, as pure functions: a tool becomes a list of fields, a result becomes HTML.

Everything foreign goes through `session.text`. Nothing here knows Gradio, and nothing computes: the server's tools do.

    fields(spec, language, offer)        what the form asks, with what was read from the question
    inputs(spec, values, units)          what the form holds, as Client.tools takes it
    outcome(done, spec, language, words) a result, what is missing, or why it refuses
    offered(answer.tools, language, words)   the tools beside an answer
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import quote as url_quote

from app.session import Language, Words, text
from medmodel.records import ToolChoice, ToolInput, ToolMissing, ToolOffer, ToolReading, ToolResult, ToolSource, ToolSpec
from medmodel.tools.units import pretty

MANY = 3  # yes/no questions from which on one button answers no to all that are left
YES_NO = ("yes", "no")


class Field(NamedTuple):
    """One input as the form draws it. `choices` and `units` are (label, value)."""

    name: str
    label: str
    info: str
    kind: Literal["number", "integer", "yes_no", "choice", "text"]
    choices: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, str], ...]
    unit: str
    value: str | None
    required: bool


def tool_choices(specs: Sequence[ToolSpec]) -> list[tuple[str, str]]:
    """(what is searched and shown, name): both titles, so that either language finds it."""
    rows = [(f"{spec.title}  ·  {spec.title_zh}  ·  {spec.name}", spec.name) for spec in specs]
    return sorted(rows, key=lambda row: row[0].lower())


def fields(spec: ToolSpec, language: Language, t: Words, offer: ToolOffer | None = None) -> list[Field]:
    read = {reading.name: reading for reading in offer.read} if offer and offer.tool == spec.name else {}
    drawn = []
    for wanted in spec.inputs:
        reading = read.get(wanted.name)
        chosen = reading.unit if reading and reading.unit in wanted.units else wanted.unit
        name = title(wanted, language)
        label = name if wanted.required else f"{name} ({t['optional']})"
        drawn.append(
            Field(
                name=wanted.name,
                label=label,
                info=hint(wanted, t),
                kind=wanted.kind,
                choices=_choices(wanted, language, t),
                units=tuple((pretty(unit), unit) for unit in wanted.units),
                unit=chosen,
                value=None if reading is None else _written(reading.value),
                required=wanted.required,
            )
        )
    return drawn


def hint(wanted: ToolInput, t: Words, missing: bool = False) -> str:
    """What stands under an input: its range, how it is scored, and that it is still wanted."""
    parts = [t["still_wanted"]] if missing else []
    if wanted.kind in ("number", "integer") and wanted.minimum is not None and wanted.maximum is not None:
        parts.append(f"{wanted.minimum:g}–{wanted.maximum:g} {pretty(wanted.unit)}".strip())
    if wanted.note and wanted.note.rstrip(".?") != wanted.title:
        parts.append(wanted.note)
    return " · ".join(parts)


def inputs(spec: ToolSpec, values: Mapping[str, str | None], chosen: Mapping[str, str | None]) -> dict[str, Any]:
    """What the form holds; an empty field is left out, so that the tool asks for it."""
    given: dict[str, Any] = {}
    for wanted in spec.inputs:
        value = (values.get(wanted.name) or "").strip()
        if not value:
            continue
        unit = chosen.get(wanted.name)
        has_unit = unit and value[-1].isdecimal()  # "106 umol/L" was pasted whole
        given[wanted.name] = f"{value} {unit}" if has_unit else value
    return given


def outcome(done: ToolResult | ToolMissing, spec: ToolSpec, language: Language, t: Words) -> str:
    return _result(done, spec, language, t) if isinstance(done, ToolResult) else _missing(done, language, t)


def offered(offers: Sequence[ToolOffer], language: Language, t: Words) -> str:
    """The tools that a question names: what was read, the result or what is missing. Empty when there is none."""
    if not offers:
        return ""
    cards = "".join(_offer(offer, language, t) for offer in offers)
    return f'<section class="mm-tools"><h2>{text(t["tools_offered"])}</h2>{cards}<p class="mm-hint">{text(t["tools_hint"])}</p></section>'


def title(thing: ToolSpec | ToolInput | ToolChoice | ToolOffer | ToolResult | ToolReading, language: Language) -> str:
    return (thing.title_zh or thing.title) if language == "zh" else thing.title


def _offer(offer: ToolOffer, language: Language, t: Words) -> str:
    named = f'<p class="mm-tool-title">{text(title(offer, language))}</p>'
    read = "".join(
        f'<li title="{text(reading.text)}">{text(title(reading, language) or reading.name)}: '
        f"{text(_told(reading.value, t))} {text(pretty(reading.unit))}</li>"
        for reading in offer.read
    )
    seen = f'<p class="mm-hint">{text(t["tools_read"])}</p><ul class="mm-read">{read}</ul>' if read else ""
    if offer.result is not None:
        body = (
            _value(offer.result)
            + f'<p class="mm-meaning">{text(offer.result.interpretation)}</p>'
            + _origin(offer.result.source, t)
        )
    elif offer.error:
        body = f'<p class="mm-error" role="alert">{text(offer.error)}</p>'
    else:
        names = "、".join if language == "zh" else ", ".join
        body = f'<p class="mm-notice">{text(t["tools_missing"])}: {text(names(title(wanted, language) for wanted in offer.missing))}</p>'
    return f'<div class="mm-tool" data-tool="{text(offer.tool)}">{named}{seen}{body}</div>'


def _result(done: ToolResult, spec: ToolSpec, language: Language, t: Words) -> str:
    names = {wanted.name: title(wanted, language) for wanted in spec.inputs}
    used = "".join(f"<dt>{text(names.get(name, name))}</dt><dd>{text(value)}</dd>" for name, value in done.used.items())
    notes = "".join(f"<li>{text(note)}</li>" for note in done.notes)
    said = f'<ul class="mm-notes">{notes}</ul>' if notes else ""
    english = f'<p class="mm-hint">{text(t["tools_english"])}</p>' if t["tools_english"] else ""
    return (
        f'<section class="mm-tool mm-tool-result" role="status" data-state="done"><p class="mm-tool-title">{text(title(done, language))}</p>'
        f'{_value(done)}{english}<p class="mm-meaning">{text(done.interpretation)}</p>'
        f"{said}{_origin(done.source, t)}"
        f"<details><summary>{text(t['tools_used'])}</summary><dl>{used}</dl></details></section>"
    )


def _missing(done: ToolMissing, language: Language, t: Words) -> str:
    rows = "".join(f"<li>{text(title(wanted, language))}</li>" for wanted in done.missing)
    why = f'<p class="mm-hint">{text(done.why)}</p>' if done.why else ""
    return (
        f'<section class="mm-tool" role="alert" data-state="missing"><p class="mm-notice">{text(t["tools_missing"])}</p>{why}'
        f'<ul class="mm-read">{rows}</ul></section>'
    )


def _value(done: ToolResult) -> str:
    value = f"{done.value:g}" if isinstance(done.value, float) else done.value
    return f'<p class="mm-value"><strong>{text(value)}</strong> {text(pretty(done.unit))}</p>'


def _origin(source: ToolSource, t: Words) -> str:
    link = f"https://doi.org/{url_quote(source.doi, safe='/')}" if source.doi else source.url
    said = f"doi:{source.doi}" if source.doi else t["open_source"]
    opened = (
        f'<a href="{text(link)}" target="_blank" rel="noopener noreferrer">{text(said)}</a>'
        if link.startswith("https://")
        else ""
    )
    checked = f" · {text(t['tools_checked'].format(what=source.checked))}" if source.checked else ""
    return f'<p class="mm-facts">{text(source.citation)} {opened} · {text(source.version)}{checked}</p>'


def _choices(wanted: ToolInput, language: Language, t: Words) -> tuple[tuple[str, str], ...]:
    if wanted.kind == "yes_no":
        return tuple((t[word], word) for word in YES_NO)
    return tuple((title(choice, language), choice.value) for choice in wanted.choices)


def _written(value: float | bool | str) -> str:
    if isinstance(value, bool):
        return YES_NO[0] if value else YES_NO[1]
    return f"{value:g}" if isinstance(value, float) else value


def _told(value: float | bool | str, t: Words) -> str:
    return t[_written(value)] if isinstance(value, bool) else _written(value)

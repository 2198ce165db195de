"""What the page shows, as pure functions: an event changes a View, and a View becomes HTML.

Everything that comes from a user, a passage, a model or a release goes through `text()`, the one place that escapes.
Nothing here knows Gradio, and nothing here asks anybody: `app.ui` does both.

    view = after(View(asked=True), event)         one event of Client.stream
    banner(view, words), answer(view, words), evidence(view, words)
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote as url_quote

from medmodel.client import Event, Readiness
from medmodel.prompts import publisher
from medmodel.records import (
    Answer,
    CaseNotes,
    Citation,
    Claim,
    Conflict,
    Feedback,
    GateReport,
    GateResult,
    Override,
    Passage,
    RedFlag,
    Source,
    Withheld,
)

Language = Literal["en", "zh"]
Words = Mapping[str, str]
UNREVIEWED = ("local", "forum", "patient", "none")  # tiers that a claim names when it rests on nothing better
VERDICTS = {  # of a gate: the word's key, and how it is coloured
    "pass": ("pass", "mm-good"),
    "fail": ("fail", "mm-bad"),
    "cannot tell": ("cannot_tell", "mm-warn"),
    "not gated": ("info", ""),
}


@dataclass(frozen=True)
class View:
    """One question's state on the page."""

    asked: bool = False
    question: str = ""
    stage: str = "asking"  # asking, retrieving, writing, checking
    draft: str = ""
    flags: tuple[RedFlag, ...] = ()
    passages: tuple[Passage, ...] = ()
    claims: tuple[Claim, ...] = ()
    answer: Answer | None = None
    error: str = ""
    stopped: bool = False


@cache
def words(language: Language) -> Words:
    """The interface's words in one language."""
    loaded: dict[str, str] = json.loads((Path(__file__).parent / "i18n" / f"{language}.json").read_text(encoding="utf-8"))
    return loaded


def text(value: object) -> str:
    """Escaped for HTML, and for Gradio's templates, which would read `${…}` and `{{…}}`."""
    escaped = html.escape(str(value), quote=True)
    return escaped.replace("$", "&#36;").replace("{", "&#123;").replace("}", "&#125;").replace("`", "&#96;")


def after(view: View, event: Event) -> View:
    """The view once `event` has happened."""
    match event.name:
        case "status":
            return replace(view, stage=str(event.data["stage"]))
        case "flag":
            return replace(view, flags=(*view.flags, event.data))
        case "evidence":
            return replace(view, passages=tuple(event.data["passages"]))
        case "delta":  # text after a check is a second try: it replaces the first
            again = view.stage == "checking"
            return replace(view, stage="writing", draft=("" if again else view.draft) + event.data["text"])
        case "claim":
            return replace(view, claims=(*view.claims, event.data))
        case "done":
            done: Answer = event.data
            return replace(view, answer=done, flags=done.red_flags, passages=done.passages, claims=done.claims)
    return view  # an event of a newer server


def banner(view: View, t: Words) -> str:
    """Red flags, above everything; empty when no rule fired."""
    return "".join(
        f'<div class="mm-flag mm-{flag.urgency}" role="alert"><p class="mm-flag-title">'
        f'<span class="mm-flag-kind">{text(t[flag.urgency])}</span> {text(flag.title)}</p>'
        f'<p class="mm-flag-action">{text(flag.action)}{_to_call(flag, t)}</p>'
        f'<p class="mm-flag-rule">{text(t["rule_source"].format(source=flag.source))} · {text(flag.matched)}</p></div>'
        for flag in view.flags
    )


def _to_call(flag: RedFlag, t: Words) -> str:
    """Whom to call, where the flag says so."""
    return f' <strong class="mm-flag-number">{text(t["call"].format(number=flag.number))}</strong>' if flag.number else ""


def answer(view: View, t: Words) -> str:
    """The answer, or how far it has come."""
    if not view.asked:
        body = f'<p class="mm-empty">{text(t["empty_answer"])}</p>'
    elif view.error:
        body = f'<p class="mm-error" role="alert"><strong>{text(t["error"])}:</strong> {text(view.error)}</p>'
    elif view.answer is not None:
        body = _finished(view.answer, t)
    elif view.stopped:
        body = f'<p class="mm-status" role="status">{text(t["stopped"])}</p>'
    else:
        body = _under_way(view, t)
    state = "done" if view.answer or view.error or view.stopped else "busy" if view.asked else "idle"
    identity = view.answer.id if view.answer else ""
    asked = f'<p class="mm-asked">{text(view.question)}</p>' if view.question else ""  # the box may say something else by now
    return (
        f'<section class="mm-answer" data-state="{state}" data-answer="{text(identity)}">'
        f"<h2>{text(t['answer'])}</h2>{asked}{body}</section>"
    )


def evidence(view: View, t: Words) -> str:
    """Every passage with its sentences numbered as in the answer; a citation's button opens it at the quote."""
    nearest = view.answer is not None and view.answer.status == "abstained"
    cited = _citations(view.claims)
    withheld = view.answer.withheld if view.answer else ()
    cards = []
    first = 1
    for position, passage in enumerate(view.passages):
        mine = [citation for citation in cited if citation.passage_id == passage.id]
        orders = [one for one in withheld if one.passage_id == passage.id and one.end]
        cards.append(_card(passage, first, position, mine, orders, opened=nearest, t=t))
        first += len(passage.sentences)
    hint = "" if nearest else f'<p class="mm-hint">{text(t["evidence_hint" if cards else "evidence_empty"])}</p>'
    title = text(t["nearest" if nearest else "evidence"])
    shown = {passage.id for passage in view.passages}
    left = "".join(_order(one, t) for one in withheld if one.passage_id not in shown or not one.end)
    return f'<section class="mm-evidence" aria-label="{title}"><h2>{title}</h2>{hint}{"".join(cards)}{left}</section>'


def header(release: Mapping[str, Any] | None, t: Words) -> str:
    """Title, what answers here, and what it is for."""
    badge = release_badge(release, t) if release is not None else ""
    return (
        f'<header class="mm-header"><h1>{text(t["title"])}</h1>{badge}</header><p class="mm-use">{text(t["intended_use"])}</p>'
    )


def release_badge(release: Mapping[str, Any], t: Words) -> str:
    """Name, gated or not, whose key; opens to the gate's table. `release` is what GET /v1/release says."""
    gated = bool(release["gated"])
    key = str(release["key"])
    if key == "development":
        signer = f'<span class="mm-tag mm-warn">{text(t["development_key"])}</span>'
    elif key == "none":
        signer = f'<span class="mm-tag mm-warn">{text(t["unsigned"])}</span>'
    else:
        signer = f'<span class="mm-tag">{text(t["signed_by"])} {text(key)}</span>'
    verdict = f'<span class="mm-tag {"mm-good" if gated else "mm-warn"}">{text(t["gated" if gated else "ungated"])}</span>'
    report = GateReport.model_validate(release["gate"]) if release["gate"] else None
    inside = _gate_table(report.results, t) if report else f"<p>{text(t['no_gate'])}</p>"
    overrides = [Override.model_validate(said) for said in release.get("overrides", ())]
    if overrides:
        verdict += f'<span class="mm-tag mm-bad">{text(t["overridden"])}</span>'
        inside = "".join(_override(said, t) for said in overrides) + inside
    ids = "".join(
        f"<dt>{text(t[name])}</dt><dd><code>{text(release[name])}</code></dd>"
        for name in ("fingerprint", "digest")
        if release[name]
    )
    return (
        f'<details class="mm-release"><summary><span class="mm-release-name">{text(t["release"])} {text(release["name"])}</span>'
        f'{verdict}{signer}</summary><div class="mm-release-body">{inside}<dl>{ids}</dl></div></details>'
    )


def engine_notice(readiness: Readiness, fake: bool, t: Words) -> str:
    """What a reader must know of the engine before asking; empty when the model is running."""
    if fake:
        notice = t["engine_fake"]
    elif readiness.engine == "none":
        notice = t["engine_none"]
    elif readiness.ready:
        return ""
    else:
        key = "engine_starting" if readiness.engine == "starting" else "engine_down"
        notice = t[key].format(detail=readiness.detail or readiness.engine)
    return f'<p class="mm-notice" role="status">{text(notice)}</p>'


def receipt(feedback: Feedback, t: Words) -> str:
    return (
        f'<p class="mm-thanks" role="status" data-feedback="{text(feedback.id)}">{text(t["thanks"].format(id=feedback.id))}</p>'
    )


def complaint(message: str) -> str:
    return f'<p class="mm-error" role="alert">{text(message)}</p>'


def _under_way(view: View, t: Words) -> str:
    status = f'<p class="mm-status" role="status"><span class="mm-pulse" aria-hidden="true"></span>{text(t.get("stage_" + view.stage, view.stage))}</p>'
    if view.claims:
        return status + _claims(view.claims, t)
    if not view.draft:
        return status
    return (
        f'{status}<div class="mm-draft"><span class="mm-tag mm-warn">{text(t["draft"])}</span><p>{text(view.draft)}</p></div>'
    )


def _finished(done: Answer, t: Words) -> str:
    how: str = done.origin if done.status == "answered" else done.status
    if done.fake and how in ("model", "repaired"):
        how = "fake"
    notice = f'<p class="mm-notice">{text(done.notice)}</p>' if done.notice else ""
    tone = "mm-good" if how in ("model", "repaired") else "mm-warn"
    facts = " · ".join(
        text(fact) for fact in (done.release, done.engine, t["seconds"].format(seconds=f"{done.seconds:.1f}")) if fact
    )
    return (
        f'{notice}{_claims(done.claims, t)}{_conflicts(done.conflicts, t)}{_case(done.case, done.language, t)}<p class="mm-how" data-how="{text(how)}"><span class="mm-tag {tone}">'
        f"{text(t['origin_' + how])}</span> {text(t['how_' + how])}</p>"
        f'<p class="mm-facts">{facts}</p>'
    )


def _claims(claims: Sequence[Claim], t: Words) -> str:
    if not claims:
        return ""
    return f'<ul class="mm-claims">{"".join(_claim(claim, t) for claim in claims)}</ul>'


def _conflicts(conflicts: Sequence[Conflict], t: Words) -> str:
    """Sources that differ, side by side: what each says, who says it and when. Which holds is not said."""
    if not conflicts:
        return ""
    pairs = "".join(
        f'<div class="mm-conflict"><p>{text(t["conflict_" + conflict.kind])}</p><div class="mm-sides">'
        f"{''.join(_side(said, citation, t) for said, citation in zip(conflict.differs, conflict.sides, strict=True))}</div></div>"
        for conflict in conflicts
    )
    return f'<section class="mm-conflicts"><h3>{text(t["conflicts"])}</h3>{pairs}</section>'


def _side(said: str, citation: Citation, t: Words) -> str:
    source = citation.source
    return (
        f'<blockquote class="mm-side"><p class="mm-byline"><strong>{text(_named(source))}</strong>'
        f'<span class="mm-tag">{text(t["tier_" + source.tier])}</span>{_standing(source, t)}{_withdrawn(citation, t)}</p>'
        f'<p>{text(citation.quote)} {_chip(citation, t)}</p><p class="mm-said">{text(t.get("said_" + said, said))}</p></blockquote>'
    )


def _case(case: CaseNotes | None, language: str, t: Words) -> str:
    """Under the answer to a case: what must not be missed, what is likely, and what would change the answer."""
    if case is None:
        return ""
    parts = []
    for kind in ("must_not_miss", "likely"):
        lines = [
            f"<li><strong>{text(one.name)}</strong> {''.join(_quote(citation, t) for citation in one.citations)}</li>"
            for one in case.diagnoses
            if one.kind == kind
        ]
        if lines:
            parts.append(f"<h3>{text(t['case_' + kind])}</h3><ul>{''.join(lines)}</ul>")
    if case.asks_what and not case.diagnoses:
        parts.append(f'<p class="mm-hint">{text(t["case_unlisted"])}</p>')
    if case.depends:
        lines = [
            f"<li><strong>{text(one.title_zh if language == 'zh' and one.title_zh else one.title)}</strong> "
            f"{text(t['case_said'].format(words=', '.join(one.said)))} "
            f"{''.join(_chip(citation, t) if citation.number else _quote(citation, t) for citation in one.citations)}</li>"
            for one in case.depends
        ]
        parts.append(f"<h3>{text(t['case_depends'])}</h3><ul>{''.join(lines)}</ul>")
    return f'<section class="mm-case">{"".join(parts)}</section>' if parts else ""


def _quote(citation: Citation, t: Words) -> str:
    """A quote with who says it and where, of a passage that is not among the evidence."""
    where = dict.fromkeys((_named(citation.source), citation.source.title))
    who = f'<span class="mm-byline">{text(" · ".join(where))}</span>'
    return f'<q class="mm-quoted">{text(citation.quote)}</q> {who}{_standing(citation.source, t)}{_withdrawn(citation, t)} '


def _named(source: Source) -> str:
    """Who published it, and when, as exactly as is known."""
    return " ".join(str(part) for part in (source.organization or source.title, source.date or source.year) if part)


def _standing(source: Source, t: Words) -> str:
    """A mark for a source that its publisher has retracted or replaced."""
    if source.status == "current":
        return ""
    by = f" → {source.superseded_by}" if source.superseded_by else ""
    return f'<span class="mm-tag mm-bad">{text(t["status_" + source.status] + by)}</span>'


def _withdrawn(citation: Citation, t: Words) -> str:
    """A mark for a quote that the references no longer hold: it is shown as it was stored with the answer."""
    if not citation.withdrawn:
        return ""
    return f'<span class="mm-tag mm-bad" title="{text(citation.withdrawn)}">{text(t["withdrawn"])}</span>'


def _claim(claim: Claim, t: Words) -> str:
    chips = "".join(
        _chip(citation, t) + _standing(citation.source, t) + _withdrawn(citation, t) for citation in claim.citations
    )
    chips += "".join(f'<q class="mm-stored">{text(citation.quote)}</q>' for citation in claim.citations if citation.withdrawn)
    if claim.verdict == "supported":
        return f'<li class="mm-claim"><span>{text(claim.text)}</span> {chips}{_tier(claim, t)}</li>'
    why = claim.reason or ("" if claim.citations else t["no_citation"])
    mark = f'<span class="mm-tag mm-bad">{text(t[claim.verdict])}{": " + text(why) if why else ""}</span>'
    return f'<li class="mm-claim mm-unsupported"><span>{text(claim.text)}</span> {chips} {mark}</li>'


def _tier(claim: Claim, t: Words) -> str:
    """Named where a claim rests on nothing that anybody has reviewed."""
    tiers = list(dict.fromkeys(citation.source.tier for citation in claim.citations))
    if not tiers or not all(tier in UNREVIEWED for tier in tiers):
        return ""
    return f' <span class="mm-tag mm-warn">{text(t["tier_" + tiers[0]])}: {text(t["not_reviewed"])}</span>'


def _order(one: Withheld, t: Words) -> str:
    """Words of a passage that nobody is shown as part of an answer: as text, and never as what they want to be."""
    label = text(t["withheld"].format(reason=one.reason))
    return f'<p class="mm-withheld"><span class="mm-tag mm-bad">{label}</span> <s>{text(one.text)}</s></p>'


def _chip(citation: Citation, t: Words) -> str:
    label = t["show_quote"].format(number=citation.number, source=citation.source.title)
    return (
        f'<button type="button" class="mm-cite" data-cite="{citation.number}" title="{text(label)}" '
        f'aria-label="{text(label)}">[{citation.number}]</button>'
    )


def _card(
    passage: Passage,
    first: int,
    position: int,
    cited: Sequence[Citation],
    orders: Sequence[Withheld],
    opened: bool,
    t: Words,
) -> str:
    source = passage.source
    tags = f'<span class="mm-tag">{text(t["tier_" + source.tier])}</span>{_standing(source, t)}'
    if cited:
        tags += f'<span class="mm-tag mm-good">{text(t["cited"])}</span>'
    heading = f'<span class="mm-heading">{text(" › ".join(passage.heading))}</span>' if passage.heading else ""
    return (
        f'<details class="mm-passage" id="mm-passage-{position}"{" open" if opened else ""}>'
        f'<summary><span class="mm-source">{text(source.title)}</span>{heading}'
        f'<span class="mm-byline">{text(publisher(passage))} {tags}</span></summary>'
        f'<blockquote class="mm-text" lang="{text(passage.language)}">{_marked(passage, first, cited, orders, t)}</blockquote>'
        f'<p class="mm-facts">{_facts(source, t)}</p></details>'
    )


def _marked(
    passage: Passage, first: int, cited: Sequence[Citation], orders: Sequence[Withheld] = (), t: Words | None = None
) -> str:
    """The passage's own text, sentence numbers before the sentences, every quote in a <mark>, its sentence around it lighter,
    withheld words struck out.
    """
    numbers = {span.start: first + at for at, span in enumerate(passage.sentences)}
    around = [span for span in passage.sentences if any(span.start <= citation.start < span.end for citation in cited)]
    edges = {0, len(passage.text), *numbers, *(span.end for span in around)}
    edges |= {edge for citation in cited for edge in (citation.start, citation.end)}
    edges |= {edge for order in orders for edge in (order.start, order.end)}
    cuts = sorted(edge for edge in edges if 0 <= edge <= len(passage.text))
    parts = []
    for start, end in pairwise(cuts):
        if start in numbers:
            parts.append(f'<sup class="mm-number" aria-hidden="true">{numbers[start]}</sup>')
        piece = text(passage.text[start:end])
        quoted = sorted({citation.number for citation in cited if citation.start <= start and end <= citation.end})
        if quoted:
            piece = f'<mark data-cites="{" ".join(map(str, quoted))}" tabindex="-1">{piece}</mark>'
        elif any(span.start <= start and end <= span.end for span in around):
            piece = f'<span class="mm-around">{piece}</span>'
        order = next((one for one in orders if one.start <= start and end <= one.end), None)
        if order and t:
            label = f'<span class="mm-tag mm-bad">{text(t["withheld"].format(reason=order.reason))}</span> '
            piece = f'{label if start == order.start else ""}<s class="mm-withheld">{piece}</s>'
        parts.append(piece)
    return "".join(parts)


def _facts(source: Source, t: Words) -> str:
    facts = [text(fact) for fact in (source.organization, source.year) if fact]
    if source.summary_by:
        facts.append(text(t["summary_by"].format(who=source.summary_by)))
    if source.doi:
        facts.append(_link(f"https://doi.org/{url_quote(source.doi, safe='/')}", f"doi:{source.doi}"))
    elif source.url and source.url.startswith(("https://", "http://")):  # never javascript:
        facts.append(_link(source.url, t["open_source"]))
    facts.append(f"{text(t['licence'])} {text(source.licence)}")
    return " · ".join(facts)


def _link(url: str, label: str) -> str:
    return f'<a href="{text(url)}" target="_blank" rel="noopener noreferrer">{text(label)}</a>'


def _citations(claims: Sequence[Claim]) -> list[Citation]:
    return [citation for claim in claims for citation in claim.citations]


def _gate_table(results: Sequence[GateResult], t: Words) -> str:
    heads = "".join(
        f"<th scope='col'>{text(t[name])}</th>" for name in ("verdict", "gate", "value", "baseline", "interval", "n", "rule")
    )
    return (
        f'<div class="mm-scroll"><table class="mm-gates"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(_gate_row(result, t) for result in results)}</tbody></table></div>"
    )


def _override(said: Override, t: Words) -> str:
    words = t["override"].format(gate=said.gate, reason=said.reason, by=said.by, on=said.on or "")
    return f'<p class="mm-notice">{text(words)}</p>'


def _gate_row(result: GateResult, t: Words) -> str:
    word, tone = VERDICTS[result.verdict]
    interval = ""
    if result.interval:  # with a baseline it is the interval of the difference
        low, high = result.interval
        interval = f"Δ {low:+.3g} … {high:+.3g}" if result.baseline is not None else f"{low:.3g} … {high:.3g}"
    missed = ""
    if result.missed_by is not None and not result.passed:
        missed = f" ({t['missed_by'].format(amount=f'{result.missed_by:.3g}')})"
    why = f": {result.why}" if result.why and not result.passed else ""
    cells = (result.gate, _number(result.value), _number(result.baseline), interval, result.n, result.rule + missed + why)
    row = "".join(f"<td>{text(cell)}</td>" for cell in cells)
    return f'<tr><td><span class="mm-tag {tone}">{text(t[word])}</span></td>{row}</tr>'


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"

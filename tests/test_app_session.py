"""What the page shows: everything foreign is escaped, every citation has its highlighted quote, every state its words."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import session
from app.__main__ import reachable
from app.session import View, words
from medmodel.client import Event, Readiness
from medmodel.records import (
    Answer,
    CaseNotes,
    Citation,
    Claim,
    Conflict,
    Dependence,
    Diagnosis,
    Feedback,
    GateReport,
    GateResult,
    Passage,
    RedFlag,
    Source,
    Span,
)

EN = words("en")
ZH = words("zh")
ATTACK = """<img src=x onerror="alert(1)"><script>alert(2)</script>${alert(3)}{{alert(4)}}'\"`"""
TEXT = "Give adrenaline first. Repeat after 5 minutes."
SPANS = (Span(start=0, end=22), Span(start=23, end=len(TEXT)))


def source(**fields: Any) -> Source:
    return Source.model_validate(
        {"id": "s", "title": "Anaphylaxis", "organization": "WAO", "year": 2020, "licence": "CC0-1.0", "tier": "guideline"}
        | fields
    )


def passage(text: str = TEXT, spans: tuple[Span, ...] = SPANS, **fields: Any) -> Passage:
    given = {"id": "d#0", "document_id": "d", "text": text, "start": 0, "end": len(text), "sentences": spans}
    return Passage.model_validate(given | {"source": source()} | fields)


def claim(number: int = 1, of: Passage | None = None, **fields: Any) -> Claim:
    of = of or passage()
    span = of.sentences[number - 1]
    cited = Citation(
        passage_id=of.id, source=of.source, quote=of.sentence(number - 1), start=span.start, end=span.end, number=number
    )
    return Claim.model_validate({"text": cited.quote, "citations": (cited,), "verdict": "supported"} | fields)


def answer(**fields: Any) -> Answer:
    given = {"id": "a", "question": "q", "status": "answered", "origin": "model"}
    return Answer.model_validate(given | {"claims": (claim(),), "passages": (passage(),)} | fields)


def shown(done: Answer) -> View:
    return session.after(View(asked=True), Event("done", done))


def everything(view: View) -> str:
    return session.banner(view, EN) + session.answer(view, EN) + session.evidence(view, EN)


def assert_harmless(page: str) -> None:
    """Of the attack only text is left: no tag, attribute or template of its own."""
    assert "<img" not in page
    assert "<script" not in page
    assert "${" not in page
    assert "{{" not in page
    assert "`" not in page
    tags = re.findall(r"<[^>]*>", page)
    assert not [tag for tag in tags if "onerror" in re.sub(r'"[^"]*"', '""', tag)]


def test_an_attack_in_any_text_of_an_answer_is_shown_as_text() -> None:
    hostile = source(title=ATTACK, organization=ATTACK, summary_by=ATTACK, doi=ATTACK, licence=ATTACK)
    bad = passage(ATTACK, (Span(start=0, end=len(ATTACK)),), source=hostile, heading=(ATTACK,))
    flag = RedFlag(id="f", title=ATTACK, action=ATTACK, urgency="urgent", matched=ATTACK, source=ATTACK)
    view = shown(
        answer(
            question=ATTACK,
            claims=(claim(1, bad, text=ATTACK, verdict="unsupported", reason=ATTACK),),
            passages=(bad,),
            red_flags=(flag,),
            notice=ATTACK,
            engine=ATTACK,
            release=ATTACK,
        )
    )
    assert_harmless(everything(view))
    assert ATTACK in unescape(re.sub(r"<[^>]*>", "", session.evidence(view, EN)))


@pytest.mark.parametrize(
    "view", [View(asked=True, draft=ATTACK), View(asked=True, error=ATTACK), View(asked=True, stage=ATTACK, question=ATTACK)]
)
def test_an_attack_in_a_draft_or_an_error_is_shown_as_text(view: View) -> None:
    assert_harmless(everything(view))


def test_an_attack_in_a_release_an_engine_or_a_feedback_id_is_shown_as_text() -> None:
    result = GateResult(gate=ATTACK, verdict="fail", value=0.5, n=3, rule=ATTACK, why=ATTACK)
    report = GateReport(profile="p", candidate="c", index="i", baseline="b", engine="e", results=(result,), errors=0)
    override = {"gate": ATTACK, "reason": ATTACK, "by": ATTACK, "on": "2026-11-25"}
    release = {"name": ATTACK, "fingerprint": ATTACK, "digest": ATTACK, "key": ATTACK, "gated": True, "overrides": [override]}
    assert_harmless(session.header(release | {"gate": report.model_dump(mode="json")}, EN))
    assert_harmless(session.engine_notice(Readiness(False, "starting", ATTACK), False, EN))
    assert_harmless(session.receipt(Feedback(id=ATTACK, answer=answer(), rating="up"), EN))
    assert_harmless(session.complaint(ATTACK))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example"])
def test_a_source_links_only_to_the_web(url: str) -> None:
    view = shown(answer(passages=(passage(source=source(url=url)),)))
    assert "href" not in session.evidence(view, EN)


def test_a_doi_links_to_its_resolver() -> None:
    view = shown(answer(passages=(passage(source=source(doi="10.1186/s40413-020-00472-0")),)))
    assert 'href="https://doi.org/10.1186/s40413-020-00472-0"' in session.evidence(view, EN)


def test_every_citation_has_a_button_and_its_quote_is_highlighted_in_the_passage() -> None:
    view = shown(answer(claims=(claim(2), claim(1))))
    assert re.findall(r'data-cite="(\d+)"', session.answer(view, EN)) == ["2", "1"]
    marks = dict(re.findall(r'<mark data-cites="(\d+)"[^>]*>(.*?)</mark>', session.evidence(view, EN)))
    assert marks == {"1": "Give adrenaline first.", "2": "Repeat after 5 minutes."}


def test_sentences_are_numbered_across_passages_as_in_the_answer() -> None:
    view = shown(answer(passages=(passage(), passage(id="d#1"))))
    assert re.findall(r"<sup[^>]*>(\d+)</sup>", session.evidence(view, EN)) == ["1", "2", "3", "4"]


@given(st.text(max_size=80), st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=4))
def test_highlighting_never_changes_the_passages_text(content: str, cuts: list[tuple[int, int]]) -> None:
    ends = [tuple(sorted((min(a, len(content)), min(b, len(content))))) for a, b in cuts]
    shown_passage = passage(content, (Span(start=0, end=len(content)),))
    claims = tuple(
        Claim(
            text="t",
            citations=(Citation(passage_id="d#0", source=source(), quote=content[a:b], start=a, end=b, number=n + 1),),
            verdict="supported",
        )
        for n, (a, b) in enumerate(ends)
    )
    page = session.evidence(shown(answer(claims=claims, passages=(shown_passage,))), EN)
    inside = re.search(r"<blockquote[^>]*>(.*)</blockquote>", page, re.DOTALL)
    assert inside
    assert unescape(re.sub(r"<[^>]*>", "", re.sub(r"<sup.*?</sup>", "", inside[1]))) == unescape(session.text(content))


def test_an_unsupported_sentence_says_so_and_why() -> None:
    view = shown(answer(claims=(claim(verdict="unsupported", reason="number 5 is not in the quote"),)))
    page = session.answer(view, EN)
    assert "mm-unsupported" in page
    assert "Not supported: number 5 is not in the quote" in page
    assert "mm-unsupported" not in session.answer(shown(answer()), EN)


def test_a_sentence_without_a_citation_says_that_it_has_no_source() -> None:
    assert "no source" in session.answer(shown(answer(claims=(Claim(text="t", citations=(), verdict="unsupported"),))), EN)


@pytest.mark.parametrize(
    ("fields", "how"),
    [
        ({"origin": "model"}, "model"),
        ({"origin": "repaired"}, "repaired"),
        ({"origin": "model", "fake": True}, "fake"),
        ({"origin": "extractive"}, "extractive"),
        ({"origin": "none", "status": "abstained", "claims": ()}, "abstained"),
        ({"origin": "none", "status": "refused", "claims": (), "passages": ()}, "refused"),
    ],
)
def test_how_an_answer_was_made_is_always_said(fields: dict[str, Any], how: str) -> None:
    page = session.answer(shown(answer(**fields)), EN)
    assert f'data-how="{how}"' in page
    assert EN[f"how_{how}"] in unescape(page)


def test_an_abstention_opens_the_nearest_passages() -> None:
    page = session.evidence(shown(answer(status="abstained", origin="none", claims=())), EN)
    assert EN["nearest"] in page
    assert "<details" in page
    assert re.search(r"<details[^>]* open>", page)


def differing(**fields: Any) -> Answer:
    """Two sources that give another interval; the second is older and superseded."""
    old = passage(
        source=source(id="old", organization="OLD", year=2005, status="superseded", superseded_by="WAO 2020"), id="o#0"
    )
    sides = (claim(2).citations[0], claim(2, of=old).citations[0])
    conflict = Conflict(kind="quantity", differs=("5 minute", "15 minute"), sides=sides)
    return answer(conflicts=(conflict,), passages=(passage(), old), **fields)


@pytest.mark.parametrize("t", [EN, ZH])
def test_sources_that_differ_stand_side_by_side_with_who_says_it_when_and_of_what_tier(t: session.Words) -> None:
    page = unescape(session.answer(shown(differing()), t))
    assert t["conflicts"] in page
    assert page.index("WAO 2020</strong>") < page.index("OLD 2005</strong>")
    assert page.index("5 minute") < page.index("15 minute")
    assert page.count(t["tier_guideline"]) == 2
    assert t["status_superseded"] in page


@pytest.mark.parametrize("t", [EN, ZH])
def test_a_case_shows_diagnoses_and_what_would_change_the_answer_each_with_its_quote(t: session.Words) -> None:
    [quote] = claim(1).citations
    noted = CaseNotes(
        asks_what=True,
        diagnoses=(Diagnosis(name="Anaphylaxis", kind="must_not_miss", likelihood="must not miss", citations=(quote,)),),
        depends=(Dependence(finding="age", title="Age", title_zh="年龄", said=("children",), citations=(quote,)),),
    )
    page = unescape(session.answer(shown(answer(case=noted)), t))
    assert t["case_must_not_miss"] in page
    assert f'<q class="mm-quoted">{quote.quote}</q>' in page
    assert f" · {quote.source.title}</span>" in page
    assert t["case_depends"] in page
    assert t["case_likely"] not in page


def test_where_the_references_list_no_diagnosis_the_page_says_so_when_asked() -> None:
    assert EN["case_unlisted"] in unescape(session.answer(shown(answer(case=CaseNotes(asks_what=True))), EN))
    assert "mm-case" not in session.answer(shown(answer(case=CaseNotes())), EN)


def test_an_answer_without_a_conflict_says_nothing_of_one() -> None:
    assert "mm-conflict" not in session.answer(shown(answer()), EN)


def test_a_source_that_was_retracted_is_marked_in_the_answer_and_at_its_passage() -> None:
    gone = passage(source=source(status="retracted"))
    view = shown(answer(claims=(claim(of=gone),), passages=(gone,)))
    assert EN["status_retracted"] in session.answer(view, EN)
    assert EN["status_retracted"] in session.evidence(view, EN)
    assert EN["status_retracted"] not in everything(shown(answer()))


def test_a_withdrawn_quote_is_shown_as_it_was_stored_and_says_so() -> None:
    told = claim()
    citation = told.citations[0].model_copy(update={"withdrawn": "deleted on request"})
    page = unescape(session.answer(shown(answer(claims=(told.model_copy(update={"citations": (citation,)}),))), EN))
    assert EN["withdrawn"] in page
    assert "deleted on request" in page
    assert f'<q class="mm-stored">{citation.quote}</q>' in page


def test_a_short_quote_is_marked_inside_its_sentence() -> None:
    told = claim(2)
    part = told.citations[0].model_copy(update={"quote": "after 5 minutes", "start": 30, "end": 45})
    page = session.evidence(shown(answer(claims=(told.model_copy(update={"citations": (part,)}),))), EN)
    assert '<span class="mm-around">Repeat </span><mark data-cites="2" tabindex="-1">after 5 minutes</mark>' in page


def test_a_red_flag_is_shown_before_there_is_any_answer() -> None:
    flag = RedFlag(id="f", title="Possible stroke", action="Call", urgency="emergency", matched="droop", source="AHA")
    view = session.after(View(asked=True), Event("flag", flag))
    assert "Possible stroke" in session.banner(view, EN)
    assert 'data-state="busy"' in session.answer(view, EN)


def test_a_second_try_replaces_the_first_draft() -> None:
    view = View(asked=True)
    for event in (
        Event("status", {"stage": "writing"}),
        Event("delta", {"text": "first "}),
        Event("delta", {"text": "try"}),
        Event("status", {"stage": "checking"}),
        Event("delta", {"text": "second"}),
        Event("delta", {"text": " try"}),
    ):
        view = session.after(view, event)
    assert view.draft == "second try"
    assert view.stage == "writing"


def test_an_event_of_a_newer_server_changes_nothing() -> None:
    assert session.after(View(asked=True), Event("novel", {})) == View(asked=True)


@pytest.mark.parametrize(
    ("readiness", "fake", "expected"),
    [
        (Readiness(True, "ready", "vllm"), False, ""),
        (Readiness(True, "ready", "scripted"), True, EN["engine_fake"]),
        (Readiness(True, "none"), False, EN["engine_none"]),
        (Readiness(False, "starting", "35 s of about 100 s"), False, "35 s of about 100 s"),
        (Readiness(False, "failed", "no memory"), False, "no memory"),
    ],
)
def test_a_reader_is_told_unless_a_real_model_runs(readiness: Readiness, fake: bool, expected: str) -> None:
    notice = session.engine_notice(readiness, fake, EN)
    assert bool(notice) == bool(expected)
    assert expected in unescape(notice)


def test_the_badge_opens_to_what_every_gate_decided() -> None:
    results = (
        GateResult(gate="grounding", verdict="pass", value=0.61, baseline=0.2, interval=(0.3, 0.5), n=40, rule="> 0"),
        GateResult(gate="medqa", verdict="fail", value=0.25, n=100, rule=">= 0.3", missed_by=0.05),
        GateResult(gate="safety", verdict="not gated", value=None, n=5, rule="none"),
        GateResult(
            gate="omissions", verdict="cannot tell", value=0.9, n=5, rule="≥ 0.8", why="5 items, and this gate wants 60"
        ),
    )
    report = GateReport(profile="p", candidate="c", index="i", baseline="b", engine="e", results=results, errors=0)
    release = {"name": "demo", "fingerprint": "f0", "digest": "d0", "key": "clinic", "gated": True}
    page = session.release_badge(release | {"gate": report.model_dump(mode="json")}, EN)
    rows = [re.sub(r"<[^>]*>", " ", row).split() for row in re.findall(r"<tr>(.*?)</tr>", page)]
    assert rows[1][:4] == ["pass", "grounding", "0.61", "0.2"]
    assert "Δ +0.3 … +0.5" in " ".join(rows[1])
    assert rows[2][0] == "FAIL"
    assert "(missed by 0.05)" in " ".join(rows[2])
    assert rows[3][0] == "reported"
    assert rows[4][:2] == ["CANNOT", "TELL"]
    assert "5 items, and this gate wants 60" in " ".join(rows[4])
    assert "signed by clinic" in page
    assert "override" not in page


def test_a_release_that_went_out_over_a_gate_says_which_why_and_who() -> None:
    said = {"gate": "medqa", "reason": "the held set is being relabelled", "by": "Dr Example", "on": "2026-11-25"}
    release = {
        "name": "demo",
        "fingerprint": "f0",
        "digest": "d0",
        "key": "clinic",
        "gated": True,
        "gate": None,
        "overrides": [said],
    }
    page = unescape(session.release_badge(release, EN))
    assert ">override<" in page.partition("</summary>")[0]
    assert "Released with an override of medqa: the held set is being relabelled (Dr Example, 2026-11-25)" in page
    assert "人工放行" in session.release_badge(release, ZH)


def test_an_ungated_release_under_the_development_key_says_both() -> None:
    page = session.release_badge(
        {"name": "base", "fingerprint": "f0", "digest": "d0", "key": "development", "gated": False, "gate": None}, EN
    )
    assert ">ungated<" in page
    assert ">development key<" in page
    assert EN["no_gate"] in unescape(page)


def test_both_languages_have_the_same_words_with_the_same_blanks() -> None:
    assert EN.keys() == ZH.keys()
    for key in EN:
        assert sorted(re.findall(r"\{\w+\}", EN[key])) == sorted(re.findall(r"\{\w+\}", ZH[key])), key
        assert ZH[key].strip(), key


def test_every_word_that_the_code_asks_for_exists() -> None:
    folder = Path(session.__file__).parent
    code = "".join((folder / name).read_text(encoding="utf-8") for name in ("session.py", "ui.py"))
    asked = set(re.findall(r"""\b[tw]\[["'](\w+)["']\]""", code))
    assert asked
    assert asked <= EN.keys()
    assert json.loads((folder / "i18n" / "zh.json").read_text(encoding="utf-8")) == ZH


@pytest.mark.parametrize(
    ("listening", "asked"),
    [
        ("http://127.0.0.1:7860", "http://127.0.0.1:7860"),
        ("http://0.0.0.0:7860", "http://127.0.0.1:7860"),
        ("http://[::]:7860", "http://[::1]:7860"),
    ],
)
def test_a_server_that_listens_everywhere_is_asked_over_loopback(listening: str, asked: str) -> None:
    assert reachable(listening) == asked

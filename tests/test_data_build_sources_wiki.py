"""Wikipedia as general text: tokens undone, wikitext to prose, and nothing of what measures perplexity."""

from __future__ import annotations

import bz2
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sourced import put, read

from data_build.sections import joined, sections, without_hollow
from data_build.sources.wikitext2 import plain, without_holes
from data_build.wikitext import article

VALID = """ 
 = Loop of Henle = 
 
 The loop was described in 1862 . It is 0 @.@ 5 – 2 cm long ( 0 @.@ 2 in ) , and a well @-@ known part . 
 It was <unk> first . " It 's a loop , " he said . 
 
 = = <unk> history = = 
 
 About 1 @,@ 200 papers cite it . 
 
 = = Empty = = 
 
 Only <unk> here . 
 
 = Second = 
 
 Costs are US $ 5 or 10 % of £ 3 at 20 ° C. 
"""
PAGE = """<page><title>{title}</title><ns>{ns}</ns><id>{id}</id>{redirect}<revision><id>9</id>
<timestamp>2016-04-22T10:19:33Z</timestamp><contributor><username>n</username><id>1</id></contributor>
<text xml:space="preserve">{text}</text></revision></page>"""
NAMESPACE = "http://www.mediawiki.org/xml/export-0.10/"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDMODEL_DATA", str(tmp_path))
    return tmp_path


def test_wikitext2_is_an_article_a_document_with_its_tokens_undone_and_no_sentence_with_a_hole(data: Path) -> None:
    folder = data / "wikitext2" / "word_language_model" / "data" / "wikitext-2"
    put(folder / "valid.txt.gz", VALID)
    put(folder / "test.txt.gz", " = Measured = \n \n Never read . \n")
    documents, left = read("wikitext2")
    first, second = documents
    assert first.text == (
        "# Loop of Henle\n\n"
        "The loop was described in 1862. It is 0.5–2 cm long (0.2 in), and a well-known part.\n\n"
        '"It\'s a loop," he said.\n\n'
        "About 1,200 papers cite it."
    )
    assert first.attributes == {"sentences_left_out": 2}
    assert second.text == "# Second\n\nCosts are US$5 or 10% of £3 at 20 °C."
    assert (first.id, first.domain, first.language, first.source.tier) == ("wikitext2/1", "general", "en", "none")
    assert (first.source.licence, first.source.year) == ("CC-BY-SA-3.0", 2016)
    assert left == {
        "wikitext2/word_language_model/data/wikitext-2/test.txt": "left out: measures general perplexity",
    }
    assert not any("Never read" in document.text for document in documents)


def test_a_quotation_keeps_its_marks_in_order_when_a_sentence_before_it_goes() -> None:
    assert without_holes('He said " <unk> " . Then " yes " , and left .') == ('Then "yes", and left.', 1)
    assert without_holes('He said " it <unk> . Then " yes " , and left .')[1] == 1  # an odd mark: no error


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("the lobsters ' claws", "the lobsters' claws"),
        ("I don 't know O 'Neil 's son", "I don't know O'Neil's son"),
        ("from 1990 – 1995 — or so", "from 1990–1995—or so"),
        ("AC / DC [ sic ] ; No. 1 : 2", "AC/DC [sic]; No. 1: 2"),
    ],
)
def test_tokens_become_text(tokens: str, text: str) -> None:
    assert plain(tokens) == text


def dump(*pages: str) -> str:
    return f'<mediawiki xmlns="{NAMESPACE}" version="0.10" xml:lang="en">{"".join(pages)}</mediawiki>'


def test_the_sample_of_wikipedia_gives_articles_alone_with_their_page_and_date(data: Path) -> None:
    text = "'''Gout''' is a [[joint|joint disease]].&lt;ref&gt;{{cite web|url=x}}&lt;/ref&gt;\n\n== References ==\n{{reflist}}"
    pages = dump(
        PAGE.format(title="GouT", ns=0, id=1, redirect='<redirect title="Gout"/>', text="#REDIRECT [[Gout]]"),
        PAGE.format(title="Old gout", ns=0, id=2, redirect="", text="#redirect [[Gout]]"),
        PAGE.format(title="Gout & pain", ns=0, id=3, redirect="", text=text).replace("& p", "&amp; p"),
        PAGE.format(title="Wikipedia:About", ns=4, id=4, redirect="", text="About us."),
        PAGE.format(title="Hollow", ns=0, id=5, redirect="", text="{{Infobox}}"),
    )
    put(data / "enwiki-sample" / "pages.xml-p1p5-shortened.bz2", bz2.compress(pages.encode()))
    documents, left = read("enwiki-sample")
    [found] = documents
    assert found.text == "# Gout & pain\n\nGout is a joint disease."
    assert (found.id, found.domain, found.source.title, found.source.date) == (
        "enwiki_sample/3",
        "general",
        "Gout & pain",
        "2016-04-22",
    )
    assert found.source.url == "https://en.wikipedia.org/wiki/Gout_%26_pain"
    assert found.source.licence == "CC-BY-SA-3.0"
    assert left == {"enwiki_sample/5": "holds no prose"}


def test_a_dump_that_is_cut_off_keeps_the_pages_before_and_says_so(data: Path) -> None:
    pages = "".join(PAGE.format(title=f"T{n}", ns=0, id=n, redirect="", text=f"Word {n} " * 4000) for n in range(60))
    raw = bz2.compress(dump(pages).encode())
    put(data / "enwiki-sample" / "cut-shortened.bz2", raw[: len(raw) // 2])
    documents, left = read("enwiki-sample")
    assert len(documents) < 60
    [reason] = left.values()
    assert reason.startswith("is truncated")


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("It is {{convert|5|km|mi}} and {{convert|10|to|20|C|F}} away.", "It is 5 km and 10 to 20 °C away."),
        ("Bread ({{lang-fr|pain}}) is {{lang|la|''panis''}}.", "Bread (pain) is panis."),
        ("A{{sup|2}} of H<sub>2</sub>O<ref name=a/> and CO{{sub|2}}.", "A² of H₂O and CO₂."),
        ("Said ({{IPAc-en|s}}; {{audio|x.ogg}}) and done.", "Said and done."),
        ("Kept {{unknown|nested {{deep|[[a|b]]}}}}here.", "Kept here."),
        ("See [[File:x.png|thumb|A [[cat]] with {{small|hat}}]][[de:Katze]][[:Category:Cats|cats]].", "See cats."),
        ("{| class=x\n! a\n|-\n| 1 || {{small|2}}\n|}\nAfter.", "After."),
        ("{{Infobox\n| a = b\n|}}Before [http://x.org the site] and [https://y.org].", "Before the site and."),
        ("* one\n** two\n# three\n:indented\n;term", "- one\n  - two\n- three\nindented\nterm"),
        ("So <math>a < {{b}}^2</math> is <nowiki>[[raw]]</nowiki>.", "So $a < {{b}}^2$ is [[raw]]."),
        ("One<references/>two<ref>x</ref> three<references><ref>y</ref></references>.", "Onetwo three."),
        ("* {{cite book|x}}\n* one\n* {{x}}.", "- one"),
        ("The Wehrmacht's ''''' bold''' text''__NOTOC__", "The Wehrmacht's bold text"),
        ("Plain {{nowrap|5&nbsp;mg}} &amp; {{frac|1|2}}", "Plain 5\xa0mg & 1/2"),
    ],
)
def test_wikitext_becomes_what_a_reader_sees(wikitext: str, text: str) -> None:
    assert article(wikitext) == text


def test_what_is_not_closed_loses_its_brackets_and_keeps_its_words() -> None:
    assert article("One [[two three. {{small|four five]] six}} seven.") == "One two three. four five six seven."
    assert article("Before {{open and after") == "Before open and after"


def test_sections_of_apparatus_and_headings_over_nothing_go_and_the_tree_stays() -> None:
    wikitext = "Lead.\n== A ==\n=== B ===\nText.\n== C ==\n=== D ===\n== See also ==\n* [[x]]\n=== More ===\n* y\n== E ==\nEnd."
    assert article(wikitext) == "Lead.\n\n## A\n\n### B\n\nText.\n\n## E\n\nEnd."


@given(st.text(alphabet="{}[]|=<>'ab \n*#!-/ref", max_size=300))
def test_any_wikitext_is_read_and_ends_in_paragraphs(wikitext: str) -> None:
    text = article(wikitext)
    assert text == text.strip()
    assert "\n\n\n" not in text


@pytest.mark.slow
def test_a_million_open_brackets_are_read_in_one_pass() -> None:
    assert article("{{a|" * 250_000 + "end").endswith("end")


def test_sections_see_fences_and_underlined_headings_and_are_lossless() -> None:
    text = "Intro\n\nTitle\n=====\n\nBody\n\n```\n# no heading\n```\n\nSub\n---\n\n- item\n---\n\n# Next #\nx"
    found = sections(text)
    assert [(part.level, part.title) for part in found] == [(0, ""), (1, "Title"), (2, "Sub"), (1, "Next")]
    assert "# no heading" in found[1].body
    assert sections(joined(found)) == found
    assert [part.title for part in without_hollow(sections("# A\n\n## B\n\n## C\n\nx\n\n# D"))] == ["A", "C"]

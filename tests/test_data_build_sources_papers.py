"""Papers as sources: JATS articles, PubMed's abstracts, COVID-QA's texts; their own licence, date, numbers and evidence tier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sourced import put, read, tar

from data_build.licences import licence_name
from data_build.sources.papers import iso_date

JATS = """<?xml version="1.0"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Archiving DTD v1.2//EN" "JATS-archivearticle1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML"
 xmlns:ali="http://www.niso.org/schemas/ali/1.0/" article-type="{kind}" xml:lang="en"><front>
<journal-meta><journal-title-group><journal-title>Journal of Invention</journal-title></journal-title-group></journal-meta>
<article-meta><article-id pub-id-type="pmid">123</article-id><article-id pub-id-type="pmc">{pmc}</article-id>
<article-id pub-id-type="doi">10.1234/inv.5</article-id>
<title-group><article-title>Colchicine in <italic>gout</italic><xref ref-type="fn">*</xref>: {title}</article-title></title-group>
<contrib-group><contrib><name><surname>Nobody</surname></name></contrib></contrib-group>
<pub-date pub-type="collection"><year>2020</year></pub-date>
<pub-date pub-type="epub"><day>7</day><month>3</month><year>2019</year></pub-date>
{permissions}
<abstract><sec><title>Background</title><p>Gout hurts.</p></sec><sec><title>Results</title><p>At 10<sup>9</sup>/L, p &lt; 0.05.</p></sec></abstract>
<abstract abstract-type="graphical"><p>A picture.</p></abstract>
</article-meta></front>
<body><sec><title>Methods</title><p>We gave 0.5 mg <bold>daily</bold> [<xref ref-type="bibr" rid="r1">1</xref>, <xref ref-type="bibr">2</xref>],
as before<sup><xref ref-type="bibr">3</xref>,<xref ref-type="bibr">4</xref></sup>.</p>
<sec><title>Doses</title><p>Two kinds:<list><list-item><p>low</p></list-item><list-item><p>high, H<sub>2</sub>O</p></list-item></list>and no more.</p>
<p>BMI is <inline-formula><alternatives><tex-math>\\frac</tex-math><mml:math><mml:mfrac><mml:mi>m</mml:mi><mml:msup><mml:mi>h</mml:mi><mml:mn>2</mml:mn></mml:msup></mml:mfrac></mml:math></alternatives></inline-formula>.</p></sec></sec>
<sec><title>Results</title><table-wrap><label>Table 1</label><caption><p>Outcomes.</p></caption><table>
<thead><tr><th rowspan="2">Drug</th><th colspan="2">Pain</th></tr><tr><th>before</th><th>after</th></tr></thead>
<tbody><tr><td colspan="3">Adults</td></tr><tr><td rowspan="2">Colchicine</td><td>8</td><td>2</td></tr><tr><td>7</td><td>3</td></tr></tbody></table>
<table-wrap-foot><fn><p>Pain in points.</p></fn></table-wrap-foot></table-wrap>
<fig><label>Figure 1.</label><caption><title>Flow.</title><p>Of patients.</p></caption><graphic xlink:href="f.jpg"/></fig></sec>
<sec><title>Nothing</title></sec></body>
<back><ref-list><ref><mixed-citation>Old work.</mixed-citation></ref></ref-list></back>
<sub-article><body><p>A reviewer writes.</p></body></sub-article></article>"""
BY = """<permissions><license xlink:href="{}"><license-p>Open access.</license-p></license></permissions>"""


def jats(kind: str = "research-article", title: str = "a trial", pmc: str = "77", licence: str | None = None) -> str:
    permissions = BY.format(licence) if licence is not None else ""
    return JATS.replace("{kind}", kind).replace("{title}", title).replace("{pmc}", pmc).replace("{permissions}", permissions)


def test_an_article_keeps_its_sections_lists_and_tables_and_loses_its_references(tmp_path: Path) -> None:
    path = put(tmp_path / "one.nxml", jats(licence="https://creativecommons.org/licenses/by/4.0/"))
    documents, left = read("jats", path=str(path), licence="n/s")
    assert not left
    [document] = documents
    assert document.text == "\n\n".join(
        [
            "# Colchicine in gout: a trial",
            "## Abstract",
            "### Background",
            "Gout hurts.",
            "### Results",
            "At 10⁹/L, p < 0.05.",
            "## Methods",
            "We gave 0.5 mg daily, as before.",
            "### Doses",
            "Two kinds:",
            "- low\n- high, H₂O",
            "and no more.",
            "BMI is m/h².",
            "## Results",
            "Table 1. Outcomes.",
            "Adults\n- Drug: Colchicine; Pain before: 8; Pain after: 2.\n- Drug: Colchicine; Pain before: 7; Pain after: 3.",
            "Pain in points.",
            "Figure 1. Flow. Of patients.",
        ]
    )


def test_an_article_says_itself_who_when_and_on_which_licence(tmp_path: Path) -> None:
    path = put(tmp_path / "one.nxml", jats(licence="https://creativecommons.org/licenses/by-nc/4.0/"))
    [document], _ = read("jats", path=str(path), licence="MIT", tier="textbook", organization="recipe", year=1999)
    source = document.source
    assert (document.id, source.id, source.title) == ("pmc77/text", "pmc77", "Colchicine in gout: a trial")
    assert (source.organization, source.date, source.year) == ("Journal of Invention", "2019-03-07", 2019)
    assert (source.doi, source.url) == ("10.1234/inv.5", "https://pmc.ncbi.nlm.nih.gov/articles/PMC77/")
    assert (source.licence, source.tier) == ("CC-BY-NC-4.0", "textbook")
    assert document.attributes == {"pmid": "123", "pmcid": "PMC77", "article_type": "research-article"}
    assert (document.domain, document.language) == ("literature", "en")


@pytest.mark.parametrize(("licence", "counts"), [(None, "CC0-1.0"), ("https://publisher.example/terms", "n/s"), ("", "n/s")])
def test_the_recipes_licence_is_for_articles_that_state_none_alone(tmp_path: Path, licence: str | None, counts: str) -> None:
    [document], _ = read("jats", path=str(put(tmp_path / "a.xml", jats(licence=licence))), licence="CC0-1.0")
    assert document.source.licence == counts


@pytest.mark.parametrize(
    ("kind", "title", "tier"),
    [
        ("systematic-review", "x", "review"),
        ("research-article", "a systematic review and meta-analysis", "review"),
        ("research-article", "protocol for a systematic review", "none"),
        ("review-article", "a narrative", "none"),
    ],
)
def test_the_tier_of_an_article_is_by_its_kind_and_title(tmp_path: Path, kind: str, title: str, tier: str) -> None:
    [document], _ = read("jats", path=str(put(tmp_path / "a.xml", jats(kind, title))), licence="MIT")
    assert document.source.tier == tier


def test_articles_come_from_archives_and_sets_and_what_is_none_has_a_reason(tmp_path: Path) -> None:
    plain = jats().partition("]>")[0].partition('dtd">')[2]
    tar(
        tmp_path / "in" / "a.tar.gz",
        {
            "PMC1/1.nxml": jats(pmc="PMC1"),
            "PMC2/2.nxml": jats("retraction", pmc="2"),
            "PMC3/3.nxml": jats(pmc="1"),
            "PMC4/4.nxml": "<html/>",
            "PMC5/5.nxml": jats(pmc="5")[:900],
            "PMC6/6.nxml": '<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><article>&b;</article>',
            "PMC7/7.nxml": '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]><article>&a;</article>',
            "PMC8/8.nxml": "<article><front/></article>",
            "PMC9/9.nxml": jats(pmc="9").replace(
                "<abstract>", '<related-article related-article-type="retraction-forward"/><abstract>'
            ),
        },
    )
    put(
        tmp_path / "in" / "b.xml",
        f"<pmc-articleset>{plain.replace('>77<', '>8<')}{plain.replace('>77<', '>9<')}</pmc-articleset>",
    )
    documents, left = read("jats", path=str(tmp_path / "in"), licence="MIT")
    assert [document.source.id for document in documents] == ["pmc1", "pmc8", "pmc9"]
    assert left["a.tar.gz/PMC2/2.nxml"] == "left out: a retraction notice"
    assert left["a.tar.gz/PMC3/3.nxml"] == "left out: an earlier file has the same article"
    assert left["a.tar.gz/PMC4/4.nxml"] == "has no <article>: it is no JATS"
    assert left["a.tar.gz/PMC5/5.nxml"].startswith("is not well-formed XML")
    assert left["a.tar.gz/PMC6/6.nxml"] == "declares XML entities, which may be a bomb or name other files"
    assert left["a.tar.gz/PMC7/7.nxml"] == "declares XML entities, which may be a bomb or name other files"
    assert left["a.tar.gz/PMC8/8.nxml"] == "holds no text"
    assert left["a.tar.gz/PMC9/9.nxml"] == "left out: it was retracted"


def test_an_article_nested_without_end_and_a_table_that_spans_everything_are_read(tmp_path: Path) -> None:
    deep = "<sec>" * 3000 + "<p>Deep down.</p>" + "</sec>" * 3000
    wide = (
        '<table-wrap><table><tr><td colspan="99999999" rowspan="99999">x</td><td colspan="no">y</td></tr></table></table-wrap>'
    )
    put(
        tmp_path / "deep.xml",
        f"<article><body>{deep}<p>{'<italic>' * 3000}slanted{'</italic>' * 3000}</p>{wide}</body></article>",
    )
    [document], _ = read("jats", path=str(tmp_path / "deep.xml"), licence="MIT")
    assert "Deep down." in document.text
    assert "slanted" in document.text
    assert document.id == "deep_deep_xml/text"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("http://creativecommons.org/licenses/by-nc-nd/3.0/", "CC-BY-NC-ND-3.0"),
        ("terms of the Creative Commons Attribution License, which permits", "CC-BY"),
        ("the Creative Commons Attribution 4.0 International License", "CC-BY-4.0"),
        ("a Creative Commons Attribution-NonCommercial-ShareAlike 4.0 licence", "CC-BY-NC-SA-4.0"),
        ("a Creative Commons Attribution Non Commercial (CC BY-NC 4.0) license", "CC-BY-NC-4.0"),
        ("licenses/by/4.0; http://creativecommons.org/publicdomain/zero/1.0/ applies to the data", "CC0-1.0"),
        (
            "https://creativecommons.org/licenses/by/4.0/ and https://creativecommons.org/publicdomain/zero/1.0/ for data",
            "CC-BY-4.0",
        ),
        ("no restrictions for covid research", None),
    ],
)
def test_a_licence_is_read_from_addresses_and_sentences(text: str, name: str | None) -> None:
    assert licence_name(text) == name


@pytest.mark.parametrize(
    ("parts", "date"),
    [
        (("2019", "Mar", "7"), "2019-03-07"),
        (("2019", "12", None), "2019-12"),
        (("1998 Dec-1999 Jan", None, None), "1998"),
        (("2019", "Winter", "1"), "2019"),
        (("2019", "3", "77"), "2019-03"),
        ((None, "3", "1"), None),
    ],
)
def test_a_date_is_as_far_as_it_is_known(parts: tuple[str | None, ...], date: str | None) -> None:
    assert iso_date(*parts) == date


ABSTRACT = """<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">{pmid}</PMID>
<Article><Journal><JournalIssue><PubDate><Year>2018</Year><Month>Jan</Month></PubDate></JournalIssue><Title>Invented Journal</Title></Journal>
<ArticleTitle>Colchicine for <i>gout</i>.</ArticleTitle><ELocationID EIdType="doi">10.1234/x.{pmid}</ELocationID>{abstract}
<Language>eng</Language><PublicationTypeList><PublicationType>{kind}</PublicationType></PublicationTypeList></Article>
<MeshHeadingList><MeshHeading><DescriptorName UI="D1">Gout</DescriptorName></MeshHeading>
<MeshHeading><DescriptorName UI="D2">Colchicine</DescriptorName></MeshHeading></MeshHeadingList></MedlineCitation></PubmedArticle>"""
TEXT = """<Abstract><AbstractText Label="BACKGROUND">At 10<sup>9</sup>/L.</AbstractText>
<AbstractText Label="UNLABELLED">It helps.</AbstractText><CopyrightInformation>©</CopyrightInformation></Abstract>"""


def abstracts(*made: tuple[int, str, str]) -> str:
    articles = "".join(
        ABSTRACT.replace("{pmid}", str(n)).replace("{kind}", kind).replace("{abstract}", text) for n, kind, text in made
    )
    doctype = (
        '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" "https://dtd.nlm.nih.gov/x.dtd">'
    )
    return f'<?xml version="1.0" encoding="utf-8"?>\n{doctype}\n<PubmedArticleSet>{articles}</PubmedArticleSet>'


def test_an_abstract_has_its_labels_number_date_headings_and_tier(tmp_path: Path) -> None:
    made = [(1, "Practice Guideline", TEXT), (2, "Meta-Analysis", TEXT), (3, "Journal Article", TEXT)]
    path = put(tmp_path / "pubmed26n0001.xml.gz", abstracts(*made))
    documents, left = read("pubmed", path=str(path), licence="n/s")
    assert not left
    first = documents[0]
    assert first.text == "# Colchicine for gout.\n\n## Background\n\nAt 10⁹/L.\n\nIt helps."
    assert (first.id, first.source.id, first.source.title) == ("pubmed_1/abstract", "pubmed_1", "Colchicine for gout.")
    assert (first.source.date, first.source.doi, first.source.organization) == ("2018-01", "10.1234/x.1", "Invented Journal")
    assert first.source.url == "https://pubmed.ncbi.nlm.nih.gov/1/"
    assert first.attributes == {"pmid": "1", "mesh": "Gout; Colchicine", "publication_types": "Practice Guideline"}
    assert [(document.source.tier, document.language, document.domain) for document in documents] == [
        ("guideline", "en", "literature"),
        ("review", "en", "literature"),
        ("none", "en", "literature"),
    ]


def test_a_record_without_abstract_or_retracted_or_read_before_has_a_reason(tmp_path: Path) -> None:
    made = [(1, "Journal Article", TEXT), (2, "Retracted Publication", TEXT), (3, "Letter", ""), (1, "Journal Article", TEXT)]
    put(tmp_path / "a.xml", abstracts(*made))
    put(tmp_path / "b.xml.gz", abstracts(*[(n, "Letter", TEXT) for n in range(10, 400)]))
    raw = (tmp_path / "b.xml.gz").read_bytes()
    (tmp_path / "b.xml.gz").write_bytes(raw[: len(raw) - 40])
    put(tmp_path / "c.xml", "<Other/>")
    put(tmp_path / "d.xml", "")
    documents, left = read("pubmed", path=str(tmp_path), licence="n/s")
    assert documents[0].id == "pubmed_1/abstract"
    assert left["a.xml:2"] == "left out: it was retracted"
    assert left["a.xml:3"] == "has no abstract"
    assert left["a.xml:1"] == "left out: its PMID stands earlier, too"
    assert left["b.xml"].startswith("is truncated (after element ")
    assert left["c.xml"].startswith("has no <PubmedArticle>")
    assert left["d.xml"] == "is empty"


def test_abstracts_are_read_from_json_lines(tmp_path: Path) -> None:
    rows: list[Any] = [
        {"pmid": 5, "title": "T", "abstract": "One  text.", "year": 2011, "journal": "J", "mesh": ["Gout"], "language": "chi"},
        {"pmid": "6", "abstract": [{"label": "Aim", "text": "To see."}, "Seen."], "publication_types": ["Systematic Review"]},
        {"title": "no number", "abstract": "x"},
    ]
    path = put(tmp_path / "a.jsonl", "\n".join(json.dumps(row) for row in rows) + "\n{broken\n")
    documents, left = read("pubmed", path=str(path), licence="CC0-1.0")
    assert [document.text for document in documents] == ["# T\n\nOne text.", "## Aim\n\nTo see.\n\nSeen."]
    assert (documents[0].source.year, documents[0].source.organization, documents[0].language) == (2011, "J", "zh")
    assert (documents[1].source.tier, documents[1].source.title) == ("review", "PubMed 6")
    assert left == {"a.jsonl:3": "has no PMID", "a.jsonl:4": "is not JSON (column 2)"}


def test_a_paper_of_covidqa_has_its_own_licence_date_and_doi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDMODEL_DATA", str(tmp_path))
    head = "An invented virus\n\nhttps://doi.org/10.1/x\n\nSHA: 1\n\nAuthors: A, B\nDate: 2020-02-03\nDOI: 10.1234/cov.1\nLicense: {}\n\n"
    papers = [
        {
            "paragraphs": [
                {"document_id": 7, "context": head.format("cc-by") + "Abstract: It spreads.\nText: More.", "qas": [1]}
            ]
        },
        {
            "paragraphs": [
                {"document_id": 8, "context": "Only a title\n\nAnd words.", "qas": []},
                {"document_id": 9, "context": " "},
            ]
        },
    ]
    put(tmp_path / "covidqa" / "data" / "question-answering" / "made.json.gz", json.dumps({"data": papers}))
    documents, left = read("covidqa")
    assert documents[0].text == "# An invented virus\n\nAbstract: It spreads.\nText: More."
    source = documents[0].source
    assert (source.id, source.licence, source.doi, source.date, source.year) == (
        "covidqa_7",
        "CC-BY",
        "10.1234/cov.1",
        "2020-02-03",
        2020,
    )
    assert (documents[1].source.licence, documents[1].text) == ("n/s", "# Only a title\n\nAnd words.")
    assert left == {"covidqa:2": "holds no text"}

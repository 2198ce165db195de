"""References of $MEDMODEL_DATA: MedQuAD's pages, OpenStax's modules, guidelines as JSON; in the publishers' formats, written here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sourced import put, read, tar

from medmodel.errors import InputError

PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<Document id="1" source="{source}" url="https://example.gov/gout"><Focus>Invented Gout</Focus>
<FocusAnnotations><UMLS><CUIs><CUI>C1</CUI><CUI>C2</CUI></CUIs><SemanticGroup>Disorders</SemanticGroup></UMLS>
<Synonyms><Synonym>Toe fire</Synonym></Synonyms></FocusAnnotations>
<QAPairs><QAPair pid="1"><Question qid="1" qtype="information">What is (are) Invented Gout ? ?</Question><Answer>
  It hurts.
  A lot.</Answer></QAPair><QAPair pid="2"><Question qid="2" qtype="treatment">Treatments ?</Question><Answer>{answer}</Answer></QAPair>
</QAPairs></Document>"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDMODEL_DATA", str(tmp_path))
    return tmp_path


def test_a_page_of_medquad_keeps_its_questions_together_under_its_subject(data: Path) -> None:
    tar(
        data / "medquad" / "medquad_xml.tar.gz",
        {
            "2_GARD_QA/0000001.xml": PAGE.format(source="GARD", answer="Rest &amp; ice."),
            "2_GARD_QA/0000002.xml": PAGE.format(source="Elsewhere", answer="x"),
            "2_GARD_QA/0000003.xml": PAGE.format(source="GARD", answer="").replace(
                "<Answer>\n  It hurts.\n  A lot.</Answer>", "<Answer/>"
            ),
            "2_GARD_QA/0000004.xml": PAGE.format(source="GARD", answer="x")[:200],
        },
    )
    [document], left = read("medquad")
    assert document.text == (
        "# Invented Gout\n\nAlso called: Toe fire.\n\n## What is Invented Gout?\n\nIt hurts.\n  A lot.\n\n"
        "## Treatments?\n\nRest & ice."
    )
    assert document.id == "medquad_gard/0000001"
    source = document.source
    assert (source.licence, source.tier, source.url) == ("CC-BY-4.0", "patient", "https://example.gov/gout")
    assert (source.organization, source.year) == ("Genetic and Rare Diseases Information Center (NIH)", 2019)
    assert document.attributes == {
        "cui": "C1 C2",
        "semantic_group": "Disorders",
        "question_types": "information treatment",
    }
    assert [reason.split(" (")[0] for reason in left.values()] == [
        "is no page of a known collection",
        "holds no answer",
        "is not well-formed XML",
    ]


@pytest.mark.parametrize("book", ["anatomy", "microbiology", "psychology"])
def test_a_module_of_openstax_is_a_document_as_published(data: Path, book: str) -> None:
    text = "---\ntitle: Blood\n---\n\nH<sub>2</sub>O {: #x}\n"
    tar(data / f"openstax-{book}-md" / "contents.tar.gz", {"contents/m1.md": text, "contents/m2.md": "", "contents/p.jpg": "x"})
    [document], left = read(f"openstax-{book}-md")
    assert (document.id, document.text) == (f"openstax_{book}/m1", text)
    assert (document.source.licence, document.source.tier, document.domain) == ("CC-BY-3.0", "textbook", "textbook")
    assert document.source.year
    assert document.source.organization == "OpenStax"
    assert list(left.values()) == ["is empty"]


CONDITION = {
    "condition_name": "Invented fever",
    "condition_slug": "invented-fever",
    "raw_text": "INVENTED FEVR",
    "introduction": "It is hot.",
    "clinical_features": ["Heat", "", "Thirst"],
    "treatment": [
        {"type": "Drugs", "items": ["Water 1 L"]},
        {"name": "Cooling", "how": "Fan", "when": {"first_day": "always"}},
        "Rest",
        ["a", "b"],
    ],
    "complications": None,
}
VERBALISED = """# Invented fever

## Introduction

It is hot.

## Clinical features

- Heat
- Thirst

## Treatment

- Rest

### Drugs

- Water 1 L

### Cooling

#### How

Fan

#### When

##### First day

always

- a; b"""


def test_a_condition_of_the_nigerian_guideline_is_said_in_sections_with_who_structured_it(data: Path) -> None:
    files = {
        "json data/INVENTED FEVER.json": json.dumps(CONDITION),
        "raw data/INVENTED FEVER.txt": "noise",
        "json data/x.json": "{",
    }
    tar(data / "nigeria-stg" / "nstg.tar.gz", files)
    [document], left = read("nigeria-stg")
    assert document.text == VERBALISED
    assert (document.id, document.domain) == ("nstg_2022/json_data/invented_fever", "guideline")
    source = document.source
    assert (source.licence, source.tier, source.year) == ("CC-BY-4.0", "guideline", 2022)
    assert source.summary_by == "NSTG 2022 Structured Clinical Dataset"
    assert left == {"json data/x.json": "is not JSON (line 1, column 2)"}


def test_a_guideline_object_with_its_text_gives_that_and_its_own_terms_win(tmp_path: Path) -> None:
    rows = [
        {
            "id": "g1",
            "title": "Falls",
            "clean_text": "Screen all.",
            "url": "https://g.example/1",
            "year": 2021,
            "license": "CC0-1.0",
        },
        {"id": "g2", "text": "# Own heading\n\nText.", "year": "soon"},
        {"title": "Only a title"},
    ]
    path = put(tmp_path / "g.jsonl", "\n".join(map(json.dumps, rows)))
    documents, left = read("guideline_json", path=str(path), licence="MIT", title="Set", year=2000, id="set")
    assert [(document.id, document.text) for document in documents] == [
        ("set/g/g1", "# Falls\n\nScreen all."),
        ("set/g/g2", "# Own heading\n\nText."),
    ]
    first, second = (document.source for document in documents)
    assert (first.licence, first.year, first.url, first.tier) == ("CC0-1.0", 2021, "https://g.example/1", "guideline")
    assert (second.licence, second.year, second.url) == ("MIT", 2000, None)
    assert left == {"g.jsonl:3": "holds no text"}


def test_guidelines_in_an_array_and_without_a_licence(tmp_path: Path) -> None:
    path = put(tmp_path / "g.json", json.dumps([CONDITION, {**CONDITION, "id": "two"}]))
    documents, _ = read("guideline_json", path=str(path), licence="MIT")
    assert [document.id for document in documents] == ["g/g", "g/g/two"]
    with pytest.raises(InputError, match=r"source guideline_json needs `licence:`"):
        read("guideline_json", path=str(path))


@pytest.mark.parametrize(
    "name", ["medquad", "nigeria-stg", "openstax-anatomy-md", "covidqa", "doid", "hpo-zh", "wikitext2", "enwiki-sample"]
)
def test_a_folder_that_is_missing_is_an_error_that_names_it(data: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"source {name}: there is no folder"):
        read(name)

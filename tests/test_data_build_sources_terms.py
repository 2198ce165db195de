"""Terms as sources: ontologies in OBO, their Chinese labels, and ICD-10-CM, each said in sentences."""

from __future__ import annotations

from pathlib import Path

import pytest
from sourced import put, read

from medmodel.errors import InputError

OBO = r"""format-version: 1.2

[Term]
id: XX:0001
name: invented fever
def: "A fever that results_in\n\"heat\" of the head" [url:x]
synonym: "head heat" EXACT []
synonym: "hot {n}" RELATED []
is_a: XX:0002 ! fever
is_a: XX:0003 ! invention

[Term]
id: XX:0002
name: fever ! a comment

[Term]
id: XX:0003
name: gone
def: "Obsolete."
is_obsolete: true

[Typedef]
id: part_of
name: part of

[Term]
id: HP:0000001
name: All
synonym: "Everything" EXACT []
"""


def test_a_term_is_said_in_sentences_and_one_that_says_nothing_or_is_obsolete_is_no_document(tmp_path: Path) -> None:
    path = put(tmp_path / "made.obo", OBO)
    documents, left = read("obo", path=str(path), licence="CC0-1.0", title="Made", year=2020, id="made")
    assert not left
    assert [document.id for document in documents] == ["made/XX_0001", "made/HP_0000001"]
    assert documents[0].text == (
        "# invented fever\n\n"
        'invented fever (XX:0001): A fever that results in "heat" of the head.\n\n'
        "invented fever is also called head heat.\n\n"
        "invented fever is a kind of fever and of invention."
    )
    assert documents[1].text == "# All\n\nAll is also called Everything."
    assert documents[0].attributes == {"term": "XX:0001"}
    assert (documents[0].source.url, documents[1].source.url) == (None, "http://purl.obolibrary.org/obo/HP_0000001")
    assert (documents[0].source.licence, documents[0].source.title, documents[0].domain) == ("CC0-1.0", "Made", "terminology")


def test_a_file_without_terms_or_cut_off_within_one_has_a_reason(tmp_path: Path) -> None:
    put(tmp_path / "a.obo", "format-version: 1.2\n")
    put(
        tmp_path / "b.obo.gz",
        OBO + "".join(f'\n[Term]\nid: XX:{n}\nname: n{n}\ndef: "D{n * n}." []\n' for n in range(10, 3000)),
    )
    raw = (tmp_path / "b.obo.gz").read_bytes()
    (tmp_path / "b.obo.gz").write_bytes(raw[: len(raw) // 2])
    documents, left = read("obo", path=str(tmp_path), licence="MIT")
    assert 2 < len(documents) < 2990
    assert left["a.obo"] == "has no [Term]: it is no OBO file, or an empty one"
    assert left["b.obo"].startswith("is truncated (after line ")


@pytest.mark.parametrize(("name", "licence"), [("doid", "CC0-1.0"), ("hpo", "LicenseRef-HPO")])
def test_a_term_that_stands_in_several_subsets_is_read_once(
    name: str, licence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDMODEL_DATA", str(tmp_path))
    put(tmp_path / name / "a.obo", OBO)
    put(tmp_path / name / "b.obo.gz", OBO)
    documents, left = read(name)
    assert not left
    assert [document.id for document in documents] == [f"{name}/XX_0001", f"{name}/HP_0000001"]
    assert {document.source.licence for document in documents} == {licence}
    assert all(document.source.date and document.domain == "terminology" for document in documents)


def test_a_chinese_label_is_a_bridge_and_a_row_without_one_has_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDMODEL_DATA", str(tmp_path))
    rows = ["source_language\tsource_value\tsubject_id\tpredicate_id\ttranslation_language\ttranslation_value"]
    rows += ['en\tInvented "sign"\tHP:0000009\trdfs:label\tzh\t虚构体征', "en\tNo label\tHP:0000010\trdfs:label\tzh\t"]
    put(tmp_path / "hpo-zh" / "src" / "hp-zh.babelon.tsv.gz", "\n".join(rows) + "\n")
    [document], left = read("hpo-zh")
    assert document.text == '# 虚构体征\n\n虚构体征：英文名 Invented "sign"（HP:0000009）。'
    assert (document.id, document.language, document.source.id) == ("hpo_zh/HP_0000009", "zh", "hpo_zh")
    assert left == {"src/hp-zh.babelon.tsv:3": "has no label"}


TABULAR = """<?xml version="1.0" encoding="utf-8"?><ICD10CM.tabular><version>2026</version>
<chapter><name>9</name><desc>Diseases of invention (Q00-Q09)</desc><section id="Q00-Q09"><desc>Inventions (Q00-Q09)</desc>
<diag><name>Q01</name><desc>Made-up failure</desc><codeFirst><note>failure of design (Q02.-)</note></codeFirst>
<excludes1><note>real failure (I50.-)</note></excludes1><excludes2><note>doubt (Q03)</note><note>haste (Q04)</note></excludes2>
<diag><name>Q01.1</name><desc>Left failure</desc><inclusionTerm><note>Failure on the left NOS</note></inclusionTerm></diag>
<diag><name>Q01.2</name><desc>Other failure</desc><diag><name>Q01.20</name><desc>Other failure, slow</desc></diag>
<diag><name>Q01.21</name><desc>Other failure, fast</desc></diag></diag>
<diag><name>Q01.9</name><desc>Failure, unspecified</desc></diag></diag>
<diag><name>Q05</name><desc>Broken idea</desc><sevenChrNote><note>A 7th character is added</note></sevenChrNote>
<sevenChrDef><extension char="A">initial encounter</extension><extension char="S">sequela</extension></sevenChrDef></diag>
</section></chapter></ICD10CM.tabular>"""


def test_a_category_of_icd10cm_says_its_codes_what_they_include_and_what_they_exclude(tmp_path: Path) -> None:
    path = put(tmp_path / "icd10cm-tabular-2026.xml", TABULAR)
    documents, left = read("icd10cm", path=str(path), licence="LicenseRef-US-Government", id="icd10cm")
    assert not left
    assert [document.id for document in documents] == ["icd10cm/Q01", "icd10cm/Q05"]
    assert documents[0].text == "\n\n".join(
        [
            "# Made-up failure (Q01)",
            "Q01 is the ICD-10-CM code of Made-up failure. Chapter 9: Diseases of invention (Q00-Q09).",
            "Code first: failure of design (Q02.-).",
            "Never coded together with: real failure (I50.-).",
            "Not part of it, but may be present as well: doubt (Q03); haste (Q04).",
            "## Left failure (Q01.1)",
            "Also: Failure on the left NOS.",
            "## Other failure (Q01.2)",
            "- Q01.20: Other failure, slow\n- Q01.21: Other failure, fast",
            "- Q01.9: Failure, unspecified",
        ]
    )
    assert "Seventh characters: A initial encounter; S sequela." in documents[1].text
    assert (documents[0].source.year, documents[0].source.organization) == (2026, "CMS and NCHS")
    assert (documents[0].attributes, documents[0].domain, documents[0].source.tier) == ({"term": "Q01"}, "terminology", "none")


def test_the_order_file_gives_categories_with_their_titles(tmp_path: Path) -> None:
    rows = [
        ("Q01", 0, "Made-up failure"),
        ("Q011", 1, "Left failure"),
        ("Q0120", 1, "Other failure, slow"),
        ("Q05", 1, "Broken idea"),
    ]
    lines = [f"{number:05} {code:<7} {valid} {title[:60]:<60} {title}" for number, (code, valid, title) in enumerate(rows, 1)]
    put(tmp_path / "icd10cm-order-2025.txt", "\r\n".join(lines))
    put(tmp_path / "readme.txt", "See the order file.\n")
    documents, left = read("icd10cm", path=str(tmp_path), licence="LicenseRef-US-Government")
    assert [document.text for document in documents] == [
        "# Made-up failure (Q01)\n\nQ01 is the ICD-10-CM code of Made-up failure.\n\n- Q01.1: Left failure\n- Q01.20: Other failure, slow",
        "# Broken idea (Q05)\n\nQ05 is the ICD-10-CM code of Broken idea.",
    ]
    assert documents[0].source.year == 2025
    assert list(left) == ["readme.txt"]


def test_without_path_and_package_the_error_says_what_to_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(InputError, match="source icd10cm needs `path:`"):
        read("icd10cm", licence="LicenseRef-US-Government")


def test_the_list_of_an_installed_package_is_read_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "simple_icd_10_cm" / "__init__.py", "raise RuntimeError('imported')\n")
    put(tmp_path / "simple_icd_10_cm" / "data" / "icd10c-tabular.xml", TABULAR)
    monkeypatch.syspath_prepend(str(tmp_path))
    documents, _ = read("icd10cm", licence="LicenseRef-US-Government")
    assert [document.id for document in documents] == ["icd10cm/Q01", "icd10cm/Q05"]

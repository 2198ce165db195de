"""Cleaning keeps every number, unit, superscript and name, takes markup and page furniture, and done twice changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_build.steps.clean import Clean, clean
from data_build.steps.tagging import carry
from medmodel.records import Document, Source

KEPT = (
    "5–10 mg",
    "10⁹/L",
    "µg",
    "≥",
    "1,25-(OH)₂D",
    "2,3-diphosphoglycerate",
    "PaO₂/FiO₂ ≤ 300 mmHg",
    "±2 °C",
    "p < 0.05",
    "Na<140",
    "HLA-B*5801",
    "CYP2D6 *4/*4",
    "N-[2-(diethylamino)ethyl]-4-amino",
    "[3H]-thymidine",
    "μmol·L⁻¹",
    "1.73 m²",
    "α₁-antitrypsin",
    "5'-AMP",
    "（每次 0.5～1 g，每日 3 次）",
    "血糖≥７.０mmol/L",
    "R&D",
    "AT&T; then",
    "{0.5; 1}",
    "1:1,000",
    "Q6H / 12/24",
)


@pytest.mark.parametrize(
    "text",
    [
        "Start at 2.5 mg twice daily (0.1--0.3 mg/kg), then 5–10 mg.",
        "WBC > 10 × 10⁹/L, PaO₂/FiO₂ ≤ 300 mmHg, ±2 °C, 50 µg.",
        "2,3-diphosphoglycerate and HLA-B*5801 and 5 * 3 = 15.",
        "Target < 140/90 mmHg; > 5 L needs 6–8 g/L albumin.",
        "Carriers of CYP2C19 *2/*3 or *17; if p<0.05 & n>30.",
    ],
)
def test_doses_units_ranges_superscripts_and_chemical_names_survive(text: str) -> None:
    assert clean(text) == text.replace("--", "–") + "\n"


@given(st.lists(st.sampled_from(KEPT), min_size=1, max_size=6), st.sampled_from([" ", ", ", "\n", "\n- ", "。", " and "]))
def test_what_a_dose_hangs_on_survives_beside_anything(pieces: list[str], joint: str) -> None:
    assert clean(joint.join(pieces)) == joint.join(pieces) + "\n"


@given(st.lists(st.sampled_from(KEPT), min_size=1, max_size=4))
def test_a_unit_survives_inside_a_table_a_link_an_emphasis_and_a_tag(pieces: list[str]) -> None:
    text = "; ".join(pieces)
    table = f"| Drug | Dose |\n|---|---|\n| X | {text} |"
    for marked in (f"<p>{text}</p>", f"**{text}**", f"<td>{text}</td>", table):
        assert text in clean(marked)


WILD = st.text(alphabet=st.sampled_from("ab1 \n\t\r\x0c|-*`_>#[].~é\u00a0&;<>/!(){}:\"'^\\lt=中，①\u200b\u0301"), max_size=60)
TOKENS = st.lists(
    st.sampled_from(
        ["&lt;", "&amp;", "amp;", "<b>", "</b>", "<sup>", "2</sup>", "<!--", "-->", "**", "*", "__", "[a](/b)", "![x](y)", "](", "[",
         "{: .x}", "> ", "\n", "\n\n", "|", "---", "| a | b |\n|--|--|\n", "<table>", "<tr>", "<td>", "</table>", "[1]", "[1]: http://x\n",
         "  ", "- ", "5 mg", "\\_", "\\*", "Â°", "â€™", "[user]", "---\n", "title: x\n", ": d", "^", "<math>", "</math>", "<br>", "\x0c"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(WILD | TOKENS | st.text(max_size=40))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@given(st.text(alphabet=st.sampled_from("ab1 \n|-*`_>#[].~é\u00a0"), max_size=80))
def test_no_markup_costs_a_digit(text: str) -> None:
    assert clean(text).count("1") == text.count("1")


@given(st.lists(st.sampled_from(["[user]", "[assistant]", "[system]"]), min_size=1, max_size=5), WILD)
def test_the_role_lines_of_a_conversation_stay_as_they_are(roles: list[str], said: str) -> None:
    said = said.replace("[", "").replace("<", "").replace("{", "").replace("\x0c", "").replace("|", "")
    text = "\n".join(f"{role}\n{said}" for role in roles)
    assert [line for line in clean(text).split("\n") if line.startswith("[") and line.endswith("]")] == roles


def test_a_threshold_that_starts_a_line_is_no_quotation_mark() -> None:
    assert clean("> Note: see below\n> 5 L removed\n>= 3 points") == "Note: see below\n> 5 L removed\n>= 3 points\n"


def test_emphasis_links_comments_and_code_marks_go_and_headings_and_bullets_stay() -> None:
    text = "## **Rate** control\r\n\r\n<!-- draft -->- *Beta blockers* `first`, see [the trial](https://example.org/x)   \r\n***P. acnes***"
    assert clean(text) == "## Rate control\n\n- Beta blockers first, see the trial\nP. acnes\n"


def test_dashes_between_words_become_typographic_ones() -> None:
    assert clean("Stop -- unless NYHA II--III") == "Stop — unless NYHA II–III\n"


def test_a_table_row_becomes_one_sentence_and_no_cell_is_lost() -> None:
    table = "| Drug | Dose | Note |\n|---|:--:|---|\n| **Apixaban** | 5 mg | |\n| Dabigatran | 150 mg | a \\| b | surplus |"
    assert clean(table) == "- Drug: Apixaban; Dose: 5 mg.\n- Drug: Dabigatran; Dose: 150 mg; Note: a | b; surplus.\n"


def test_a_flow_chart_drawn_with_bars_keeps_its_words() -> None:
    chart = "Sepsis?\n  |\n  +--> Fluoroquinolone in 12 months?\n  |     YES --> Avoid it\n  |     |   NO --> It is an option"
    kept = clean(chart)
    for said in ("Fluoroquinolone in 12 months?", "YES --> Avoid it", "NO --> It is an option"):
        assert said in kept
    assert "|" not in kept


def test_the_packages_advertisement_goes_and_the_clinical_sentence_beside_it_stays() -> None:
    line = (
        "> **OpenMedicine Calculator:** `calculate_x` -- available via MCP for GRACE 2.0 scoring. Assign it at 1 and 5 minutes."
    )
    assert clean(f"Before.\n{line}\nAfter.") == "Before.\nAssign it at 1 and 5 minutes.\nAfter.\n"


def test_superscripts_and_subscripts_in_tags_keep_their_meaning() -> None:
    text = "10<sup>9</sup>/L, H<sub>2</sub>PO<sub>4</sub><sup>2–</sup>, V<sub>max</sub>, I<sup>A</sup>, 4<sup>th</sup>"
    assert clean(text) == "10⁹/L, H₂PO₄²⁻, Vmax, I^A, 4th\n"


def test_entities_become_characters_and_a_comparison_is_no_tag() -> None:
    assert clean("p &lt; 0.05 &amp;gt; &#x3B2;-blocker 5&nbsp;&#xB5;g <b>if</b> Na<b or <5 mg") == (
        "p < 0.05 > β-blocker 5 µg if Na<b or <5 mg\n"
    )


def test_an_html_table_becomes_bullets_with_its_headers() -> None:
    table = '<table><thead><tr><th colspan="2">Doses</th></tr><tr><th>Drug</th><th>Dose</th></tr></thead><tr><td>X</td><td>5&nbsp;mg\n</td></tr></table>'
    assert clean(table) == "Doses\n- Drug: X; Dose: 5 mg.\n"


def test_a_formula_in_mathml_reads_as_text() -> None:
    math = "<math><mi>V</mi><mo>=</mo><mfrac><mrow><mn>1</mn><mo>+</mo><mi>x</mi></mrow><msup><mi>r</mi><mn>2</mn></msup></mfrac><annotation>@@</annotation></math>"
    assert clean(f"So {math}.") == "So V=(1+x)/r².\n"


def test_textbook_markdown_loses_its_attributes_pointers_and_pictures_and_keeps_captions_and_terms() -> None:
    text = (
        '---\ntitle: "The Heart"\nlayout: page\n---\n\n<div data-type="abstract" markdown="1">\nThe **heart**{: data-type="term"} pumps '
        "([\\[link\\]](#fig-1)), as in [\\[link\\]](#tbl-2).\n</div>\n\n"
        '![A drawing.](../resources/h.jpg "The heart, in front.&#xA9;"){: #fig-1 data-title="Heart"}\nIt fills \\_\\_\\_\\_\\_ times. See [here][1].\n\n'
        "atrium\n: upper chamber\n^\n\n[1]: http://example.org/heart\n"
    )
    assert clean(text) == (
        "# The Heart\n\nThe heart pumps, as in the table.\n\nThe heart, in front.©\nIt fills _____ times. See here.\n\n- atrium: upper chamber\n"
    )


def test_numbered_citations_of_a_paper_stay() -> None:
    assert clean("As shown [12][13], and in [4].") == "As shown [12][13], and in [4].\n"


@pytest.mark.parametrize(
    "line",
    [
        "Skip to main content",
        "This site uses cookies to improve your experience.",
        "© 2021 Example Clinic. All rights reserved.",
        "Page 3 of 12",
        "第 3 页 共 12 页",
        "Print this page",
        "Please enable JavaScript to view this page.",
    ],
)
def test_what_stands_around_a_page_goes(line: str) -> None:
    assert clean(f"Asthma is common.\n{line}\nIt is treated.") == "Asthma is common.\nIt is treated.\n"


@pytest.mark.parametrize(
    "line",
    ["Oatmeal cookies raise glucose.", "Subscribe to no theory.", "Page the registrar.", "His privacy matters most.", "1"],
)
def test_clinical_sentences_with_the_same_words_stay(line: str) -> None:
    assert clean(line) == line + "\n"


def test_headers_and_footers_repeated_on_each_page_of_a_form_fed_text_go() -> None:
    pages = [f"Guideline 2020 | {number}\nAdult: 5 mg\nText {number}.\nDepartment of Health" for number in range(1, 6)]
    assert clean("\x0c".join(pages)) == "\n".join(f"Adult: 5 mg\nText {number}." for number in range(1, 6)) + "\n"


def test_invisible_and_control_characters_go_and_line_ends_agree() -> None:
    assert clean("\ufeffa\u200bb\u00adc\x00d\re\r\nf\u2028g\x0bh\u202ei") == "abcd\ne\nf\ng\nhi\n"


def test_mojibake_is_mended_only_where_there_is_no_other_reading() -> None:
    assert clean("patientâ€™s 5 Âµg Î²-blocker 37 Â°C â‰¥ 3") == "patient’s 5 µg β-blocker 37 °C ≥ 3\n"
    assert clean("Âge, São, Île, â, Ã, tête-à-tête") == "Âge, São, Île, â, Ã, tête-à-tête\n"
    assert clean("â€ℓ") == "â€ℓ\n"  # was never UTF-8


def test_a_scraped_page_loses_its_indentation_and_gets_its_list_back() -> None:
    text = "Key points:\n                \n                Check for:         - Fever.    -  Night sweats.   5  -  10 mg"
    assert clean(text) == "Key points:\n\nCheck for:\n- Fever.\n- Night sweats. 5 - 10 mg\n"


def test_a_document_without_a_word_is_tagged_for_dropping() -> None:
    source = Source(id="s", title="s", licence="CC0-1.0", tier="none")
    found = list(Clean().run([carry(Document(id="s/1", text="<!-- x -->\n---\n", source=source, domain="general"))]))
    assert found[0].metadata["drop"] == "empty after cleaning"


@pytest.mark.parametrize(
    "piece", ["[", "<!--", "![", "<div", "[a](/", " ", "{:", "&amp;", "*", "\n: ", "<table", "|", "((", "\n\n-"]
)
def test_text_made_to_be_slow_is_not(piece: str) -> None:
    clean(piece * (100_000 // len(piece)))

"""Language by script and function words: hand-written sentences, short texts, tables, lists of drugs, and anything at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_build.steps.language import LanguageStep, language_of
from data_build.steps.tagging import carry
from medmodel.records import Document, Source


def language(text: str, stated: str = "en") -> str:
    return language_of(text, stated).language


@pytest.mark.parametrize(
    "text",
    [
        "Give adrenaline.",
        "BP 120/80, HR 70, SpO2 98 %",
        "- amoxicillin 500 mg\n- metformin 1 g\n- atorvastatin 20 mg",
        "Drug | Dose | Route\n--- | --- | ---\nHeparin | 5000 IU | sc",
        "β-blockers such as metoprolol; TNF-α; 5 µg; café-au-lait spots; Sjögren and Guillain–Barré syndromes; de novo, et al.",
        "[user]\nIs it safe?\n[assistant]\nYes.\n",
        "She had been taught by Dr. von der Heide, Dr. de la Cruz and Dr. van den Berg.",
    ],
)
def test_english_without_function_words_and_with_foreign_names_is_english(text: str) -> None:
    assert language(text) == "en"


@pytest.mark.parametrize(
    "text",
    [
        "头痛",
        "口服阿司匹林100 mg qd。",
        "HbA1c 7.2%，建议加用SGLT2抑制剂。",
        "阿莫西林 500 mg；二甲双胍 1 g；阿托伐他汀 20 mg",
        "[user]\n可以吗？\n[assistant]\n可以。\n",
        "患者術後恢復良好，繼續觀察。",
        "《ガンダム》是日本的机器人动画系列作品，自一九七九年开始播出，影响了许多后来的创作者与观众。",
    ],
)
def test_chinese_with_units_abbreviations_and_quoted_names_is_chinese(text: str) -> None:
    assert language(text) == "zh"


@pytest.mark.parametrize(
    "text",
    [
        "患者服用 metformin 和 atorvastatin 控制血糖血脂。",
        "Acute heart failure with pulmonary oedema. 急性心力衰竭伴肺水肿，应立即给予利尿剂。",
    ],
)
def test_both_in_one_text_are_mixed(text: str) -> None:
    assert language(text) == "mixed"


@pytest.mark.parametrize(
    "text",
    [
        "Der Patient wurde nicht operiert und ist seit gestern auf der Station.",
        "Le patient est arrivé avec une douleur dans la poitrine qui dure depuis deux heures.",
        "El paciente llegó con una fiebre alta que también le duele más por la noche.",
        "Il paziente è arrivato con una febbre che non passa, anche se sono passati giorni della cura.",
        "O paciente não tem febre, mas são frequentes as dores e também uma tosse seca.",
        "De patiënt is niet opgenomen, maar wordt ook voor het onderzoek een dag gehouden naar wens.",
        "Pacjent nie ma gorączki, ale jest osłabiony oraz skarży się na ból.",
        "Patienten är inte inlagd och det finns ett behov som är stort för vården.",
        "Pasien tidak demam dan datang dengan keluhan yang berat untuk pertama kali.",
        "У пациента высокая температура и кашель.",
        "患者は三日前から発熱しており、咳も続いているため来院した。",
        "환자는 사흘 전부터 열이 나고 기침을 한다.",
        "المريض يعاني من الحمى",
        "Ο ασθενής έχει πυρετό και βήχα.",
    ],
)
def test_other_languages_are_other(text: str) -> None:
    assert language(text) == "other"


def test_a_text_without_letters_has_the_language_that_its_record_states() -> None:
    assert [language("7 × 8 = 56", stated) for stated in ("en", "zh", "de")] == ["en", "zh", "other"]


def test_shares_weigh_a_chinese_character_as_three_letters() -> None:
    assert language_of("头痛 headache") == ("mixed", 0.57, 0.43)  # 8 letters against 2 characters
    assert language_of("头痛 CT") == ("zh", 0.0, 1.0)  # an abbreviation says nothing


def test_the_step_tags_and_leaves_the_text() -> None:
    source = Source(id="s", title="s", licence="CC0-1.0", tier="none")
    carrier = carry(Document(id="s/1", text="头痛三天。\n", source=source, domain="general"))
    (found,) = LanguageStep().run([carrier])
    assert found.metadata["tags"] == {"language": "zh", "language_en": 0.0, "language_zh": 1.0}
    assert (found.text, found.metadata["drop"]) == ("头痛三天。\n", "")


WILD = st.text(alphabet=st.sampled_from("aZé the和痛カのи한β5 .\n[]|\U0001f600\ud800"), max_size=80)


@given(WILD | st.text(max_size=80))
def test_any_text_has_a_language_and_shares_that_do_not_exceed_one(text: str) -> None:
    found = language_of(text)
    assert found.language in ("en", "zh", "mixed", "other")
    assert min(found.en, found.zh) >= 0
    assert found.en + found.zh <= 1.01  # rounded


@given(st.text(alphabet="abcdefgh 头痛发热\n", max_size=60))
def test_punctuation_and_numbers_between_words_change_nothing(text: str) -> None:
    assert language_of(text.replace(" ", " 12.5, ")) == language_of(text)


@given(WILD)
def test_saying_it_twice_changes_no_script(text: str) -> None:
    once, twice = language_of(text), language_of(f"{text}\n{text}")
    assert (once.zh > 0) == (twice.zh > 0)

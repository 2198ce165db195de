"""Which script a text is in, and what may stand in Chinese without being foreign."""

import pytest

from evals.script import foreign, mixed


@pytest.mark.parametrize(
    "text",
    [
        "每天一片。",
        "阿哌沙班（apixaban）2.5 mg，每日两次。",
        "eGFR 低于 30 mL/min 时禁用二甲双胍，监测 INR 和 HbA1c。",
        "按 CHA2DS2-VASc 评分和 NYHA 分级决定是否抗凝。",
        "",
    ],
)
def test_abbreviations_units_and_drugs_are_not_foreign_in_chinese(text: str) -> None:
    assert foreign(text, "zh") == 0.0


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Take one tablet a day.", "zh"),
        ("推荐 anticoagulation therapy 用于 patients with 房颤。", "zh"),
        ("Take 每天一片 of it.", "en"),
        ("参考资料未回答此问题。", "en"),
    ],
)
def test_the_other_language_is_mixed_in(text: str, language: str) -> None:
    assert mixed(text, language)  # type: ignore[arg-type]


def test_one_foreign_word_in_a_long_text_is_a_name() -> None:
    assert not mixed(
        "这是一项关于高血压患者降压治疗的研究，由某大学主持，名为 Framingham，随访多年，结果可靠，证据充分，推荐采用。", "zh"
    )
    assert not mixed("The hospital of 北京 " + "has a guideline for it and this is what the guideline says about it " * 3, "en")

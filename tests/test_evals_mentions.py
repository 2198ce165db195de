"""What counts as said: whole words, in one sentence, and not denied there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.mentions import example, normalised, says

SAID = [
    ("Check the INR weekly.", "inr"),
    ("INR monitoring: every 4 weeks", "inr + monitor*"),
    ("Monitor potassium and creatinine.", "potassium + monitor*"),
    ("**Contraindicated in pregnancy:** ACE inhibitors, ARBs", "contraindicat* + ace inhibitor*"),
    ("Avoid NSAIDs in heart failure.", "avoid* + nsaid*"),
    ("NSAIDs should not be used.", "not + nsaid*"),
    ("Keep the pressure below 185/110 mmHg.", "185/110"),
    ("If BP cannot be reduced below 185/110: no alteplase.", "185/110"),  # a condition denies nothing
    ("Non-TNF biologics are preferred", "non-tnf"),
    ("Do not forget INR monitoring.", "inr"),
    ("Antibiotics must not be delayed.", "antibiotic*"),
    ("Do not delay antibiotics.", "antibiotic*"),
    ("Never start it without checking renal function.", "renal function"),
    ("DELAY insulin until K+ > 3.5 mmol/L", "delay* + insulin"),
    ("Do not give insulin, replace potassium first.", "replace*"),
    ("No antibiotic was needed. Check the INR.", "inr"),  # denied in another sentence, of another thing
    ("每周监测INR。", "inr"),
    ("ＩＮＲ每周复查", "inr"),
    ("妊娠期禁用甲氨蝶呤。", "禁 + 甲氨蝶呤"),
    ("避免使用NSAIDs", "避免 + nsaid*"),
    ("不要忘记监测血钾", "血钾"),
    ("出现不良反应时立即监测肝功能", "肝功能"),  # 不良 denies nothing
    ("先补钾，暂不使用胰岛素", "补钾"),
]
UNSAID = [
    ("This does not need INR monitoring.", "inr"),
    ("INR monitoring is not required.", "inr"),
    ("INR monitoring isn't routinely needed.", "inr + monitor*"),
    ("INR is unnecessary.", "inr"),
    ("There is no need for INR monitoring.", "inr"),
    ("Without INR monitoring it works as well.", "inr"),
    ("A doctor needs no INR.", "inr"),
    ("Check the binder.", "inr"),
    ("Winter is coming.", "inr"),
    ("Give 12.5 mg", "2.5 mg"),
    ("Monitor the patient. Potassium is a metal.", "potassium + monitor*"),  # two sentences
    ("Metformin is not contraindicated at this eGFR.", "contraindicat* + metformin"),
    ("NSAIDs need not be avoided.", "avoid* + nsaid*"),
    ("It is not safe in pregnancy.", "safe in pregnan*"),
    ("Avoid lisinopril instead of lowering it.", "lisinopril"),
    ("不需要监测INR。", "inr"),
    ("无需监测肝功能", "肝功能"),
    ("肝功能监测并非必需", "肝功能"),
    ("不建议使用阿司匹林", "阿司匹林"),
    ("肾功能", "肝功能"),
    ("", "inr"),
]


@pytest.mark.parametrize(("text", "form"), SAID)
def test_what_is_said_is_found(text: str, form: str) -> None:
    assert says(text, form)


@pytest.mark.parametrize(("text", "form"), UNSAID)
def test_what_is_denied_or_absent_is_not_said(text: str, form: str) -> None:
    assert not says(text, form)


@given(st.text(max_size=200))
def test_what_does_not_stand_in_a_text_is_not_said(text: str) -> None:
    assert not says(text, "血钾") or "血钾" in normalised(text)


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_sentence_of_its_own_is_said_whatever_stands_around_it(before: str, after: str) -> None:
    assert says(f"{before}\nMonitor potassium\n{after}", "potassium + monitor*")


def test_an_example_says_its_form() -> None:
    for form in ("avoid* + nsaid*", "185/110", "禁 + 孕", "hla-b", "k+", "2.5 mg"):
        assert says(example(form), form)

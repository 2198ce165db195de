"""The support check, by hand-written pairs: a claim that could harm where its quote would not is never supported."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medmodel.rag.support import check, quantities, terms

DOAC = "Apixaban 5 mg twice daily or rivaroxaban 20 mg once daily is recommended in nonvalvular atrial fibrillation."
RENAL = "Reduce apixaban to 2.5 mg BID with two of: age ≥ 80 years, weight ≤ 60 kg, creatinine ≥ 1.5 mg/dL."
STROKE = "Prasugrel is not recommended in patients with previous stroke, and ticagrelor is recommended instead for 12 months."
BOTH = "Do not give metformin when eGFR is below 30 mL/min/1.73 m² and do not stop insulin before surgery."
HARM = "Class III (Harm): dronedarone should not be used in NYHA class IV heart failure."
STATIN = "High-intensity statin therapy with atorvastatin 40–80 mg reduces cardiovascular events by 25% over 5 years."
GOUT = "Prednisolone 30–40 mg daily for 5 days is given orally in acute gout."
ZH = "成人每日服用阿司匹林100毫克预防卒中"
EVERY = (DOAC, RENAL, STROKE, BOTH, HARM, STATIN, GOUT, ZH)

CHANGED = [
    # quantities: number, unit, comparator, range, decimal
    ("number", RENAL, ("2.5 mg", "5 mg")),
    ("number", RENAL, ("2.5 mg", "2.5 mcg")),
    ("number", RENAL, ("≥ 80", "≤ 80")),
    ("number", RENAL, ("≥ 80", "80")),
    ("number", RENAL, ("1.5 mg/dL", "1.5 mg/L")),
    ("number", RENAL, ("two of", "three of")),
    ("number", STATIN, ("25%", "52%")),
    ("number", STATIN, ("25%", "25")),
    ("number", STATIN, ("5 years", "5 months")),
    ("number", GOUT, ("30–40 mg", "40 mg")),
    ("number", GOUT, ("30–40", "30–400")),
    ("number", BOTH, ("below 30", "above 30")),
    ("number", "Digoxin .125 mg is used for heart rate control.", (".125", "125")),
    ("number", "Give 2,5 mg of bisoprolol before the operation.", ("2,5", "25")),
    ("number", "Give 10,000 IU of heparin before the procedure.", ("10,000", "1,000")),
    ("number", "A base excess of -4 mmol/L means acidosis after trauma.", ("-4", "4")),
    ("frequency", "Vancomycin 15 mg/kg q8h is adjusted to its trough level.", ("q8h", "q12h")),
    ("number", "Tenecteplase is given within three hours of symptom onset.", ("three", "six")),
    # how often
    ("frequency", DOAC, ("once daily", "three times daily")),
    ("frequency", GOUT, ("daily", "weekly")),
    ("frequency", "Gabapentin 300 mg TID is started in neuropathic pain.", ("TID", "QID")),
    # partners: each word is in the quote, beside another
    ("frequency", DOAC, ("twice daily", "once daily")),
    ("order", DOAC, ("Apixaban 5 mg twice daily or rivaroxaban 20 mg", "Apixaban 20 mg")),
    ("drug", DOAC, ("Apixaban 5 mg twice daily or rivaroxaban", "Rivaroxaban 5 mg twice daily or apixaban")),
    ("limit", STROKE, ("not recommended in patients with previous stroke, and ticagrelor is", "recommended in patients with previous stroke, and ticagrelor is not")),
    ("opposite", "A raised TSH means an increased dose, a low TSH a reduced dose of it.", ("increased dose, a low TSH a reduced", "reduced dose, a low TSH an increased")),
    # drugs and grades
    ("drug", RENAL, ("apixaban", "rivaroxaban")),
    ("drug", STATIN, ("atorvastatin", "simvastatin")),
    ("drug", "Sodium bicarbonate is given for severe acidosis of the blood.", ("Sodium bicarbonate", "Calcium gluconate")),
    ("drug", "Beta blockers improve survival in stable heart failure patients.", ("Beta blockers", "ACE inhibitors")),
    ("drug", "Warfarin is monitored by INR when the dose is stable.", ("Warfarin", "Warfarin with fluconazole")),
    ("grade", HARM, ("Class III", "Class I")),
    ("grade", HARM, ("class IV", "class II")),
    ("code", "Anticoagulate men with a CHA2DS2-VASc score of 2 in fibrillation.", ("CHA2DS2-VASc", "CHADS2")),
    # limits
    ("limit", BOTH, ("Do not give", "Give")),
    ("limit", BOTH, ("do not stop", "stop")),
    ("limit", "Thrombolysis is used only in massive embolism with shock.", ("only ", "")),
    ("limit", "Aspirin is given to all patients unless allergic to it.", ("unless ", "")),
    ("limit", "Nitrates are contraindicated with sildenafil within 24 hours.", ("contraindicated", "useful")),
    ("limit", "Patients without diabetes start statins at 7.5% risk.", ("without", "with")),
    ("limit", "Use nitrofurantoin for cystitis, but not in late pregnancy.", (", but not in late pregnancy", "")),
    # opposites and qualifiers
    ("opposite", STATIN, ("reduces", "increases")),
    ("opposite", BOTH, ("before", "after")),
    ("opposite", "The target systolic pressure is 130 mmHg in diabetes.", ("systolic", "diastolic")),
    ("opposite", "Start allopurinol during the acute flare of gout.", ("Start", "Stop")),
    ("opposite", "Metoprolol improves survival in stable heart failure.", ("improves", "worsens")),
    ("opposite", "Hyperkalemia requires urgent calcium with ECG changes.", ("Hyperkalemia", "Hypokalemia")),
    ("limit", "Untreated patients carry a considerable risk of stroke.", ("Untreated", "Treated")),
    ("qualifier", GOUT, ("orally", "intravenously")),
    ("qualifier", GOUT, ("acute", "chronic")),
    ("qualifier", "Ibuprofen is avoided in dehydrated patients with fever.", ("dehydrated", "dehydrated pregnant")),
    # words
    ("overlap", "Ibuprofen worsens renal function in dehydrated patients.", ("renal function in dehydrated patients", "appetite, sleep, mood and gait")),
    # Chinese
    ("number", ZH, ("100毫克", "300毫克")),
    ("number", ZH, ("100毫克", "100克")),
    ("drug", ZH, ("阿司匹林", "氯吡格雷")),
    ("limit", "孕妇不应使用华法林预防血栓", ("不应", "应")),
    ("overlap", "成人口服补液预防脱水并监测尿量", ("补液预防脱水并监测尿量", "抗生素治疗肺部感染")),
]  # fmt: skip


@pytest.mark.parametrize("quote", EVERY)
def test_a_sentence_supports_itself(quote: str) -> None:
    assert check(quote, quote) == ""


@pytest.mark.parametrize(("kind", "quote", "change"), CHANGED)
def test_a_claim_that_changes_what_harms_is_not_supported(kind: str, quote: str, change: tuple[str, str]) -> None:
    assert change[0] in quote
    assert check(quote.replace(*change), quote).split(":")[0] == kind


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("Apixaban 5 mg twice daily or rivaroxaban 20 mg once daily is recommended.", DOAC),
        ("Apixaban 5 mg BID or rivaroxaban 20 mg QD is recommended in nonvalvular atrial fibrillation.", DOAC),
        ("In acute gout give prednisolone 30-40 mg daily for 5 days.", GOUT),
        ("Reduce Eliquis to 2.5 mg twice daily with two of: age 80 years or more, weight ≤60 kg, creatinine at least 1.5 mg/dL.", RENAL),
        ("NSAIDs should not be used in heart failure with renal dysfunction.", "NSAIDs should be avoided in heart failure with renal dysfunction."),
        ("The target INR is 2.0–3.0 when warfarin is used.", "When warfarin is used, the target INR is 2.0–3.0."),
        ("成人每日服用阿司匹林100毫克", ZH),
    ],
)  # fmt: skip
def test_a_shorter_or_differently_spelt_claim_is_supported(claim: str, quote: str) -> None:
    assert check(claim, quote) == ""


@pytest.mark.parametrize("claim", ["", "Yes.", "Warfarin, warfarin!", "It is the most recommended of all."])
def test_a_claim_that_says_nothing_is_not_supported(claim: str) -> None:
    assert check(claim, "Warfarin is the most recommended of all in valvular disease.")


def test_units_comparators_and_ranges_have_one_spelling() -> None:
    assert quantities("≥ 50 mcg") == quantities(">= 50 μg") == quantities("at least 50 ug") == quantities("≥ 0.05 mg") != set()
    assert quantities("within 2 hours") == quantities("within two h") == {"2 h"}
    assert quantities("5-10 mg") == quantities("5 to 10 mg") == {"5–10 mg"}
    assert quantities("10⁹/L") != quantities("10/L")
    assert quantities("however 3 beds") == {"3"}


WORDS = st.sampled_from([*" ".join(EVERY).split(), "q8h", "≥", "–", ".5", "or more", "10⁹/L", "IV", "1:1000", "ſix", "½", "不"])


@given(st.one_of(st.lists(WORDS, max_size=30).map(" ".join), st.text(max_size=200)))
def test_any_text_is_read_and_never_refused_by_itself_but_for_being_short(text: str) -> None:
    assert check(text, text).startswith("too short") or check(text, text) == ""
    assert all(term.value for term in terms(text))


@given(st.permutations(DOAC.rstrip(".").split()))
def test_a_shuffled_dose_is_never_supported(words: list[str]) -> None:
    claim = " ".join(words)
    doses = [word for word in words if word in ("5", "20", "Apixaban", "rivaroxaban")]
    assert doses == ["Apixaban", "5", "rivaroxaban", "20"] or check(claim, DOAC)

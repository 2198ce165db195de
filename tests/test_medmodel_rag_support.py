"""The support check, by hand-written pairs: a claim that could harm where its quote would not is never supported."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medmodel.errors import ArtifactError
from medmodel.rag import entailment
from medmodel.rag.classes import kin
from medmodel.rag.support import check, judged, quantities, terms, verdict

DOAC = "Apixaban 5 mg twice daily or rivaroxaban 20 mg once daily is recommended in nonvalvular atrial fibrillation."
RENAL = "Reduce apixaban to 2.5 mg BID with two of: age ≥ 80 years, weight ≤ 60 kg, creatinine ≥ 1.5 mg/dL."
STROKE = "Prasugrel is not recommended in patients with previous stroke, and ticagrelor is recommended instead for 12 months."
BOTH = "Do not give metformin when eGFR is below 30 mL/min/1.73 m² and do not stop insulin before surgery."
HARM = "Class III (Harm): dronedarone should not be used in NYHA class IV heart failure."
STATIN = "High-intensity statin therapy with atorvastatin 40–80 mg reduces cardiovascular events by 25% over 5 years."
GOUT = "Prednisolone 30–40 mg daily for 5 days is given orally in acute gout."
BUT = "Naltrexone is offered to patients with alcohol use disorder, but naltrexone is not given before surgery or to patients on opioids, but later."
ZH = "成人每日服用阿司匹林100毫克预防卒中"
EVERY = (DOAC, RENAL, STROKE, BOTH, HARM, STATIN, GOUT, BUT, ZH)

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
        ("Apixaban 5 mg BID or rivaroxaban 20 mg QD is recommended in nonvalvular atrial fibrillation.", DOAC),
        ("In acute gout give prednisolone 30-40 mg daily for 5 days.", GOUT),
        ("Reduce Eliquis to 2.5 mg twice daily with two of: age 80 years or more, weight ≤60 kg, creatinine at least 1.5 mg/dL.", RENAL),
        ("NSAIDs should not be used in heart failure with renal dysfunction.", "NSAIDs should be avoided in heart failure with renal dysfunction."),
        ("The target INR is 2.0–3.0 when warfarin is used.", "When warfarin is used, the target INR is 2.0–3.0."),
    ],
)  # fmt: skip
def test_a_shorter_or_differently_spelt_claim_is_supported(claim: str, quote: str) -> None:
    assert check(claim, quote) == ""


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        # other units, other words, other order
        ("No more than 4000 mg of paracetamol may be taken in a day.", "The maximum dose of acetaminophen is 4 g per day."),
        ("Insulin is started at a glucose of 10 mmol/L.", "Insulin is started at a glucose of 180 mg/dL."),
        ("The drug is stopped three days before the operation.", "The drug is stopped 72 hours before surgery."),
        ("In people with kidney disease, NSAIDs are to be avoided.", "NSAIDs should not be used in patients with renal disease."),
        ("Adrenaline alone is not enough and needs a second modality.", "Epinephrine monotherapy is not sufficient; a second modality is needed."),
        ("Fluoxetine and sertraline are SSRIs that may be used in depression.", "SSRIs such as sertraline and fluoxetine may be used in depression."),
        ("When a patient is admitted with DKA, the SGLT2 inhibitor is stopped.", "Discontinue SGLT2 inhibitor on admission to hospital with diabetic ketoacidosis."),
        ("Atrial fibrillation occurred more often with a higher MAP target.", "A higher target of mean arterial pressure was associated with more atrial fibrillation."),
        ("孕妇不应使用华法林，可用低分子肝素代替。", "华法林禁用于妊娠期妇女，可改用低分子肝素。"),
        ("氯吡格雷75毫克每天一次，最多用12个月。", "氯吡格雷每日75 mg，疗程最长12个月。"),
    ],
)  # fmt: skip
def test_the_same_said_otherwise_is_supported(claim: str, quote: str) -> None:
    assert check(claim, quote) == ""


@pytest.mark.parametrize(
    ("label", "claim", "quote"),
    [
        ("contradicted", "Give 5 mg of bisoprolol every day in heart failure.", "Give 2.5 mg of bisoprolol every day in heart failure."),
        ("contradicted", "Insulin is started at a potassium of 10 mmol/L.", "Insulin is started at a potassium of 12 mmol/L."),
        ("contradicted", "Warfarin should be used during pregnancy in such women.", "Warfarin should not be used during pregnancy in such women."),
        ("contradicted", "Statins are given to children with high cholesterol.", "Statins are given to adults with high cholesterol."),
        ("contradicted", "The drug increases mortality in stable angina.", "The drug decreases mortality in stable angina."),
        ("contradicted", "Albumin must be given after the first crystalloids.", "Albumin may be considered after the first crystalloids."),
        ("contradicted", "Apixaban is preferred over warfarin, not the other way round.", "Warfarin is preferred over apixaban, not the other way round."),
        ("contradicted", "Rebleeding is commonest after 24 hours of onset.", "Rebleeding is commonest within 24 hours of onset."),
        ("not_found", "Ticagrelor is given for twelve months after stenting.", "A stent needs antiplatelet treatment for twelve months."),
        ("not_found", "Renal impairment calls for half the dose of the drug.", "The dose of the drug is halved in the very frail."),
        ("not_found", "Bananas ripen faster beside apples in a warm kitchen.", "Warfarin is monitored by INR when the dose is stable."),
        ("not_found", "Start allopurinol at a low dose in gout.", "Start allopurinol at a low dose in gout, if renal function allows it."),
    ],
)  # fmt: skip
def test_what_the_quote_denies_is_contradicted_and_what_it_never_says_is_not_found(label: str, claim: str, quote: str) -> None:
    found = verdict(claim, quote)
    assert found.label == label
    assert found.reason


@pytest.mark.parametrize(
    ("claim", "quote", "supported"),
    [
        ("A creatinine of 133 µmol/L halves the dose.", "A creatinine of 1.5 mg/dL halves the dose.", True),
        ("A sodium of 133 µmol/L halves the dose.", "A sodium of 1.5 mg/dL halves the dose.", False),  # no factor for it
        ("A calcium of 4 mEq/L halves the dose.", "A calcium of 4 mmol/L halves the dose.", False),  # two charges
        ("A bicarbonate of 15 mEq/L halves the dose.", "A bicarbonate of 15 mmol/L halves the dose.", True),
    ],
)
def test_laboratory_units_are_converted_where_the_analyte_says_how(claim: str, quote: str, supported: bool) -> None:
    assert (check(claim, quote) == "") is supported


@pytest.mark.parametrize(
    ("kind", "claim", "quote"),
    [
        # a condition dropped
        ("limit", "Apixaban 5 mg twice daily or rivaroxaban 20 mg once daily is recommended.", DOAC),
        ("limit", "成人每日服用阿司匹林100毫克", ZH),
        ("limit", "Oxygen is given in acute asthma.", "Oxygen is given in acute asthma with a saturation below 94%."),
        ("limit", "Steroids are given to children with croup.", "Steroids are given to children with severe croup."),
        # told of all, or of none but these
        ("limit", "Thrombolysis is offered to all patients with stroke.", "Thrombolysis is offered to selected patients with stroke."),
        ("limit", "Statins are offered only to men with diabetes.", "Statins are offered to men with diabetes."),
        ("limit", "Statins are offered to men except in diabetes.", "Statins are offered to men including in diabetes."),
        # surer than the quote, or less sure
        ("certainty", "Home treatment is mandatory in low-risk thrombosis.", "Home treatment is suggested in low-risk thrombosis."),
        ("certainty", "Zinc is given in measles (strong recommendation, high certainty).", "Zinc is given in measles (weak recommendation, low certainty)."),
        # lengthened, turned round
        ("overlap", "Fever, cough, deafness and rash are signs of measles in children.", "Fever, cough and rash are signs of measles in children."),
        ("order", "The panel suggests apixaban over heparin in cancer.", "The panel suggests heparin over apixaban in cancer."),
        ("order", "Give rectal midazolam or buccal diazepam for the seizure.", "Give buccal midazolam or rectal diazepam for the seizure."),
        ("number", "流感症状出现48小时后开始奥司他韦治疗效果最好。", "流感症状出现48小时内开始奥司他韦治疗效果最好。"),
    ],
)  # fmt: skip
def test_a_copy_that_says_more_than_its_quote_is_not_supported(kind: str, claim: str, quote: str) -> None:
    assert check(quote, quote) == ""
    assert check(claim, quote).split(":")[0] == kind


@pytest.mark.parametrize(
    ("claim", "quote", "supported"),
    [
        ("A patient of 60 kg gets 54 mg of alteplase.", "The dose of alteplase is 0.9 mg/kg, at most 90 mg.", True),
        ("A patient of 120 kg gets 90 mg of alteplase.", "The dose of alteplase is 0.9 mg/kg, at most 90 mg.", True),
        ("A patient of 60 kg gets 60 mg of alteplase.", "The dose of alteplase is 0.9 mg/kg, at most 90 mg.", False),
        ("A patient of 120 kg gets 108 mg of alteplase.", "The dose of alteplase is 0.9 mg/kg, at most 90 mg.", False),
        ("Someone with an eGFR of 24 should come off metformin.", "Metformin is stopped in people whose eGFR is below 30 mL/min.", True),
        ("Someone with an eGFR of 42 should come off metformin.", "Metformin is stopped in people whose eGFR is below 30 mL/min.", False),
        ("Once under 130/80 the drug can be stopped by the doctor.", "The drug can be stopped by the doctor below 130/80 mmHg.", True),
        ("Children get at most 75 mg of paracetamol per kilo a day.", "The daily maximum of acetaminophen in children is 75 mg/kg.", True),
        ("Sodium may climb by no more than 8 mmol/L a day.", "Sodium should not rise by more than 8 mmol/L in 24 hours.", True),
        ("Wait four and a half hours before the second scan.", "The second scan is made after 4.5 hours of waiting.", True),
        ("Wait a fortnight before the breath test is repeated.", "The breath test is repeated after two weeks of waiting.", True),
    ],
)  # fmt: skip
def test_numbers_that_follow_from_the_quotes_are_no_other_numbers(claim: str, quote: str, supported: bool) -> None:
    reason = check(claim, quote)
    assert reason.startswith("number") is not supported, reason


def test_a_class_is_another_name_of_its_members() -> None:
    assert kin("dexamethasone", "corticosteroid")
    assert kin("vitamin k antagonist", "warfarin")
    assert not kin("warfarin", "apixaban")
    assert not check("Steroids go in before the antibiotic.", "Dexamethasone is given before the antibiotic.").startswith(
        "drug"
    )


def test_in_other_words_a_change_of_grammar_is_a_doubt_and_in_a_copy_a_veto() -> None:
    class Asked:
        threshold = 0.5
        doubts: frozenset[str] | None = None

        def score(self, *given: object) -> float:
            self.doubts = given[-1]  # type: ignore[assignment]
            return 0.0

    asked = Asked()
    found = judged("Never lie down in the half hour that follows alendronate.", "Stay upright for 30 minutes after alendronate.", lambda: asked)  # fmt: skip
    assert asked.doubts is not None
    assert "limit" in asked.doubts
    assert found.label == "contradicted"
    copy = Asked()
    judged("Do not stay upright for 30 minutes after alendronate.", "Stay upright for 30 minutes after alendronate.", lambda: copy)  # fmt: skip
    assert copy.doubts is None


def test_another_scorer_decides_what_the_rules_leave_open_and_no_more() -> None:
    class Believer:
        threshold = 0.5

        def score(self, *_: object) -> float:
            return 1.0

    open_pair = ("Metformin lowers blood sugar in those who take it.", "Metformin reduces glucose, as its users can tell.")
    assert judged(*open_pair, Believer).label == "supported"
    assert judged("Give 5 mg of bisoprolol daily.", "Give 10 mg of bisoprolol daily.", Believer).label == "contradicted"


def test_a_scorer_that_is_neither_a_folder_nor_a_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "entailment.json").write_text("{}")
    with pytest.raises(ArtifactError, match="holds no weights"):
        entailment.load(str(tmp_path))


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


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from(["mg", "mL", "hours", "%", "mmol/L", "years"]))
def test_a_claim_with_another_number_is_never_supported(one: int, other: int, unit: str) -> None:
    claim, quote = (f"The patient is treated with {number} {unit} of the solution." for number in (one, other))
    assert (check(claim, quote) == "") is (one == other)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_get_a_verdict(claim: str, quote: str) -> None:
    found = verdict(claim, quote)
    assert found.label in ("supported", "contradicted", "not_found")
    assert bool(found.reason) is (found.label != "supported")


@pytest.mark.slow
@pytest.mark.parametrize(
    "wild",
    [
        "5 mg " * 20_000,
        "not " * 25_000,
        "A" * 100_000,
        "不" * 100_000,
        "((((" * 25_000,
        "1,2,3," * 16_000,
        "\u202e💊 " * 30_000,
    ],
)
def test_a_hundred_thousand_characters_get_a_verdict_too(wild: str) -> None:
    assert verdict(wild, DOAC).label != "supported"
    assert verdict(DOAC, wild).label != "supported"

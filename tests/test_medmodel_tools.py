"""Every tool says what it asks for in both languages, with a source; tables say how far they go; a question is read by rule."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medmodel import registry, tools
from medmodel.errors import InputError, UnknownName
from medmodel.records import ToolMissing, ToolOffer, ToolResult
from medmodel.tools import units
from medmodel.tools.drugs import drugs, find_drug, named_in
from medmodel.tools.inputs import numbers
from medmodel.tools.plugins import allergies, interactions, open_medicine, renal_dosing

ROOT = Path(__file__).parents[1]
SPECS = [tools.spec(name) for name in tools.names()]


def one(question: str) -> ToolOffer:
    offers = tools.find(question)
    assert offers, "no tool is offered"
    return offers[0]


def read_of(question: str) -> dict[str, Any]:
    return {reading.name: (reading.value, reading.unit) if reading.unit else reading.value for reading in one(question).read}


def test_there_are_ninety_tools_and_more_in_both_languages_each_with_a_source() -> None:
    assert len(SPECS) >= 90
    for spec in SPECS:
        assert spec.title, spec.name
        assert spec.title_zh, spec.name
        assert spec.source.citation, spec.name
        assert spec.source.doi or spec.source.url, spec.name
        assert spec.source.version.startswith(("open-medicine 0.", "medmodel ")), spec.name
        for wanted in spec.inputs:
            assert wanted.title, (spec.name, wanted.name)
            assert wanted.title_zh, (spec.name, wanted.name)
            assert all(choice.title_zh for choice in wanted.choices), (spec.name, wanted.name)


def test_every_unit_of_every_input_is_known_and_converts_into_its_own() -> None:
    for spec in SPECS:
        for wanted in spec.inputs:
            for unit in wanted.units:
                assert units.same_kind(unit, wanted.unit, wanted.analyte), (spec.name, wanted.name, unit)
            assert not wanted.units or wanted.units[0] == wanted.unit


def test_every_number_has_a_range_or_a_scale() -> None:
    open_ended = {
        (spec.name, wanted.name)
        for spec in SPECS
        for wanted in spec.inputs
        if wanted.kind in ("number", "integer") and (wanted.minimum is None or wanted.maximum is None)
    }
    counts = {("gold_copd", "exacerbations_past_year"), ("gold_copd", "hospitalizations_past_year"), ("convert_units", "value")}
    assert open_ended == counts


@pytest.mark.parametrize("name", tools.names())
def test_a_tool_that_is_told_nothing_asks_for_all_it_needs_and_computes_nothing(name: str) -> None:
    asked = tools.run(name, {})
    assert isinstance(asked, ToolMissing)
    assert {wanted.name for wanted in tools.spec(name).inputs if wanted.required} <= {wanted.name for wanted in asked.missing}


@pytest.mark.parametrize("name", [spec.name for spec in SPECS if spec.name in open_medicine._table()["tools"]])
def test_a_calculator_runs_at_both_ends_of_its_ranges_and_says_where_it_comes_from(name: str) -> None:
    for high in (False, True):
        inputs: dict[str, Any] = {}
        for wanted in tools.spec(name).inputs:
            if wanted.kind == "yes_no":
                inputs[wanted.name] = high
            elif wanted.kind == "choice":
                inputs[wanted.name] = wanted.choices[-1 if high else 0].value
            else:
                low_end, high_end = wanted.minimum or 0, 3 if wanted.maximum is None else wanted.maximum
                inputs[wanted.name] = high_end if high else max(low_end, 0.5 if wanted.kind == "number" else low_end)
        done = tools.run(name, inputs)
        assert isinstance(done, ToolResult)
        assert done.interpretation
        assert done.source.doi or done.source.url
        assert set(done.used) == set(inputs)


def test_no_calculator_of_the_package_is_forgotten() -> None:
    import pkgutil

    from open_medicine.mcp import calculators

    there = {module.name for module in pkgutil.iter_modules(calculators.__path__)}
    assert there == {*open_medicine._table()["tools"], *open_medicine.left_out()}


def test_calculators_load_without_the_package_mcp() -> None:
    code = "import sys; sys.modules['mcp'] = None; from medmodel import tools; print(tools.run('bmi', {'weight_kg': 80, 'height_cm': 180}).value)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "24.7"


def test_importing_tools_loads_no_calculator() -> None:
    code = "import sys; import medmodel.tools; print(any(name.startswith('open_medicine') for name in sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_a_finding_that_the_package_takes_for_absent_is_asked_for() -> None:
    asked = tools.run("hasbled", {"stroke": True})
    assert isinstance(asked, ToolMissing)
    assert {wanted.name for wanted in asked.missing} >= {"hypertension", "labile_inr", "elderly", "alcohol"}


def test_an_input_that_another_one_makes_necessary_is_asked_for_with_the_reason() -> None:
    joints = {"tender_joint_count": 4, "swollen_joint_count": 2, "global_health": 30, "variant": "crp"}
    asked = tools.run("das28", joints)
    assert isinstance(asked, ToolMissing)
    assert [wanted.name for wanted in asked.missing] == ["crp"]
    assert asked.why == "'crp' is needed when variant == crp"
    asked = tools.run("corrected_qtc", {"qt_ms": 400, "method": "bazett"})
    assert isinstance(asked, ToolMissing)
    assert asked.why == "one of heart_rate, rr_seconds is needed"


def test_what_was_left_out_and_what_was_converted_is_said_with_the_result() -> None:
    done = tools.run("anion_gap", {"sodium": 140, "chloride": 100, "bicarbonate": 24})
    assert isinstance(done, ToolResult)
    assert done.notes == ("Not given: without albumin the gap is not corrected for it",)
    done = tools.run("corrected_calcium", {"calcium": "2.2 mmol/L", "albumin": "30 g/L"})
    assert isinstance(done, ToolResult)
    assert done.used["albumin"] == "30 g/L = 3 g/dL"


def test_a_whole_number_is_made_whole_only_by_a_conversion() -> None:
    person = {"age": 55, "smoker": "no", "hypertensive": "no", "diabetic": "no", "is_male": "yes", "is_black": "no"}
    done = tools.run(
        "ascvd", {**person, "systolic_blood_pressure": 120, "total_cholesterol": "5.5 mmol/L", "hdl_cholesterol": 50}
    )
    assert isinstance(done, ToolResult)
    assert done.used["total_cholesterol"] == "5.5 mmol/L = 213 mg/dL"
    with pytest.raises(InputError, match="wants a whole number"):
        tools.run("ascvd", {**person, "total_cholesterol": 212.7})


# Renal dosing


@pytest.mark.parametrize(
    ("drug", "measure", "value", "starts"),
    [  # a boundary is the round number between two printed rows
        ("metformin", "egfr", 45, "500-2000 mg"),
        ("metformin", "egfr", 44.9, "Maximum 1000 mg"),  # the package falls to "Contraindicated" between 44 and 45
        ("metformin", "egfr", 30, "Maximum 1000 mg"),
        ("metformin", "egfr", 29.9, "Contraindicated"),
        ("gabapentin", "crcl", 30, "200-700 mg PO BID"),
        ("gabapentin", "crcl", 29.5, "200-700 mg PO once daily"),
        ("cefepime", "crcl", 60, "1-2 g IV q12h"),  # the label: above 60, and 30 to 60
        ("cefepime", "crcl", 60.1, "1-2 g IV q8h"),
        ("sotalol", "crcl", 39.9, "Contraindicated"),
        ("Glucophage", "egfr", 50, "500-2000 mg"),
        ("Zosyn", "crcl", 40, "2.25 g IV q6h"),
        ("万古霉素", "crcl", 35, "15-20 mg/kg IV q12h"),
    ],
)
def test_renal_dosing_by_any_name_at_its_boundaries(drug: str, measure: str, value: float, starts: str) -> None:
    done = tools.run("renal_dosing", {"drug": drug, measure: value})
    assert isinstance(done, ToolResult)
    assert str(done.value).startswith(starts)
    assert done.source.doi
    assert any(note.startswith("Row of the table: ") for note in done.notes)


def test_every_boundary_of_the_renal_table_lies_on_a_round_number_between_its_rows() -> None:
    assert len(renal_dosing.table()) == 23
    for row in renal_dosing.table().values():
        for upper, lower in zip(row["tiers"], row["tiers"][1:], strict=False):
            edge, _ = renal_dosing._edge(upper["min"], lower["max"])
            assert edge % 5 == 0
            assert renal_dosing.tier_of(row, edge + 0.01) is upper
            assert renal_dosing.tier_of(row, edge - 0.01) is lower


def test_renal_dosing_computes_the_measure_of_the_row_and_says_its_formula() -> None:
    person = {"age": 78, "weight": "55 kg", "is_female": True, "serum_creatinine": "1.5 mg/dL"}
    done = tools.run("renal_dosing", {"drug": "Neurontin", **person})
    assert isinstance(done, ToolResult)
    assert (
        "Computed: creatinine clearance by Cockcroft–Gault, 26.8 mL/min (doi:10.1159/000180580)." in done.notes
    )  # 62 x 55 x .85/108
    done = tools.run("renal_dosing", {"drug": "metformin", **person})
    assert isinstance(done, ToolResult)
    assert done.notes[0].startswith("Computed: eGFR by CKD-EPI 2021, 35.4")  # 142 x (1.5/.7)^-1.2 x .9938^78 x 1.012 = 35.449


def test_renal_dosing_does_not_take_an_egfr_for_a_clearance() -> None:
    asked = tools.run("renal_dosing", {"drug": "gabapentin", "egfr": 25})
    assert isinstance(asked, ToolMissing)
    assert asked.missing[0].name == "crcl"
    assert "the table's row for gabapentin is by creatinine clearance by Cockcroft–Gault" in asked.why


def test_a_drug_that_the_renal_table_lacks_says_so() -> None:
    done = tools.run("renal_dosing", {"drug": "ciprofloxacin", "crcl": 20})
    assert isinstance(done, ToolResult)
    assert done.value == "not in the table"
    assert "look it up in its prescribing information" in done.interpretation


# Interactions and allergies


@pytest.mark.parametrize(
    ("drug", "other", "level"),
    [
        ("Viagra", "nitroglycerin", "contraindicated"),
        ("isosorbide mononitrate", "tadalafil", "contraindicated"),
        ("Entresto", "lisinopril", "contraindicated"),
        ("ibuprofen", "华法林", "major"),
        ("azathioprine", "allopurinol", "major"),
        ("warfarin", "paracetamol", "not listed"),
        ("warfarin", "St John's wort", "not in the table"),
    ],
)
def test_an_interaction_is_told_as_far_as_the_table_goes_and_it_says_so(drug: str, other: str, level: str) -> None:
    for first, second in ((drug, other), (other, drug)):
        done = tools.run("drug_interaction", {"drug": first, "other": second})
        assert isinstance(done, ToolResult)
        assert done.value == level
        assert interactions.about() in done.notes
        assert "2026-11-25" in interactions.about()


@pytest.mark.parametrize(
    ("allergy", "drug", "level"),
    [
        ("penicillin", "meropenem", "may be given"),
        ("penicillin", "ceftriaxone", "depends on the reaction"),
        ("amoxicillin", "cephalexin", "avoid"),
        ("Augmentin", "piperacillin/tazobactam", "avoid"),
        ("ceftazidime", "aztreonam", "avoid"),
        ("Bactrim", "furosemide", "may be given"),
        ("aspirin", "ibuprofen", "caution"),
        ("warfarin", "warfarin", "avoid"),
        ("warfarin", "apixaban", "not listed"),
        ("peanut", "amoxicillin", "not in the table"),
    ],
)
def test_an_allergy_is_told_as_far_as_the_table_goes_and_it_says_so(allergy: str, drug: str, level: str) -> None:
    done = tools.run("drug_allergy", {"allergy": allergy, "drug": drug})
    assert isinstance(done, ToolResult)
    assert done.value == level
    assert allergies.about() in done.notes


def test_every_row_of_a_table_names_drugs_or_classes_that_are_known_and_has_its_source() -> None:
    known = {kind for drug in drugs() for kind in drug.kinds}
    for row in interactions.table()["pairs"]:
        assert {row["a"], row["b"]} <= known, row
        assert "prescribing information" in row["source"]
        assert row["level"] in ("contraindicated", "major")
    for row in allergies.table()["rules"]:
        assert {row["to"], row["given"]} <= known, row
        assert row["source"].startswith("Khan 2022")


def test_no_name_means_two_drugs() -> None:
    names = [name.lower() for drug in drugs() for name in drug.names]
    assert len(names) == len(set(names))


def test_a_drug_is_found_by_any_of_its_names_and_a_longer_name_goes_first() -> None:
    assert [find_drug(name).name for name in ("Eliquis", "TMP/SMX", "pip-tazo", "青霉素")] == [  # type: ignore[union-attr]
        "apixaban",
        "sulfamethoxazole-trimethoprim",
        "piperacillin-tazobactam",
        "penicillin",
    ]
    assert [mention.drug.name for mention in named_in("Augmentin, then 阿莫西林 and NSAIDs")] == [
        "amoxicillin-clavulanate",
        "amoxicillin",
    ]
    assert find_drug("gabapentine") is None


# The right tool from a question


@pytest.mark.parametrize(
    ("question", "tool", "value"),
    [
        ("What is the CURB-65 of a 70-year-old man with confusion, urea 8 mmol/L, RR 32, BP 88/50?", "curb65", 5),
        ("Calculate creatinine clearance: 70-year-old woman, 60 kg, creatinine 1.2 mg/dL", "cockcroft_gault", 41.3),
        ("72岁女性，体重60 kg，血肌酐106 μmol/L，Cockcroft-Gault肌酐清除率是多少？", "cockcroft_gault", 40.2),
        ("CHA2DS2-VASc评分：78岁男性，高血压，糖尿病，无卒中，无心力衰竭，无血管疾病", "chadsvasc", 4),
        ("QTc for QT 400 ms at HR 100 by Fridericia", "corrected_qtc", 474.3),
        ("Convert glucose 126 mg/dL to mmol/L", "convert_units", 6.994),
        ("血糖7.0 mmol/L换算成mg/dL是多少？", "convert_units", 126.1),
        ("GCS for E3 V4 M5?", "gcs", 12),
        ("Anion gap with Na 140, Cl 100 and HCO3 10", "anion_gap", 30),
        ("metformin dose at eGFR 44.5", "renal_dosing", "Maximum 1000 mg PO daily; do not initiate in this range"),
        ("Can I give sildenafil to a patient taking nitroglycerin?", "drug_interaction", "contraindicated"),
        ("对青霉素过敏的患者能用美罗培南吗？", "drug_allergy", "may be given"),
    ],
)
def test_a_question_with_all_inputs_is_computed(question: str, tool: str, value: object) -> None:
    offer = one(question)
    assert offer.tool == tool
    assert offer.result is not None
    assert offer.result.value == value


@pytest.mark.parametrize(
    "question",
    [
        "What is the target INR with warfarin in atrial fibrillation?",
        "Patient with BMI 31 and GCS 15: which antibiotic?",
        "Do statins belong to first-line treatment?",
        "When should aspirin be stopped before surgery?",
        "Should apixaban or warfarin be used to treat atrial fibrillation?",
        "华法林治疗房颤的目标INR是多少？",
        "Which score predicts stroke?",
        "My heart is racing, and the sofa is red.",
    ],
)
def test_a_question_that_names_no_calculator_is_offered_none(question: str) -> None:
    assert tools.find(question) == ()


def test_what_is_missing_is_named_and_nothing_is_computed() -> None:
    offer = one("CHA2DS2-VASc for a 72-year-old woman with hypertension?")
    assert offer.result is None
    assert {wanted.name for wanted in offer.missing} == {
        "congestive_heart_failure",
        "diabetes",
        "stroke_tia_thromboembolism",
        "vascular_disease",
    }


def test_a_number_without_its_unit_is_asked_for_where_two_units_are_in_use() -> None:
    read = read_of("Cockcroft-Gault for a 70-year-old man, 80 kg, creatinine 124")
    assert "serum_creatinine" not in read
    assert read["weight"] == (80.0, "kg")


def test_two_different_values_of_one_thing_are_asked_for() -> None:
    read = read_of("CKD-EPI: creatinine 1.2 mg/dL last week, creatinine 2.4 mg/dL today, 60-year-old man")
    assert "serum_creatinine" not in read
    assert "age" in read


@pytest.mark.parametrize(
    ("text", "stroke"),
    [
        ("prior stroke", True),
        ("no stroke", False),
        ("no diabetes, prior stroke", True),
        ("no diabetes, heart failure or stroke", False),
        ("no diabetes, stroke, and 70 years old", None),  # a list that does not say whether its no goes on
        ("his mother had a stroke", None),
        ("family history of stroke", None),
        ("to prevent whether or not a stroke", None),
        ("无卒中", False),
        ("既往卒中", True),
        ("否认卒中", False),
        ("母亲卒中", None),
        ("for stroke prevention", None),
        ("to prevent stroke", None),
        ("stroke: no", False),
        ("stroke (no)", False),
        ("stroke was ruled out", None),
        ("stroke in his father", None),
        ("预防卒中", None),
    ],
)
def test_a_finding_is_said_denied_or_asked_for(text: str, stroke: bool | None) -> None:
    assert read_of(f"CHA2DS2-VASc score? {text}").get("stroke_tia_thromboembolism") is stroke


@pytest.mark.parametrize(
    ("text", "female"),
    [
        ("a 70-year-old woman", True),
        ("70M", False),
        ("72F,", True),
        ("a man and his wife, she is well", None),
        ("78岁男性", False),
        ("the patient", None),
    ],
)
def test_sex_is_read_only_when_it_is_certain(text: str, female: bool | None) -> None:
    assert read_of(f"CHA2DS2-VASc score of {text}").get("female_sex") is female


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("temperature 38.5 °C", (38.5, "°C")),
        ("temp of 101.3 F", (101.3, "°F")),
        ("体温38.5℃", (38.5, "°C")),
        ("temperature 38.5", None),
    ],
)
def test_temperatures_in_both_scales(text: str, expected: object) -> None:
    assert read_of(f"NEWS2 score, {text}").get("temperature") == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("diabetes for 10 years", "age", None),
        ("70 years old, diabetes for 10 years", "age", (70.0, "years")),
        ("weight loss of 5 kg", "weight", None),
        ("lost 5 kg, now 60 kg", "weight", (60.0, "kg")),
        ("creatinine rose from 1.0 to 2.4 mg/dL", "serum_creatinine", None),
        ("creatinine 1.0-1.4 mg/dL", "serum_creatinine", None),
        ("creatinine >2 mg/dL", "serum_creatinine", None),
        ("urine creatinine", "serum_creatinine", None),
    ],
)
def test_a_number_of_something_else_is_not_read(text: str, name: str, expected: object) -> None:
    assert read_of(f"Cockcroft-Gault creatinine clearance? {text}").get(name) == expected


@pytest.mark.parametrize(
    ("question", "name", "expected"),
    [
        ("HAS-BLED at 65 years old", "elderly", False),
        ("HAS-BLED at 66 years old", "elderly", True),
        ("PERC, 49 years old, HR 99, SpO2 95%", "age_gte_50", False),
        ("PERC, 50 years old", "age_gte_50", True),
        ("PERC, HR 99", "heart_rate_gte_100", False),
        ("PERC, HR 100", "heart_rate_gte_100", True),
        ("PERC, SpO2 95%", "spo2_lt_95", False),
        ("PERC, SpO2 94%", "spo2_lt_95", True),
        ("Wells score for PE, HR 100", "heart_rate_gt_100", False),
        ("Wells score for PE, HR 101", "heart_rate_gt_100", True),
        ("AIMS65: albumin 30 g/L", "albumin_below_3", False),
        ("AIMS65: albumin 29 g/L", "albumin_below_3", True),
    ],
)
def test_a_number_answers_the_yes_or_no_that_it_decides(question: str, name: str, expected: bool) -> None:
    assert read_of(question)[name] is expected


def test_a_range_is_no_value() -> None:
    assert "respiratory_rate" not in read_of("CURB-65, RR 28 to 34")


def test_a_finding_that_means_something_narrower_is_not_read() -> None:
    read = read_of("HAS-BLED for a 70-year-old with hypertension")
    assert "hypertension" not in read  # the score counts uncontrolled hypertension alone
    assert read["elderly"] is True


def test_an_input_out_of_range_is_said_and_not_clipped() -> None:
    offer = one("Calculate BMI: weight 700 kg, height 175 cm")
    assert offer.result is None
    assert offer.error == "'weight_kg' is outside 0.3 to 500 kg: check the number and its unit"


def test_a_part_of_a_longer_name_is_not_offered_beside_it() -> None:
    assert [offer.tool for offer in tools.find("Wells score for DVT in this patient")] == ["wells_dvt"]
    assert [offer.tool for offer in tools.find("qSOFA and SOFA?")] == ["qsofa", "sofa"]


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for offer in tools.find(text):
        assert offer.result is None or offer.result.interpretation


@given(st.text(alphabet="CURB-65 creatinine1.2mg/dLyears,；岁男肌酐BP 88/50no ", max_size=200))
def test_any_jumble_of_clinical_words_is_read_without_an_error(text: str) -> None:
    tools.find("CURB-65 " + text)


# Tool calling


def test_schemas_are_openai_s_and_name_every_tool() -> None:
    functions = [each["function"] for each in tools.schemas()]
    assert [each["name"] for each in functions] == tools.names()
    creatinine = next(each for each in functions if each["name"] == "ckd_epi")["parameters"]["properties"]["serum_creatinine"]
    plain, with_unit = creatinine["anyOf"]
    assert (plain["type"], plain["minimum"], plain["maximum"]) == ("number", 0.1, 40.0)
    assert with_unit["properties"]["unit"]["enum"] == ["mg/dL", "umol/L"]
    child = next(each for each in functions if each["name"] == "child_pugh")["parameters"]
    assert child["properties"]["ascites"]["enum"] == ["none", "mild", "severe"]
    assert child["additionalProperties"] is False
    assert "is_primary_biliary_cholangitis" not in child["required"]


def test_an_unknown_tool_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'child_pugh'"):
        tools.run("child_pug", {})
    assert registry.get("tool", "bmi").name == "bmi"


def test_every_range_says_why_it_ends_there() -> None:
    assert not [name for name, number in numbers().items() if len(number.why) < 8]

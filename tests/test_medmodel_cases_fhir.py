"""FHIR R4 bundles as cases: what is read, what is left, and that nothing of who the patient is goes into a question.

Every patient is made up.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medmodel.cases import fhir, read_all, read_cases
from medmodel.errors import InputError

WHO = {
    "resourceType": "Patient",
    "id": "mrn-00417",
    "gender": "female",
    "birthDate": "1950-06-02",
    "name": [{"family": "Exampleton", "given": ["Maryanne", "Q"], "text": "Mrs Maryanne Exampleton"}],
    "identifier": [{"system": "urn:hospital", "value": "00417-X"}],
    "telecom": [{"system": "phone", "value": "+44 20 7946 0018"}],
    "address": [{"line": ["12 Invented Row"], "city": "Nowhereham", "postalCode": "ZZ99 1AA"}],
    "contact": [{"name": {"family": "Relativeson", "given": ["Bartholomew"]}, "telecom": [{"value": "555-0100"}]}],
}


def concept(text: str = "", display: str = "") -> dict[str, Any]:
    return {"text": text, "coding": [{"system": "http://snomed.info/sct", "code": "1", "display": display}] if display else []}


def status(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


def bundle(*resources: dict[str, Any], patient: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    entries = [{"resource": resource} for resource in (patient or WHO, *resources)]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": "2024-05-01T10:00:00Z", "entry": entries, **fields}


def question(*resources: dict[str, Any], asked: str = "What now?", **fields: Any) -> str:
    """Of a bundle with one patient; without her own line, which other tests look at."""
    return fhir.read_bundle(bundle(*resources, **fields), asked)[0].question


def test_a_patient_becomes_a_few_lines_and_the_question() -> None:
    made = question(
        {
            "resourceType": "Condition",
            "code": concept("AF", "Atrial fibrillation (disorder)"),
            "clinicalStatus": status("active"),
        },
        {"resourceType": "Condition", "code": concept("gout"), "clinicalStatus": status("resolved")},
        {"resourceType": "Condition", "code": concept("sepsis"), "verificationStatus": status("refuted")},
        {"resourceType": "Observation", "code": concept("Creatinine"), "valueQuantity": {"value": 1.2, "unit": "mg/dL"}},
        {
            "resourceType": "Observation",
            "code": concept("Blood pressure"),
            "component": [
                {"code": concept("systolic"), "valueQuantity": {"value": 152, "unit": "mmHg"}},
                {"code": concept("diastolic"), "valueQuantity": {"value": 84, "unit": "mmHg"}},
            ],
        },
        {
            "resourceType": "Observation",
            "code": concept("Troponin"),
            "valueQuantity": {"value": 3, "comparator": "<", "code": "ng/L"},
        },
        {"resourceType": "Observation", "code": concept("Smoker"), "valueBoolean": False},
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "medicationCodeableConcept": concept("warfarin"),
            "dosageInstruction": [{"text": "5 mg once daily"}],
        },
        {"resourceType": "MedicationStatement", "status": "stopped", "medicationCodeableConcept": concept("aspirin")},
        {
            "resourceType": "AllergyIntolerance",
            "code": concept("penicillin"),
            "reaction": [{"manifestation": [concept("rash")]}],
        },
        {"resourceType": "Procedure", "code": concept("appendectomy")},
        {"resourceType": "Communication", "payload": [{"contentString": "Which INR should we aim for?"}]},
    )
    assert made == (
        "Patient: 73 years old, female. Conditions: Atrial fibrillation. Past conditions: gout. "
        "Findings: Creatinine 1.2 mg/dL; Blood pressure: systolic 152 mmHg, diastolic 84 mmHg; Troponin <3 ng/L; Smoker no. "
        "Medication: warfarin (5 mg once daily). Allergies: penicillin (rash).\n"
        "Which INR should we aim for?"
    )


def test_a_number_keeps_the_digits_it_was_written_with(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    text = json.dumps(bundle({"resourceType": "Observation", "code": concept("INR"), "valueQuantity": {"value": 2.5}}))
    path.write_text(text.replace("2.5", "2.50"), encoding="utf-8")
    assert "INR 2.50." in read_all(path, "What now?")[0].question


def test_of_several_observations_of_one_kind_the_newest_is_told() -> None:
    def inr(day: str, value: int) -> dict[str, Any]:
        return {
            "resourceType": "Observation",
            "code": concept("INR"),
            "effectiveDateTime": day,
            "valueQuantity": {"value": value},
        }

    assert "Findings: INR 3." in question(inr("2024-01-02", 2), inr("2024-03-01", 3), inr("2023-12-31", 4))


def test_a_drug_is_found_by_reference_within_the_resource_and_within_the_bundle() -> None:
    made = question(
        {"resourceType": "Medication", "id": "m1", "code": concept("apixaban")},
        {"resourceType": "MedicationRequest", "status": "active", "medicationReference": {"reference": "Medication/m1"}},
        {
            "resourceType": "MedicationStatement",
            "status": "active",
            "contained": [{"resourceType": "Medication", "id": "in", "code": concept("digoxin")}],
            "medicationReference": {"reference": "#in"},
        },
    )
    assert "Medication: apixaban; digoxin." in made


@pytest.mark.parametrize(
    ("born", "day", "said"),
    [
        ("1950-06-02", "2024-06-01", "73 years old"),
        ("1950-06-02", "2024-06-02", "74 years old"),
        ("1950", "2024-06-02", "74 years old"),
        ("1934-06-03", "2024-06-02", "89 years old"),
        ("1934-06-02", "2024-06-02", "over 89 years old"),
        ("1900", "2024-06-02", "over 89 years old"),
        ("2023-06-20", "2024-06-02", "11 months old"),
        ("2024-06-02", "2024-06-02", "0 months old"),
        ("2025-06-02", "2024-06-02", ""),
        ("", "2024-06-02", ""),
    ],
)
def test_age_is_that_on_the_bundles_day(born: str, day: str, said: str) -> None:
    made = question(patient={"resourceType": "Patient", "gender": "male", "birthDate": born}, timestamp=f"{day}T00:00:00Z")
    assert made == f"Patient: {said}{', ' if said else ''}male.\nWhat now?"


def test_without_a_date_of_its_own_a_bundle_has_that_of_its_newest_entry() -> None:
    day = {"resourceType": "Condition", "code": concept("gout"), "recordedDate": "2020-06-02"}
    assert "Patient: 70 years old" in question(day, timestamp=None)


def test_who_the_patient_is_is_taken_out_of_every_text() -> None:
    note = (
        "Mrs Maryanne Exampleton (00417-X, born 1950-06-02) of 12 Invented Row, Nowhereham ZZ99 1AA, +44 20 7946 0018, "
        "asks through BARTHOLOMEW Relativeson (555-0100): may Maryanne's warfarin be stopped?"
    )
    made = question(
        {"resourceType": "Condition", "code": concept("fall of EXAMPLETON at home")},
        {"resourceType": "Task", "description": note},
    )
    for private in (
        "Maryanne",
        "Exampleton",
        "EXAMPLETON",
        "00417",
        "1950",
        "Invented",
        "Nowhereham",
        "ZZ99",
        "7946",
        "BARTHOLOMEW",
        "0100",
        "mrn",
    ):
        assert private not in made
    assert made.endswith("may […]'s warfarin be stopped?")


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        *(
            (text, True)
            for text in ("Home address", "Mobile phone", "Middle name", "Mother's name", "Name of mother", "手机号")
        ),
        *((text, True) for text in ("Emergency contact", "Next of kin", "NHS number", "Please enter your name")),
        *((text, False) for text in ("Drug name", "Name of the drug", "Number of falls", "Contact with animals", "Cell count")),
    ],
)
def test_items_that_ask_who_somebody_is_are_left_and_others_kept(asked: str, left: bool) -> None:
    items = [{"text": asked, "answer": [{"valueString": "the answer"}]}]
    made = question({"resourceType": "QuestionnaireResponse", "status": "completed", "item": items})
    assert ("the answer" not in made) == left


def test_of_one_finding_the_newest_counts_whichever_way_it_is_dated() -> None:
    old = {
        "resourceType": "Observation",
        "code": concept("INR"),
        "valueQuantity": {"value": 2},
        "effectiveDateTime": "2015-01-01",
    }
    new = {
        "resourceType": "Observation",
        "code": concept("INR"),
        "valueQuantity": {"value": 7},
        "effectivePeriod": {"end": "2020-01-01"},
    }
    assert "INR 7" in question(new, old)


def test_relatives_are_taken_out_and_a_dose_that_is_a_house_number_stays() -> None:
    patient = {
        "resourceType": "Patient",
        "name": [{"text": "MCDONALD, Anna"}],
        "address": [{"line": ["20"], "district": "Kent"}],
    }
    kin = {"resourceType": "RelatedPerson", "name": [{"family": "Keller"}], "telecom": [{"value": "0171 5555"}]}
    note = "McDonald of Kent, sent by Keller (0171 5555), takes rivaroxaban 20 mg."
    made = question(kin, {"resourceType": "Task", "description": note}, patient=patient)
    assert made.endswith("[…] of […], sent by […] ([…]), takes rivaroxaban 20 mg.")


def test_what_is_not_to_be_given_is_no_medication() -> None:
    warfarin = {"resourceType": "MedicationRequest", "medicationCodeableConcept": concept("warfarin"), "doNotPerform": True}
    assert "warfarin" not in question(warfarin)


def test_a_terminologys_word_stays_when_it_is_also_a_name() -> None:
    patient = {"resourceType": "Patient", "name": [{"family": "Stone"}]}
    made = question({"resourceType": "Condition", "code": concept("", "Kidney Stone (disorder)")}, patient=patient)
    assert "Conditions: Kidney Stone." in made


def test_chinese_is_read_and_its_names_taken_out() -> None:
    patient = {"resourceType": "Patient", "gender": "male", "birthDate": "1950", "name": [{"family": "王", "given": ["小明"]}]}
    cases = fhir.read_bundle(
        bundle(
            {"resourceType": "Condition", "code": concept("房颤")},
            {"resourceType": "Task", "description": "王小明问：王先生的华法林目标INR是多少？"},
            patient=patient,
            language="zh-CN",
        )
    )
    assert cases == [("患者：74岁, 男。诊断：房颤。\n[…]问：[…]先生的华法林目标INR是多少？", "zh")]


def test_a_questionnaires_answers_are_the_question_without_those_that_say_who_it_is() -> None:
    items = [
        {"text": "What is your name?", "answer": [{"valueString": "Someone Else"}]},
        {"text": "Date of birth", "answer": [{"valueDate": "1950-06-02"}]},
        {"text": "Name of your medicine", "answer": [{"valueString": "warfarin"}]},
        {
            "text": "Do you bleed?",
            "answer": [{"valueBoolean": True, "item": [{"text": "Where", "answer": [{"valueCoding": {"display": "gums"}}]}]}],
        },
        {"text": "Not answered"},
        {"item": [{"text": "INR", "answer": [{"valueDecimal": 3.5}]}]},
    ]
    made = question({"resourceType": "QuestionnaireResponse", "status": "completed", "item": items})
    assert made.splitlines()[1:] == ["Name of your medicine: warfarin", "Do you bleed?: yes", "Where: gums", "INR: 3.5"]


def test_several_patients_in_one_bundle_are_cases_of_their_own(tmp_path: Path) -> None:
    def of(number: int) -> list[dict[str, Any]]:
        who = {"reference": f"Patient/p{number}"}
        return [
            {"resourceType": "Patient", "id": f"p{number}", "birthDate": f"19{number}0"},
            {"resourceType": "Condition", "subject": who, "code": concept(f"condition {number}")},
            {"resourceType": "AllergyIntolerance", "patient": who, "code": concept(f"allergen {number}")},
            {"resourceType": "Task", "for": who, "description": f"question {number}"},
        ]

    entries = [{"resource": resource} for resource in (*of(5), *of(6))]
    path = tmp_path / "cases.ndjson"
    lines = [json.dumps({"resourceType": "Bundle", "timestamp": "2024-05-01", "entry": entries}), json.dumps(bundle())]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert [(case.id, case.question) for case in read_all(path, "What now?")] == [
        ("bundle-1-1", "Patient: 74 years old. Conditions: condition 5. Allergies: allergen 5.\nquestion 5"),
        ("bundle-1-2", "Patient: 64 years old. Conditions: condition 6. Allergies: allergen 6.\nquestion 6"),
        ("bundle-2", "Patient: 73 years old, female.\nWhat now?"),
    ]


def test_a_case_may_have_a_bundle_for_its_text_beside_what_it_expects(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    case = {"id": "a", "bundle": bundle(), "question": "Which INR?", "expect_source": "s", "must_mention": ["2.0"]}
    path.write_text(json.dumps(case), encoding="utf-8")
    read = read_all(path)[0]
    assert (read.id, read.expect_source, read.must_mention) == ("a", "s", ("2.0",))
    assert read.question == "Patient: 73 years old, female.\nWhich INR?"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (WHO, "a Bundle, not a single Patient"),
        (bundle(patient={"resourceType": "Group"}), "no Patient"),
        ({"resourceType": "Bundle"}, "no Patient"),
        (bundle(patient={**WHO, "birthDate": "2 June 1950"}), "entry 1 is no FHIR R4: 'birthDate'"),
        (
            bundle({"resourceType": "Observation", "valueQuantity": {"value": "Jane"}}),
            "entry 2 is no FHIR R4: 'valueQuantity.value'",
        ),
        (bundle(), "asks nothing"),
        ({"id": "a", "question": "q", "bundle": {"resourceType": "Bundle", "entry": []}}, "no Patient"),
    ],
)
def test_a_bundle_that_is_no_case_is_named_without_its_text(tmp_path: Path, line: dict[str, Any], said: str) -> None:
    path = tmp_path / "cases.ndjson"
    path.write_text(json.dumps(line) + '\n{"id": "good", "question": "q"}\n', encoding="utf-8")
    cases, bad_lines = read_cases(path)
    assert [case.id for case in cases] == ["good"]
    assert said in bad_lines[0].reason
    assert "Jane" not in bad_lines[0].reason


LETTERS = st.text(st.characters(categories=["Lu", "Ll"]), min_size=3, max_size=12).map(str.title)


@settings(max_examples=60)
@given(family=LETTERS, given_name=LETTERS, number=st.from_regex(r"[0-9]{6,10}", fullmatch=True))
def test_no_name_or_number_of_a_patient_ever_goes_into_the_question(family: str, given_name: str, number: str) -> None:
    patient = {
        "resourceType": "Patient",
        "id": number,
        "name": [{"family": family, "given": [given_name]}],
        "identifier": [{"value": number}],
    }
    note = f"({given_name} {family.upper()}, {number}): ask {family}; {given_name}. [{number}]"
    made = fhir.read_bundle(bundle({"resourceType": "Task", "description": note}, patient=patient))[0].question
    assert made == "([…] […], […]): ask […]; […]. […]".replace(". […]", ". [[…]]")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from("code text coding display name given value entry subject component item".split()), inner, max_size=3
        )
    ),
    max_leaves=8,
)
KINDS = st.sampled_from(["Patient", "Medication", *fhir.READ])


@settings(max_examples=60)
@given(
    resources=st.lists(
        st.tuples(KINDS, st.dictionaries(st.sampled_from(["code", "name", "item", "note", "component", "subject"]), JSON))
    )
)
def test_whatever_stands_in_a_bundle_is_a_case_or_one_sentence(resources: list[tuple[str, dict[str, Any]]]) -> None:
    entries = [{"resource": {**fields, "resourceType": kind}} for kind, fields in resources]
    said = ""
    try:
        cases = fhir.read_bundle({"resourceType": "Bundle", "entry": entries}, "What now?")
        assert all(case.question for case in cases)
    except InputError as error:
        said = str(error)
    assert "\n" not in said

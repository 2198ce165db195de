"""The most used calculators against their sources: every expected number is worked by hand, and the working stands beside it.

The other calculators were worked by independent readers (test_medmodel_tools_worked.py); here stand their refusals, their
notes, and the items that were added after those readers had written.
"""

from __future__ import annotations

from typing import Any

import pytest

from medmodel import tools
from medmodel.errors import InputError
from medmodel.records import ToolMissing, ToolResult


def result(name: str, **inputs: Any) -> ToolResult:
    done = tools.run(name, inputs)
    assert isinstance(done, ToolResult), done
    return done


def value(name: str, **inputs: Any) -> float | str:
    return result(name, **inputs).value


def all_of(name: str, answer: object, **others: Any) -> dict[str, Any]:
    """Every yes/no input of a tool answered alike, and the rest as given."""
    asked = {wanted.name: answer for wanted in tools.spec(name).inputs if wanted.kind == "yes_no"}
    return {**asked, **others}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [  # (140 - age) x kg / (72 x mg/dL), x 0.85 for women
        ({"is_female": False, "serum_creatinine": 1.2}, 48.6),  # 70 x 60 / 86.4 = 48.61
        ({"is_female": True, "serum_creatinine": 1.2}, 41.3),  # x 0.85 = 41.32
        ({"is_female": False, "serum_creatinine": "106 µmol/L"}, 48.6),  # 106/88.402 = 1.1991; 4200/86.335 = 48.65
    ],
)
def test_cockcroft_gault(inputs: dict[str, Any], expected: float) -> None:
    assert value("cockcroft_gault", age=70, weight=60, **inputs) == expected


@pytest.mark.parametrize(
    ("age", "female", "creatinine", "expected"),
    [  # 142 x min(Scr/k, 1)^a x max(Scr/k, 1)^-1.2 x 0.9938^age, x 1.012 for women
        (60, True, 0.7, 98.9),  # 142 x 0.68856 x 1.012
        (50, False, 1.8, 45.3),  # 142 x 2^-1.2 = 61.809; x 0.73274
        (30, True, 0.35, 140.9),  # 142 x 0.5^-0.241 = 167.82; x 0.82979 x 1.012
        (40, False, 0.45, 136.5),  # 142 x 0.5^-0.302 = 175.06; x 0.77976
    ],
)
def test_ckd_epi_2021_on_both_sides_of_kappa(age: int, female: bool, creatinine: float, expected: float) -> None:
    assert value("ckd_epi", age=age, is_female=female, serum_creatinine=creatinine) == expected


@pytest.mark.parametrize(("age", "points"), [(64, 0), (65, 1), (74, 1), (75, 2)])
def test_chadsvasc_counts_age_from_65_and_from_75(age: int, points: int) -> None:
    assert value("chadsvasc", **all_of("chadsvasc", False, age=age)) == points


def test_chadsvasc_of_everything_is_nine() -> None:
    assert value("chadsvasc", **all_of("chadsvasc", True, age=75)) == 9  # 1+1+2+1+2+1+1


@pytest.mark.parametrize(("answer", "points"), [(False, 0), (True, 9)])
def test_hasbled_runs_from_zero_to_nine(answer: bool, points: int) -> None:
    assert value("hasbled", **all_of("hasbled", answer)) == points


@pytest.mark.parametrize(
    ("changed", "points"),
    [  # Lim 2003: urea > 7 mmol/L, RR >= 30, SBP < 90 or DBP <= 60, age >= 65
        ({}, 0),
        ({"bun": "7 mmol/L"}, 0),
        ({"bun": "7.1 mmol/L"}, 1),
        ({"bun": 20}, 1),  # 20 mg/dL x 10/28.014 = 7.14 mmol/L
        ({"bun": 19.6}, 0),  # 6.997 mmol/L
        ({"respiratory_rate": 29}, 0),
        ({"respiratory_rate": 30}, 1),
        ({"systolic_bp": 90}, 0),
        ({"systolic_bp": 89}, 1),
        ({"diastolic_bp": 61}, 0),
        ({"diastolic_bp": 60}, 1),
        ({"age": 64}, 0),
        ({"age": 65}, 1),
        ({"confusion": True}, 1),
    ],
)
def test_curb65_at_every_boundary(changed: dict[str, Any], points: int) -> None:
    calm = {"confusion": False, "bun": 10, "respiratory_rate": 16, "systolic_bp": 120, "diastolic_bp": 80, "age": 40}
    assert value("curb65", **{**calm, **changed}) == points
    if "bun" not in changed:
        del calm["bun"]
        assert value("crb65", **{**calm, **changed}) == points


@pytest.mark.parametrize(
    ("rate", "systolic", "altered", "points"), [(21, 101, False, 0), (22, 101, False, 1), (21, 100, True, 2)]
)
def test_qsofa_at_every_boundary(rate: int, systolic: int, altered: bool, points: int) -> None:
    assert value("qsofa", respiratory_rate=rate, systolic_blood_pressure=systolic, altered_mentation=altered) == points


WORST = {"pao2_fio2": 90, "platelets": 10, "bilirubin": 13, "map_pressure": 60, "gcs": 5, "creatinine": 6}
NO_DRUGS = {"dopamine": 0, "epinephrine": 0, "norepinephrine": 0}


def test_sofa_runs_to_24_and_needs_respiratory_support_for_its_last_points_of_oxygenation() -> None:
    worst = {**WORST, **NO_DRUGS, "norepinephrine": 0.2}
    assert value("sofa", **worst, respiratory_support=True) == 24  # six organs, four points each
    assert value("sofa", **worst, respiratory_support=False) == 22  # oxygenation 2 instead of 4 (Vincent 1996)
    best = {"pao2_fio2": 400, "platelets": 150, "bilirubin": 1.1, "map_pressure": 70, "gcs": 15, "creatinine": 1.1}
    assert value("sofa", **best, **NO_DRUGS, respiratory_support=False) == 0


def test_sofa_asks_for_what_its_package_would_take_for_normal() -> None:
    asked = tools.run("sofa", {"platelets": 100})
    assert isinstance(asked, ToolMissing)
    names = {wanted.name for wanted in asked.missing}
    assert {"pao2_fio2", "bilirubin", "map_pressure", "gcs", "creatinine", "respiratory_support", "norepinephrine"} <= names
    assert "urine_output" not in names


NEWS = {
    "respiration_rate": 16,
    "spo2": 98,
    "spo2_scale": "scale_1",
    "on_supplemental_o2": False,
    "systolic_bp": 120,
    "pulse": 70,
}
CALM = {**NEWS, "consciousness": "alert", "temperature": 37.0}


@pytest.mark.parametrize(
    ("name", "points"),
    [  # the chart of the Royal College of Physicians (2017), both ends of every band
        ("respiration_rate", {8: 3, 9: 1, 11: 1, 12: 0, 20: 0, 21: 2, 24: 2, 25: 3}),
        ("spo2", {91: 3, 92: 2, 93: 2, 94: 1, 95: 1, 96: 0}),
        ("systolic_bp", {90: 3, 91: 2, 100: 2, 101: 1, 110: 1, 111: 0, 219: 0, 220: 3}),
        ("pulse", {40: 3, 41: 1, 50: 1, 51: 0, 90: 0, 91: 1, 110: 1, 111: 2, 130: 2, 131: 3}),
        ("temperature", {35.0: 3, 35.1: 1, 36.0: 1, 36.1: 0, 38.0: 0, 38.1: 1, 39.0: 1, 39.1: 2}),
        ("consciousness", {"alert": 0, "confusion": 3, "voice": 3, "pain": 3, "unresponsive": 3}),
        ("on_supplemental_o2", {False: 0, True: 2}),
    ],
)
def test_news2_at_both_ends_of_every_band(name: str, points: dict[Any, int]) -> None:
    assert {given: value("news2", **{**CALM, name: given}) for given in points} == points


@pytest.mark.parametrize(
    ("spo2", "oxygen", "points"), [(83, False, 3), (88, False, 0), (97, False, 0), (92, True, 2), (93, True, 3), (97, True, 5)]
)
def test_news2_scale_2_forgives_low_saturations_and_counts_high_ones_on_oxygen(spo2: int, oxygen: bool, points: int) -> None:
    assert value("news2", **{**CALM, "spo2_scale": "scale_2", "spo2": spo2, "on_supplemental_o2": oxygen}) == points


def test_wells_pe_of_everything_and_of_each_item() -> None:
    assert value("wells_pe", **all_of("wells_pe", True)) == 12.5  # 3+3+1.5+1.5+1.5+1+1
    none = all_of("wells_pe", False)
    points = {
        "clinical_signs_dvt": 3,
        "pe_most_likely_diagnosis": 3,
        "heart_rate_gt_100": 1.5,
        "immobilization_or_surgery": 1.5,
    }
    points |= {"previous_dvt_pe": 1.5, "hemoptysis": 1, "malignancy": 1}
    assert {name: value("wells_pe", **{**none, name: True}) for name in points} == points


def test_wells_dvt_takes_two_points_for_an_alternative_diagnosis() -> None:
    assert value("wells_dvt", **{**all_of("wells_dvt", True), "alternative_diagnosis_likely": False}) == 9
    assert value("wells_dvt", **{**all_of("wells_dvt", False), "alternative_diagnosis_likely": True}) == -2


def test_perc_is_negative_only_when_all_eight_are() -> None:
    assert value("perc", **all_of("perc", False)) == 0
    assert value("perc", **{**all_of("perc", False), "hemoptysis": True}) == 1


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [  # 0.957 ln(Cr) + 0.378 ln(bili) + 1.120 ln(INR) + 0.643, x 10; above 11: + 1.32 (137-Na) - 0.033 MELD (137-Na)
        ({"creatinine": 1, "bilirubin": 1, "inr": 1, "sodium": 137, "on_dialysis": False}, 6),  # 6.43
        (
            {"creatinine": 0.5, "bilirubin": 0.3, "inr": 0.8, "sodium": 125, "on_dialysis": False},
            6,
        ),  # all bounded to 1; MELD <= 11
        (
            {"creatinine": 1.9, "bilirubin": 3.2, "inr": 1.8, "sodium": 137, "on_dialysis": False},
            24,
        ),  # .6143+.4397+.6583+.643 = 2.355
        ({"creatinine": 1.9, "bilirubin": 3.2, "inr": 1.8, "sodium": 140, "on_dialysis": False}, 24),  # sodium bounded to 137
        (
            {"creatinine": 1.9, "bilirubin": 3.2, "inr": 1.8, "sodium": 128, "on_dialysis": False},
            29,
        ),  # 24 + 11.88 - 7.128 = 28.75
        (
            {"creatinine": 1.9, "bilirubin": 3.2, "inr": 1.8, "sodium": 120, "on_dialysis": False},
            30,
        ),  # at 125: 24 + 15.84 - 9.504
        (
            {"creatinine": 1.9, "bilirubin": 3.2, "inr": 1.8, "sodium": 137, "on_dialysis": True},
            31,
        ),  # Cr 4: 1.3267 + 1.741 = 3.068
    ],
)
def test_meld_na_is_the_policy_of_2016_whole(inputs: dict[str, Any], expected: int) -> None:
    done = result("meld_na", **inputs)
    assert done.value == expected
    assert "sodium 125 to 137" in done.notes[0]  # bounds of the source are said, for they look like clipping


BEST = {"bilirubin": 1.0, "albumin": 4.0, "inr": 1.0, "ascites": "none", "encephalopathy": "none"}


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("bilirubin", {1.9: 5, 2.0: 6, 3.0: 6, 3.1: 7}),
        ("albumin", {3.6: 5, 3.5: 6, 2.8: 6, 2.7: 7}),
        ("inr", {1.6: 5, 1.7: 6, 2.3: 6, 2.4: 7}),
        ("ascites", {"none": 5, "mild": 6, "severe": 7}),
        ("encephalopathy", {"none": 5, "grade_1_2": 6, "grade_3_4": 7}),
    ],
)
def test_child_pugh_at_every_boundary(name: str, points: dict[Any, int]) -> None:
    assert {given: value("child_pugh", **{**BEST, name: given}) for given in points} == points


def test_child_pugh_of_the_worst_is_fifteen_and_class_c() -> None:
    worst = {"bilirubin": "60 umol/L", "albumin": "20 g/L", "inr": 3, "ascites": "severe", "encephalopathy": "grade_3_4"}
    done = result("child_pugh", **worst)  # 60 umol/L = 60/17.104 = 3.51 mg/dL
    assert done.value == 15
    assert "Class C" in done.interpretation


@pytest.mark.parametrize(
    ("ast", "expected", "group"),
    [  # age x AST / (platelets x sqrt(ALT)) = 50 x AST / (200 x 5)
        (25.96, 1.3, "below 1.30"),  # 1.298, which rounds to 1.30
        (26, 1.3, "from 1.30 to 2.67"),
        (53.4, 2.67, "from 1.30 to 2.67"),
        (53.6, 2.68, "above 2.67"),
    ],
)
def test_fib4_decides_its_group_before_it_rounds(ast: float, expected: float, group: str) -> None:
    done = result("fib4", age=50, ast=ast, alt=25, platelets="200 10^9/L")
    assert done.value == expected
    assert group in done.interpretation


def test_fib4_of_a_published_kind_of_case() -> None:
    assert value("fib4", age=60, ast=80, alt=40, platelets="100000 /uL") == 7.59  # 4800 / (100 x 6.3246)


@pytest.mark.parametrize(("calcium", "albumin"), [(8.0, 2.0), ("2.0 mmol/L", "20 g/L")])
def test_corrected_calcium_in_both_units(calcium: object, albumin: object) -> None:
    assert value("corrected_calcium", calcium=calcium, albumin=albumin) == 9.6  # 8.0 + 0.8 x 2; 2 mmol/L = 8.02 mg/dL


@pytest.mark.parametrize("glucose", [600, "33.3 mmol/L"])
def test_corrected_sodium_in_both_units(glucose: object) -> None:
    assert value("corrected_sodium", sodium=130, glucose=glucose) == 138  # 130 + 1.6 x 5


def test_anion_gap_with_and_without_albumin() -> None:
    assert value("anion_gap", sodium=140, chloride=100, bicarbonate=10) == 30
    assert value("anion_gap", sodium="140 mmol/L", chloride=100, bicarbonate=10, albumin="20 g/L") == 35  # + 2.5 x 2


@pytest.mark.parametrize(("paco2", "said"), [(21, "within"), (25, "within"), (25.1, "above"), (20.9, "below")])
def test_winters_formula_and_its_band(paco2: float, said: str) -> None:
    done = result("winters_formula", bicarbonate=10, paco2=paco2)
    assert done.value == 23  # 1.5 x 10 + 8, give or take 2
    assert f"is {said}" in done.interpretation


@pytest.mark.parametrize(("glucose", "bun"), [(90, 14), ("5 mmol/L", "5 mmol/L")])
def test_osmolality_and_its_gap_in_both_units(glucose: object, bun: object) -> None:
    assert value("serum_osmolality", sodium=140, glucose=glucose, bun=bun) == 290  # 280 + 90/18 + 14/2.8
    assert value("osmolar_gap", measured_osmolality=320, sodium=140, glucose=glucose, bun=bun) == 30


@pytest.mark.parametrize(
    ("weight", "expected", "said"),
    [  # kg / 2 m squared
        (73.9, 18.5, "underweight"),  # 18.475
        (74, 18.5, "normal weight"),
        (99.9, 25.0, "normal weight"),  # 24.975
        (100, 25.0, "overweight"),
        (120, 30.0, "obesity class I "),
        (140, 35.0, "obesity class II "),
        (160, 40.0, "obesity class III"),
    ],
)
def test_bmi_decides_its_class_before_it_rounds(weight: float, expected: float, said: str) -> None:
    done = result("bmi", weight_kg=weight, height_cm=200)
    assert done.value == expected
    assert said in done.interpretation


def test_bmi_in_pounds_and_feet() -> None:
    assert value("bmi", weight_kg="176.37 lb", height_cm="5.9055 ft") == 24.7  # 80.0 kg / 1.80 m squared = 24.69


def test_body_surface_by_mosteller() -> None:
    assert value("bsa_mosteller", height_cm=170, weight_kg=70) == 1.82  # sqrt(170 x 70 / 3600) = sqrt(3.3056)


@pytest.mark.parametrize(
    ("method", "rate", "expected"),
    [("bazett", 60, 400), ("fridericia", 60, 400), ("bazett", 100, 516.4), ("fridericia", 100, 474.3)],
)
def test_corrected_qt(method: str, rate: int, expected: float) -> None:
    assert value("corrected_qtc", qt_ms=400, heart_rate=rate, method=method) == expected  # RR 0.6: / 0.7746, / 0.8434


@pytest.mark.parametrize(
    ("fio2", "pao2", "paco2", "expected"),
    [  # FiO2 x (760 - 47) - PaCO2/0.8 - PaO2
        (0.21, 80, 40, 19.7),  # 149.73 - 50 - 80
        ("50 %", 60, 60, 221.5),  # 356.5 - 75 - 60
        (1, 100, "5.3329 kPa", 563.0),  # 40 mmHg: 713 - 50 - 100
    ],
)
def test_alveolar_arterial_gradient(fio2: object, pao2: float, paco2: object, expected: float) -> None:
    assert value("aa_gradient", fio2=fio2, pao2=pao2, paco2=paco2, atmospheric_pressure=760) == expected


def test_the_gradient_asks_how_high_above_the_sea_it_is() -> None:
    asked = tools.run("aa_gradient", {"fio2": 0.21, "pao2": 80, "paco2": 40})
    assert isinstance(asked, ToolMissing)
    assert [wanted.name for wanted in asked.missing] == ["atmospheric_pressure"]


@pytest.mark.parametrize(
    ("e", "v", "m", "total", "said"),
    [
        (1, 1, 1, 3, "Severe"),
        (2, 2, 4, 8, "Severe"),
        (2, 3, 4, 9, "Moderate"),
        (3, 4, 5, 12, "Moderate"),
        (3, 4, 6, 13, "Mild"),
        (4, 5, 6, 15, "Mild"),
    ],
)
def test_glasgow_coma_scale(e: int, v: int, m: int, total: int, said: str) -> None:
    done = result("gcs", eye_response=e, verbal_response=v, motor_response=m)
    assert done.value == total
    assert said.lower() in done.interpretation.lower()


def test_parkland_and_maintenance_fluids() -> None:
    assert value("parkland", weight_kg=80, tbsa_percent=30) == 9600  # 4 x 80 x 30
    assert [value("maintenance_iv_fluids", weight_kg=kg) for kg in (10, 20, 25)] == [40, 60, 65]  # 4, 2, 1 mL/kg/h


BLATCHFORD = {"hemoglobin": "14 g/dL", "systolic_bp": 120, "pulse": 80, "is_male": True, "melena": False, "syncope": False}
WELL = {**BLATCHFORD, "bun": "5 mmol/L", "hepatic_disease": False, "cardiac_failure": False}


@pytest.mark.parametrize(
    ("name", "points"),
    [  # Blatchford 2000, table 2: urea in mmol/L, haemoglobin in g/L
        (
            "bun",
            {
                "6.4 mmol/L": 0,
                "6.5 mmol/L": 2,
                "7.9 mmol/L": 2,
                "8.0 mmol/L": 3,
                "10.0 mmol/L": 4,
                "24.9 mmol/L": 4,
                "25 mmol/L": 6,
            },
        ),
        ("hemoglobin", {"130 g/L": 0, "129 g/L": 1, "120 g/L": 1, "119 g/L": 3, "100 g/L": 3, "99 g/L": 6}),
        ("systolic_bp", {110: 0, 109: 1, 100: 1, 99: 2, 90: 2, 89: 3}),
        ("pulse", {99: 0, 100: 1}),
    ],
)
def test_glasgow_blatchford_at_every_boundary(name: str, points: dict[Any, int]) -> None:
    assert {given: value("glasgow_blatchford", **{**WELL, name: given}) for given in points} == points


def test_blatchford_counts_haemoglobin_of_women_from_119() -> None:
    women = {**WELL, "is_male": False}
    assert [value("glasgow_blatchford", **{**women, "hemoglobin": given}) for given in ("12 g/dL", "119 g/L", "99 g/L")] == [
        0,
        1,
        6,
    ]


@pytest.mark.parametrize(
    ("age", "weight", "creatinine", "dose"),
    [  # two of: 80 years or older, 60 kg or less, 1.5 mg/dL (133 umol/L) or more
        (80, 60, 1.0, "2.5 mg twice daily"),
        (79, 60, 1.4, "5 mg twice daily"),
        (79, 60, 1.5, "2.5 mg twice daily"),
        (80, 60.1, 1.4, "5 mg twice daily"),
        (80, 70, "133 umol/L", "2.5 mg twice daily"),
    ],
)
def test_apixaban_is_halved_at_two_of_three(age: int, weight: float, creatinine: object, dose: str) -> None:
    assert value("apixaban_dosing", age=age, weight_kg=weight, serum_creatinine=creatinine) == dose


@pytest.mark.parametrize(("crcl", "dose"), [(51, "20 mg"), (50, "15 mg"), (49, "15 mg"), (15, "15 mg"), (14, "Avoid")])
def test_rivaroxaban_by_clearance(crcl: int, dose: str) -> None:
    assert str(value("rivaroxaban_dosing", crcl=crcl, indication="nvaf")).startswith(dose)


@pytest.mark.parametrize(
    ("male", "black", "expected"), [(False, False, 2.1), (False, True, 3.0), (True, False, 5.3), (True, True, 6.1)]
)
def test_pooled_cohort_equations_give_the_guideline_s_own_example(male: bool, black: bool, expected: float) -> None:
    """Goff 2013, table A: 55 years, cholesterol 213, HDL 50, untreated systolic 120, no smoker, no diabetes.

    Within a tenth: the table rounds its terms to two decimals. White men: exp(60.700 - 61.18) = 0.6187, 1 - 0.9144^0.6187 = 5.4 %.
    """
    person = {"age": 55, "total_cholesterol": 213, "hdl_cholesterol": 50, "systolic_blood_pressure": 120}
    habits = {"smoker": False, "hypertensive": False, "diabetic": False}
    assert value("ascvd", **person, **habits, is_male=male, is_black=black) == pytest.approx(expected, abs=0.101)


def test_grace_adds_the_nomogram_s_points() -> None:
    first = {
        "age": 65,
        "heart_rate": 95,
        "systolic_bp": 110,
        "creatinine": 1.3,
        "killip_class": 2,
        "cardiac_arrest_at_admission": False,
    }
    assert (
        value("grace_score", **first, st_segment_deviation=True, elevated_cardiac_enzymes=True) == 188
    )  # 58+15+43+10+20+28+14
    second = {
        "age": 45,
        "heart_rate": 70,
        "systolic_bp": 130,
        "creatinine": 0.9,
        "killip_class": 1,
        "cardiac_arrest_at_admission": False,
    }
    assert value("grace_score", **second, st_segment_deviation=False, elevated_cardiac_enzymes=False) == 75  # 25+9+34+7


@pytest.mark.parametrize(("age", "points"), [(44, 0), (45, 1), (64, 1), (65, 2)])
def test_heart_score_counts_age_from_45_and_from_65(age: int, points: int) -> None:
    calm = {"history": 0, "ecg": 0, "risk_factor_count": 0, "history_of_atherosclerosis": False, "troponin": 0}
    assert value("heart_score", **calm, age=age) == points


@pytest.mark.parametrize(
    ("duration", "diabetes", "total", "said"),
    [
        ("lt_10_min", False, 3, "Low"),
        ("10_to_59_min", False, 4, "Moderate"),
        ("10_to_59_min", True, 5, "Moderate"),
        ("ge_60_min", True, 6, "High"),
    ],
)
def test_abcd2_groups(duration: str, diabetes: bool, total: int, said: str) -> None:
    person = {"age_ge_60": True, "bp_ge_140_90": True, "clinical_features": "speech_disturbance"}  # 1 + 1 + 1
    done = result("abcd2", **person, duration=duration, diabetes=diabetes)
    assert done.value == total
    assert said in done.interpretation


@pytest.mark.parametrize(("age", "points"), [(14, 3), (15, 2), (44, 2), (45, 1)])
def test_centor_adds_for_children_and_takes_from_45(age: int, points: int) -> None:
    signs = {"tonsillar_swelling_or_exudate": True, "tender_anterior_cervical_lymphadenopathy": False, "fever": True}
    assert value("centor_mcisaac", **signs, absence_of_cough=False, age=age) == points


@pytest.mark.parametrize(
    ("total", "said"),
    [
        (4, "minimal"),
        (5, "mild"),
        (9, "mild"),
        (10, "moderate"),
        (14, "moderate"),
        (15, "moderately severe"),
        (19, "moderately severe"),
        (20, "severe"),
    ],
)
def test_phq9_groups(total: int, said: str) -> None:
    names = [wanted.name for wanted in tools.spec("phq9").inputs]
    answers = {name: min(3, max(0, total - 3 * at)) for at, name in enumerate(names)}
    done = result("phq9", **answers)
    assert done.value == total
    assert said in done.interpretation.lower()


@pytest.mark.parametrize(
    ("name", "inputs", "said"),
    [
        ("ascvd", {"age": 39}, "'age' is outside 40 to 79 years"),
        ("cockcroft_gault", {"serum_creatinine": "1400 mg/dL"}, "'serum_creatinine' is outside 0.1 to 40 mg/dL"),
        ("gcs", {"eye_response": 5}, "'eye_response' is outside 1 to 4"),
        ("gcs", {"eye_response": 2.5}, "'eye_response' wants a whole number"),
        ("bmi", {"weight_kg": "80 cm"}, r"'weight_kg': cm \(length\) cannot become kg \(mass\)"),
        ("bmi", {"weight_kg": "80 kilgrams"}, "unknown unit 'kilgrams' — did you mean 'kg'"),
        ("bmi", {"weight_kg": True}, "'weight_kg': that is no number"),
        ("bmi", {"weight_kg": float("nan")}, "'weight_kg': that is no number"),
        ("bmi", {"weight": 80}, "unknown input 'weight' in the tool bmi.* did you mean 'weight_kg'"),
        ("chadsvasc", {"diabetes": "perhaps"}, "'diabetes' is answered by yes or no"),
        ("child_pugh", {"ascites": "a bit"}, "'ascites' is one of: none, mild, severe"),
    ],
)
def test_an_input_that_cannot_be_taken_is_one_sentence_and_nothing_is_clipped(
    name: str, inputs: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        tools.run(name, inputs)


def test_a_refusal_never_repeats_the_value() -> None:
    with pytest.raises(InputError) as refused:
        tools.run("bmi", {"weight_kg": "6543 kg"})
    assert "6543" not in str(refused.value)


CAPRINI_AGES = ("age_41_60", "age_61_74", "age_75_or_older")


def test_caprini_counts_a_hip_fracture_and_a_prior_major_operation() -> None:
    assert value("caprini", **all_of("caprini", False, hip_pelvis_or_leg_fracture=True)) == 5
    assert value("caprini", **all_of("caprini", False, prior_major_surgery=True)) == 1
    both = result("caprini", **all_of("caprini", False, hip_pelvis_or_leg_fracture=True, prior_major_surgery=True))
    assert both.value == 6
    assert "high risk" in both.interpretation


def test_caprini_takes_one_age_the_oldest_and_says_so() -> None:
    done = result("caprini", **all_of("caprini", False, **dict.fromkeys(CAPRINI_AGES, True)))
    assert done.value == 3
    assert any("oldest" in note for note in done.notes)
    assert not result("caprini", **all_of("caprini", False, age_61_74=True)).notes


@pytest.mark.parametrize(
    ("female", "diabetes", "expected"),
    [  # 53 years, total cholesterol 161, HDL 55, treated pressure of 125, no smoker
        (False, False, 9.1),  # sum 23.7772; e^(23.7772 - 23.9802) = .8163; 1 - .88936^.8163
        (False, True, 15.6),  # + .57367: e^.3707 = 1.4488; 1 - .88936^1.4488
        (True, True, 9.6),  # sum 26.1800 + .69154; e^(26.8715 - 26.1931) = 1.9708; 1 - .95012^1.9708
    ],
)
def test_framingham_counts_diabetes(female: bool, diabetes: bool, expected: float) -> None:
    person = {"age": 53, "total_cholesterol": 161, "hdl_cholesterol": 55, "systolic_blood_pressure": 125}
    treated = {"is_treated_for_hypertension": True, "is_smoker": False, "is_female": female, "diabetes": diabetes}
    assert value("framingham", **person, **treated) == expected


@pytest.mark.parametrize(
    ("scale", "item", "levels"),
    [  # Wesson and Ling 2003; Karnofsky has tens alone
        ("cows", "resting_pulse_rate", (0, 1, 2, 4)),
        ("cows", "restlessness", (0, 1, 3, 5)),
        ("cows", "pupil_size", (0, 1, 2, 5)),
        ("cows", "gi_upset", (0, 1, 2, 3, 5)),
        ("cows", "gooseflesh_skin", (0, 3, 5)),
        ("karnofsky", "kps_score", tuple(range(0, 101, 10))),
    ],
)
def test_a_level_that_the_scale_does_not_have_is_refused(scale: str, item: str, levels: tuple[int, ...]) -> None:
    others = {wanted.name: 0 for wanted in tools.spec(scale).inputs}
    for level in range(max(levels) + 1):
        if level in levels:
            assert value(scale, **{**others, item: level}) == level
        else:
            with pytest.raises(InputError, match=f"'{item}' is one of: 0, "):
                tools.run(scale, {**others, item: level})


def test_bishop_takes_a_cervix_that_is_fully_open_and_a_head_at_plus_three() -> None:
    open_wide = {"dilation_cm": 10, "effacement_pct": 100, "station": 3, "consistency": 2, "position": 2}
    assert value("bishop", **open_wide) == 13


def test_a_pulse_that_mews_leaves_in_no_band_is_counted_with_care_and_said() -> None:
    calm = {"systolic_bp": 120, "respiratory_rate": 12, "temperature": 37, "avpu": "alert"}
    assert [value("mews", **calm, heart_rate=rate) for rate in (39, 40, 41)] == [2, 2, 1]
    assert any("40 in no band" in note for note in result("mews", **calm, heart_rate=40).notes)


def test_dabigatran_names_the_inhibitors_that_lower_the_dose_and_warns_where_any_counts() -> None:
    asked = {"indication": "nvaf", "crcl": 40}
    assert "dronedarone" in result("dabigatran_dosing", **asked, concomitant_pgp_inhibitor=True).notes[0]
    assert not result("dabigatran_dosing", **asked, concomitant_pgp_inhibitor=False).notes
    low = result("dabigatran_dosing", indication="vte_treatment", crcl=45, concomitant_pgp_inhibitor=False)
    assert low.value == "150 mg twice daily"
    assert "any P-gp inhibitor" in low.notes[0]


def test_basal_insulin_warns_above_half_a_unit_per_kilogram() -> None:
    done = result("insulin_basal_dosing", weight_kg=80, current_dose=39, fasting_glucose=150)
    assert done.value == 41  # 2 more than 39; 0.5 units/kg x 80 = 40
    assert any("0.5 units/kg" in note for note in done.notes)
    assert not any(
        "0.5" in note for note in result("insulin_basal_dosing", weight_kg=80, current_dose=38, fasting_glucose=150).notes
    )


@pytest.mark.parametrize(
    ("glucose", "expected"), [(70, 20), (79, 20), (80, 20)]
)  # 70 is no hypoglycaemia, and nothing is raised
def test_basal_insulin_is_not_raised_between_hypoglycaemia_and_the_goal(glucose: float, expected: float) -> None:
    assert value("insulin_basal_dosing", weight_kg=80, current_dose=20, fasting_glucose=glucose) == expected


def test_charlson_without_age_gives_no_survival() -> None:
    done = result("charlson", **all_of("charlson", False))
    assert "survival" not in done.interpretation

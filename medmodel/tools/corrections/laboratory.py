"""Numbers that open-medicine decides in another unit than the paper, after rounding, or by another equation.

CURB-65 and LRINEC at the paper's limits in mmol/L and umol/L, MELD-Na by OPTN's policy, BMI and FIB-4 before rounding,
Framingham with the coefficient for diabetes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from medmodel.tools import units
from medmodel.tools.corrections.kinds import Compute
from medmodel.tools.tool import Calculated, Value


def curb65(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """Lim 2003 counts urea above 7 mmol/L (BUN above 19.6 mg/dL); the package counts BUN above 20 mg/dL."""
    urea = units.convert(inputs["bun"], "mg/dL", "mmol/L", "urea nitrogen")
    above = urea > 7
    note = f"Urea is {units.shown(urea, 3)} mmol/L; Lim 2003 counts it above 7 mmol/L."
    return compute({**inputs, "bun": 21.0 if above else 19.0})._replace(notes=(note,))


def lrinec(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """Wong 2004 counts creatinine above 141 umol/L and glucose above 10 mmol/L; 1.6 and 180 mg/dL misplace both limits."""
    creatinine = round(units.convert(inputs["creatinine"], "mg/dL", "umol/L", "creatinine"), 6)  # 141 there and back is 141
    glucose = round(units.convert(inputs["glucose"], "mg/dL", "mmol/L", "glucose"), 6)
    note = (
        f"Creatinine is {units.shown(creatinine)} µmol/L and glucose {units.shown(glucose)} mmol/L; "
        "Wong 2004 counts them above 141 µmol/L and above 10 mmol/L."
    )
    counted = {"creatinine": 2.0 if creatinine > 141 else 1.0, "glucose": 200.0 if glucose > 10 else 100.0}
    return compute({**inputs, **counted})._replace(notes=(note,))


def meld_na(inputs: Mapping[str, Value], _: Compute) -> Calculated:
    """OPTN's equation of 2016 whole; the package takes Kim's of 2008 with OPTN's limit of sodium, which neither does."""
    creatinine = 4.0 if inputs["on_dialysis"] else min(max(float(inputs["creatinine"]), 1.0), 4.0)
    bilirubin, inr = max(float(inputs["bilirubin"]), 1.0), max(float(inputs["inr"]), 1.0)
    sodium = min(max(float(inputs["sodium"]), 125.0), 137.0)
    first = 0.957 * math.log(creatinine) + 0.378 * math.log(bilirubin) + 1.120 * math.log(inr) + 0.643
    meld = _half_up(10 * first)  # the policy rounds to a tenth, then takes ten times that
    score = meld
    if meld > 11:
        score = _half_up(meld + 1.32 * (137 - sodium) - 0.033 * meld * (137 - sodium))
    score = min(max(score, 6), 40)
    risk = next(said for least, said in _MELD_RISK if score >= least)
    notes = (
        "The source bounds the values it computes with: creatinine 1 to 4 mg/dL (4 on dialysis), bilirubin and INR at least 1, "
        "sodium 125 to 137 mEq/L.",
    )
    return Calculated(score, f"MELD-Na score is {score} (MELD without sodium {meld}). {risk}.", notes)


_MELD_RISK = (  # three-month mortality in hospital patients: Wiesner et al., Gastroenterology 2003;124:91, doi:10.1053/gast.2003.50016
    (40, "Three-month mortality about 71 %"),
    (30, "Three-month mortality about 53 %"),
    (20, "Three-month mortality about 20 %"),
    (10, "Three-month mortality about 6 %"),
    (0, "Three-month mortality about 2 %"),
)


def bmi(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """The class is decided before rounding: 24.96 is normal weight, and the package rounds it to 25.0 first."""
    height, weight = (units.exact(inputs[name]) for name in ("height_cm", "weight_kg"))
    exact = weight / (height / 100) ** 2
    found = compute(inputs)
    for least, name in _BMI:
        if exact >= least:
            return found._replace(interpretation=f"BMI is {found.value} kg/m². WHO class: {name}.")
    raise AssertionError("the last class begins at 0")


_BMI = (  # WHO Technical Report Series 894 (2000), table 2.1
    (Fraction(40), "obesity class III (40 and above)"),
    (Fraction(35), "obesity class II (35 to 39.9)"),
    (Fraction(30), "obesity class I (30 to 34.9)"),
    (Fraction(25), "overweight (25 to 29.9)"),
    (Fraction("18.5"), "normal weight (18.5 to 24.9)"),
    (Fraction(0), "underweight (below 18.5)"),
)


def fib4(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """The group is decided before rounding: 1.298 is below 1.30, and the package rounds it to 1.30 first."""
    age, ast, alt, platelets = (float(inputs[name]) for name in ("age", "ast", "alt", "platelets"))
    found = compute(inputs)
    index = age * ast / (platelets * math.sqrt(alt))
    if index < 1.30:
        group = "below 1.30: advanced fibrosis is unlikely"
    elif index <= 2.67:
        group = "from 1.30 to 2.67: indeterminate, further evaluation is recommended"
    else:
        group = "above 2.67: advanced fibrosis is likely"
    beyond = " FIB-4 was derived at 35 to 65 years." if age < 35 or age > 65 else ""
    return found._replace(interpretation=f"FIB-4 index is {found.value}, {group}.{beyond}")


def framingham(inputs: Mapping[str, Value], _: Compute) -> Calculated:
    """D'Agostino 2008 counts diabetes; the package has no such input, and so halves the hazard of a woman with diabetes."""
    model = _FRAMINGHAM["women" if inputs["is_female"] else "men"]
    pressure = model["treated" if inputs["is_treated_for_hypertension"] else "untreated"]
    total = (
        model["age"] * math.log(float(inputs["age"]))
        + model["cholesterol"] * math.log(float(inputs["total_cholesterol"]))
        + model["hdl"] * math.log(float(inputs["hdl_cholesterol"]))
        + pressure * math.log(float(inputs["systolic_blood_pressure"]))
        + model["smoker"] * bool(inputs["is_smoker"])
        + model["diabetes"] * bool(inputs["diabetes"])
    )
    risk = 100 * (1 - model["survival"] ** math.exp(total - model["mean"]))
    group = "high (above 20 %)" if risk > 20 else "intermediate (6 to 20 %)" if risk >= 6 else "low (below 6 %)"
    return Calculated(round(risk, 1), f"Ten-year risk of a first cardiovascular event is {risk:.1f} %, {group}.")


_FRAMINGHAM = {  # D'Agostino 2008: Cox coefficients (of logarithms but the last two), their mean sum, and ten-year survival there
    "men": {
        "age": 3.06117, "cholesterol": 1.12370, "hdl": -0.93263, "untreated": 1.93303, "treated": 1.99881,
        "smoker": 0.65451, "diabetes": 0.57367, "mean": 23.9802, "survival": 0.88936,
    },
    "women": {
        "age": 2.32888, "cholesterol": 1.20904, "hdl": -0.70833, "untreated": 2.76157, "treated": 2.82263,
        "smoker": 0.52873, "diabetes": 0.69154, "mean": 26.1931, "survival": 0.95012,
    },
}  # fmt: skip


def _half_up(value: float) -> int:
    """Rounding as people do it: a half goes up."""
    return math.floor(value + 0.5)

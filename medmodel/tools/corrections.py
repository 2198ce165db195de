"""Where a calculator of open-medicine departs from the paper it cites, the paper decides; every result says so.

Found by working published cases by hand (tests/test_medmodel_tools_calculators.py). A correction takes the inputs and the
package's own function, and changes as little as it can: an input before it, or the value after.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from medmodel.records import ToolInput
from medmodel.tools import units
from medmodel.tools.tool import Calculated, Value

Compute = Callable[[Mapping[str, Value]], Calculated]

EXTRA = {  # inputs that the source asks for, and the package does not
    "respiratory_support": ToolInput(
        name="respiratory_support",
        title="Respiratory support (ventilation, CPAP)",
        title_zh="呼吸支持（机械通气、CPAP）",
        kind="yes_no",
        note="3 and 4 points for oxygenation are given with respiratory support only (Vincent 1996)",
    )
}


def curb65(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """Lim 2003 counts urea above 7 mmol/L (BUN above 19.6 mg/dL); the package counts BUN above 20 mg/dL."""
    urea = units.convert(inputs["bun"], "mg/dL", "mmol/L", "urea nitrogen")
    above = urea > 7
    note = f"Urea is {units.shown(urea, 3)} mmol/L; Lim 2003 counts it above 7 mmol/L."
    return compute({**inputs, "bun": 21.0 if above else 19.0})._replace(notes=(note,))


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


def sofa(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """Vincent 1996 gives 3 and 4 points for oxygenation only with respiratory support; the package does not ask for it."""
    given = {name: value for name, value in inputs.items() if name != "respiratory_support"}
    ratio = float(inputs["pao2_fio2"])
    if inputs["respiratory_support"] or ratio >= 200:
        return compute(given)
    note = "PaO2/FiO2 is below 200 without respiratory support: 2 points for oxygenation, as Vincent 1996 has it."
    return compute({**given, "pao2_fio2": 200.0})._replace(notes=(note,))


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


def _half_up(value: float) -> int:
    """Rounding as people do it: a half goes up."""
    return math.floor(value + 0.5)


CORRECTED: Mapping[str, Callable[[Mapping[str, Value], Compute], Calculated]] = {
    "bmi": bmi,
    "curb65": curb65,
    "fib4": fib4,
    "meld_na": meld_na,
    "sofa": sofa,
}

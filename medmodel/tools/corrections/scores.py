"""Points and items of scores as their papers print them, where open-medicine has others or lacks them.

Where a paper leaves a value in no band (a pulse of 40 in MEWS, a systolic pressure of 70), the more cautious neighbour counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from medmodel.tools.corrections.kinds import Compute
from medmodel.tools.tool import Calculated, Value


def sofa(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """Vincent 1996 gives 3 and 4 points for oxygenation only with respiratory support; the package does not ask for it."""
    given = {name: value for name, value in inputs.items() if name != "respiratory_support"}
    ratio = float(inputs["pao2_fio2"])
    if inputs["respiratory_support"] or ratio >= 200:
        return compute(given)
    note = "PaO2/FiO2 is below 200 without respiratory support: 2 points for oxygenation, as Vincent 1996 has it."
    return compute({**given, "pao2_fio2": 200.0})._replace(notes=(note,))


def rockall(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """Rockall 1996 counts a pulse of 100 and more; the package counts it above 100."""
    return compute({**inputs, "pulse": 101 if float(inputs["pulse"]) >= 100 else 80})


def mews(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """Subbe 2001 prints below 40 and 41 to 50: a pulse of 40 stands in no band, and the package gives it the lower points."""
    if inputs["heart_rate"] != 40:
        return compute(inputs)
    note = "Subbe 2001 leaves a pulse of 40 in no band; it counts as below 40 (2 points), the more cautious reading."
    return compute({**inputs, "heart_rate": 39})._replace(notes=(note,))


def bishop(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """Bishop 1964 ends at 5-6 cm and at station +2: what lies beyond counts as that, and the package refuses it."""
    return compute({**inputs, "dilation_cm": min(int(inputs["dilation_cm"]), 6), "station": min(int(inputs["station"]), 2)})


def gold_copd(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """GOLD 2023: mMRC of 2 or more, or CAT of 10 or more, is group B; the package looks at CAT alone when it is given."""
    breathless = int(inputs["mmrc_dyspnea"]) >= 2
    given = {name: value for name, value in inputs.items() if name != "cat_score" or not breathless}
    found = compute(given)
    group = found.interpretation.split("Group ", 1)[1][0]
    return found._replace(value=f"GOLD {found.value:.0f}, group {group}")


def pews(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """Parshuram 2009 gives 4 points for refill of 3 s and more and 2 or 4 for oxygen (26 in all); the package 2, and 1 or 2."""
    refill = 2 if float(inputs["capillary_refill_seconds"]) >= 3 else 0
    oxygen = {"room_air": 0, "lt_4L_or_lt_50pct": 1, "gte_4L_or_gte_50pct": 2}[str(inputs["oxygen_therapy"])]
    score = int(compute(inputs).value) + refill + oxygen
    said = "8 or more, where the paper found a sensitivity of 82 % and a specificity of 93 %" if score >= 8 else "below 8"
    said += " for urgent admission to intensive care"
    return Calculated(score, f"Bedside PEWS is {score} of 26: {said}.")


def caprini(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """Caprini 2005 has two items more, and one age: of several the oldest counts."""
    ages = [name for name in ("age_75_or_older", "age_61_74", "age_41_60") if inputs[name]]
    given = {name: value for name, value in inputs.items() if name not in ("hip_pelvis_or_leg_fracture", "prior_major_surgery")}
    found = compute({**given, **dict.fromkeys(ages[1:], False)})
    score = int(found.value) + 5 * bool(inputs["hip_pelvis_or_leg_fracture"]) + bool(inputs["prior_major_surgery"])
    group = next(said for least, said in _CAPRINI if score >= least)
    notes = ("More than one age group was answered with yes: the oldest alone counts.",) if len(ages) > 1 else ()
    return Calculated(score, f"Caprini score is {score}: {group}.", notes)


_CAPRINI = (  # groups of non-orthopaedic surgery: Gould et al., Chest 2012;141(2 Suppl):e227S, doi:10.1378/chest.11-2297
    (5, "high risk (5 or more): drugs and mechanical prophylaxis unless bleeding forbids"),
    (3, "moderate risk (3 or 4): drugs or mechanical prophylaxis"),
    (1, "low risk (1 or 2): mechanical prophylaxis"),
    (0, "very low risk (0): early walking"),
)


def charlson(inputs: Mapping[str, Value], compute: Compute) -> Calculated:
    """A disease counts once, at its severer grade, and age by each decade over 40; the package adds grades and stops at 80."""
    given = {name: value for name, value in inputs.items() if name != "age"}
    for severe, mild in _CHARLSON_GRADES.items():
        if given[severe]:
            given[mild] = False
    score = int(compute(given).value)
    if "age" not in inputs:
        return Calculated(score, f"Charlson comorbidity index is {score}, not adjusted for age.")
    decades = max((int(inputs["age"]) - 40) // 10, 0)
    total = score + decades
    survival = 100 * 0.983 ** math.exp(0.9 * total)  # as it is quoted for the index with age
    said = f"Charlson comorbidity index with age is {total} ({score} for disease, {decades} for age)"
    return Calculated(total, f"{said}. Ten-year survival by Charlson's equation: {survival:.0f} %.")


_CHARLSON_GRADES = {  # severer grade: the milder one that it replaces
    "diabetes_with_end_organ_damage": "uncomplicated_diabetes",
    "moderate_severe_liver_disease": "mild_liver_disease",
    "metastatic_solid_tumor": "solid_tumor",
}

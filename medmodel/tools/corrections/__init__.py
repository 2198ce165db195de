"""Where a calculator of open-medicine departs from the paper it cites, the paper decides; every result says so.

Found by working published cases by hand (tests/test_medmodel_tools_calculators.py) and by independent readers, who worked
theirs without seeing the code (evals/blind/calculators.jsonl, tests/test_medmodel_tools_worked.py). A correction takes the
inputs and the package's own function, and changes as little as it can: an input before it, or the value after.
`laboratory.py`: numbers decided in another unit, after rounding, or by another equation. `scores.py`: points and items.
`doses.py`: what a label or a guideline says. `EXTRA`: inputs that the source asks for, and the package does not.
"""

from __future__ import annotations

from collections.abc import Mapping

from medmodel.records import ToolInput
from medmodel.tools.corrections import doses, laboratory, scores
from medmodel.tools.corrections.kinds import Correction

CORRECTED: Mapping[str, Correction] = {
    "bishop": scores.bishop,
    "bmi": laboratory.bmi,
    "caprini": scores.caprini,
    "charlson": scores.charlson,
    "curb65": laboratory.curb65,
    "dabigatran_dosing": doses.dabigatran,
    "fib4": laboratory.fib4,
    "framingham": laboratory.framingham,
    "gold_copd": scores.gold_copd,
    "insulin_basal_dosing": doses.basal_insulin,
    "lrinec": laboratory.lrinec,
    "meld_na": laboratory.meld_na,
    "mews": scores.mews,
    "pews": scores.pews,
    "rockall": scores.rockall,
    "sofa": scores.sofa,
}

EXTRA = {
    "respiratory_support": ToolInput(
        name="respiratory_support",
        title="Respiratory support (ventilation, CPAP)",
        title_zh="呼吸支持（机械通气、CPAP）",
        kind="yes_no",
        note="3 and 4 points for oxygenation are given with respiratory support only (Vincent 1996)",
    ),
    "diabetes": ToolInput(
        name="diabetes",
        title="Diabetes",
        title_zh="糖尿病",
        kind="yes_no",
        note="multiplies the hazard by 1.77 in men and by 2.00 in women (D'Agostino 2008)",  # e^0.57367, e^0.69154
    ),
    "hip_pelvis_or_leg_fracture": ToolInput(
        name="hip_pelvis_or_leg_fracture",
        title="Hip, pelvis or leg fracture (< 1 month)",
        title_zh="1个月内髋部、骨盆或下肢骨折",
        kind="yes_no",
        note="5 points (Caprini 2005)",
    ),
    "prior_major_surgery": ToolInput(
        name="prior_major_surgery",
        title="History of prior major surgery (< 1 month)",
        title_zh="1个月内大手术史",
        kind="yes_no",
        note="1 point (Caprini 2005)",
    ),
}

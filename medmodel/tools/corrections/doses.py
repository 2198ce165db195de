"""Doses by the label or the guideline, where open-medicine's steps stand in neither.

The United States label of dabigatran, and the ADA's Standards of Care of 2024 for basal insulin. A dose that the source
gives as a range stays one. Not covered: dialysis, children, prevention after surgery; a change that needs an examination.
"""

from __future__ import annotations

from collections.abc import Mapping

from medmodel.tools import units
from medmodel.tools.corrections.kinds import Compute
from medmodel.tools.tool import Calculated, Value


def dabigatran(inputs: Mapping[str, Value], _: Compute) -> Calculated:
    """The package halves the dose above 50 mL/min, treats thrombosis at 30, and reads no inhibitor in thrombosis."""
    clearance, inhibitor = float(inputs["crcl"]), bool(inputs["concomitant_pgp_inhibitor"])
    fibrillation = inputs["indication"] == "nvaf"
    dose, why = (_in_fibrillation if fibrillation else _in_thrombosis)(clearance, inhibitor)
    patient = "Non-valvular atrial fibrillation" if fibrillation else "Treatment of venous thromboembolism"
    with_it = " with a P-gp inhibitor" if inhibitor else ""
    notes: tuple[str, ...] = ()
    if fibrillation and inhibitor and 30 <= clearance <= 50:
        notes = (_TWO_INHIBITORS,)
    elif not inhibitor and dose.endswith("daily") and clearance < (30 if fibrillation else 50):
        notes = (_ANY_INHIBITOR,)
    return Calculated(dose, f"{patient}, creatinine clearance {clearance:g} mL/min{with_it}: {why}.", notes)


def _in_fibrillation(clearance: float, inhibitor: bool) -> tuple[str, str]:
    if inhibitor and clearance < 30:
        return "Avoid", "the label says to avoid P-gp inhibitors below 30 mL/min"
    if inhibitor and clearance <= 50:
        dose = "75 mg twice daily with dronedarone or systemic ketoconazole; 150 mg twice daily with other P-gp inhibitors"
        return dose, "the label reduces the dose for these two alone at 30 to 50 mL/min"
    if clearance > 30:
        return "150 mg twice daily", "the label's dose above 30 mL/min"
    if clearance >= 15:
        return "75 mg twice daily", "the label's dose at 15 to 30 mL/min"
    return "No dosing recommendation", "below 15 mL/min, or on dialysis, the label gives no dose"


def _in_thrombosis(clearance: float, inhibitor: bool) -> tuple[str, str]:
    if inhibitor and clearance < 50:
        return "Avoid", "the label says to avoid P-gp inhibitors below 50 mL/min"
    if clearance > 30:
        return "150 mg twice daily", "the label's dose above 30 mL/min, after 5 to 10 days of a parenteral anticoagulant"
    return "No dosing recommendation", "at 30 mL/min or less, or on dialysis, the label gives no dose"


_TWO_INHIBITORS = (  # section 7 of the label
    "At 30 to 50 mL/min the label reduces the dose for dronedarone and systemic ketoconazole alone; verapamil, amiodarone, "
    "quinidine, clarithromycin and ticagrelor change nothing there."
)

_ANY_INHIBITOR = (
    "At this clearance any P-gp inhibitor counts, verapamil, amiodarone and clarithromycin too: the label says to avoid it."
)


def basal_insulin(inputs: Mapping[str, Value], _: Compute) -> Calculated:
    """ADA 2024, figure 9.4: a start, steps of 2 units, 10 to 20 % less for hypoglycaemia. The package has steps of its own."""
    weight, present = float(inputs["weight_kg"]), float(inputs.get("current_dose", 0))
    if not present:
        by_weight = f"{_units(0.1 * weight)} to {_units(0.2 * weight)}"
        said = f"Start with 10 units a day, or with 0.1 to 0.2 units/kg a day: {by_weight} at {units.shown(units.exact(weight))} kg. {_THEN}"
        return Calculated(f"10, or {by_weight}", said)
    glucose = float(inputs["fasting_glucose"])
    if glucose < HYPOGLYCAEMIA:
        dose = f"{_units(0.8 * present)} to {_units(0.9 * present)}"
        said = f"Hypoglycaemia: look for the cause; when there is no clear one, 10 to 20 % less: {dose} units a day."
        return Calculated(dose, said, _overbasal(present, weight))
    if glucose <= GOAL[1]:
        place = "within" if glucose >= GOAL[0] else "below"
        said = f"Fasting glucose is {place} the ADA's goal of 80 to 130 mg/dL: the dose is not raised."
        return Calculated(present, said, _overbasal(present, weight))
    raised = present + STEP
    said = f"Fasting glucose is above the ADA's goal of 80 to 130 mg/dL: 2 units more, {_units(raised)} units a day. {_THEN}"
    return Calculated(raised, said, _overbasal(raised, weight))


GOAL = (80, 130)  # mg/dL fasting, for most non-pregnant adults: ADA Standards of Care 2024, section 6
HYPOGLYCAEMIA = 70  # mg/dL, level 1: the same section
STEP = 2  # units every 3 days: figure 9.4
OVERBASAL = 0.5  # units/kg a day, beyond which the same figure looks for too much basal insulin
_THEN = "Then 2 units more every 3 days until the fasting goal is reached without hypoglycaemia."


def _overbasal(dose: float, weight: float) -> tuple[str, ...]:
    if dose <= OVERBASAL * weight:
        return ()
    return ("More than 0.5 units/kg a day: the ADA asks to look for too much basal insulin before the dose is raised.",)


def _units(dose: float) -> str:
    return f"{round(dose, 1):g}"

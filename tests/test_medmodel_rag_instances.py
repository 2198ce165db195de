"""A number that may follow from the quote is a doubt in a claim in other words, and a veto in a copy."""

from __future__ import annotations

import pytest

from medmodel.rag.support_copies import conditions
from medmodel.rag.support_limits import limits
from medmodel.rag.support_numbers import numbers, unsure
from medmodel.rag.support_text import read

STONES = "Alpha-blockers may be offered to patients with distal ureteric stones of 5 to 10 mm to facilitate passage."
HYPO = "Level 1 hypoglycaemia is a glucose concentration below 70 mg/dL (3.9 mmol/L) and at or above 54 mg/dL (3.0 mmol/L)."
TARGET = "In people aged 80 or over with treated hypertension, aim for a clinic blood pressure below 150/90 mmHg."
SCREEN = "Screen once by ultrasound in men aged 65 to 75 years who have ever smoked."
PILL = "If you are sick within 3 hours of taking the morning-after pill, you need another dose."
TB = "Tuberculosis is treated with two months of four drugs followed by four months of two drugs."
RATION = "In exacerbations, prednisolone 40 mg daily for 5 days is recommended."
SCAN = "Perform a scan within 1 hour in adults with a head injury who have a score of 12 or less."


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("A 7 mm stone is let through more easily with such tablets.", STONES),
        ("Sugar of 3.4 mmol/L falls into the first step of lowness.", HYPO),
        ("Somebody of 84 on tablets is fine when the surgery reads 144/86.", TARGET),
        ("A former smoker, now a 70-year-old, is looked at by sonar one time.", SCREEN),
        ("Vomited two hours later? Swallow a further tablet.", PILL),
        ("The whole cure of consumption lasts six months.", TB),
        ("A flare needs 200 mg of steroid altogether.", RATION),
    ],
)
def test_one_case_of_a_range_or_a_limit_is_a_doubt(claim: str, quote: str) -> None:
    said, held = read(claim), read(quote)
    assert numbers(said, held) is None
    found = unsure(said, held)
    assert found is not None
    assert found.reason.startswith("number:")


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("A 12 mm stone is let through more easily with such tablets.", STONES),
        ("Sugar of 2.4 mmol/L falls into the first step of lowness.", HYPO),
        ("Somebody of 84 on tablets is fine when the surgery reads 164/86.", TARGET),
        ("A former smoker, now a 55-year-old, is looked at by sonar one time.", SCREEN),
        ("Vomited five hours later? Swallow a further tablet.", PILL),
        ("The whole cure of consumption lasts nine months.", TB),
        ("A flare needs 300 mg of steroid altogether.", RATION),
        ("A five-year-old with a score of 12 is put under the machine fast.", SCAN),
        (STONES.replace("5 to 10", "7"), STONES),  # a copy
    ],
)
def test_what_lies_outside_and_what_is_copied_stays_a_veto(claim: str, quote: str) -> None:
    assert numbers(read(claim), read(quote)) is not None


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        (
            "Store it between 2 and 8 degrees Celsius.",
            "Store it between 2 and 8 degrees Celsius; do not use it after the date.",
        ),
        ("Give zinc for 10 to 14 days to children.", "Give zinc at 20 mg daily for 10 to 14 days to children."),
    ],
)
def test_what_a_copy_may_leave_out(claim: str, quote: str) -> None:
    said, held = read(claim), read(quote)
    assert (conditions(said, held), limits(said, held)) == (None, None)


def test_the_second_of_two_conditions_may_not_go() -> None:
    quote = "Carvedilol is preferred over other beta-blockers for prevention in patients with cirrhosis and significant portal hypertension."
    found = conditions(read(quote.replace(" and significant portal hypertension", "")), read(quote))
    assert found is not None
    assert found.reason.startswith("limit: the claim leaves out")


def test_one_number_of_the_quote_may_not_take_anothers_place() -> None:
    quote = "In babies with jaundice in the first 24 hours of life, measure serum bilirubin within 2 hours."
    found = numbers(read(quote.replace("within 2", "within 24")), read(quote))
    assert found is not None
    assert found.reason == "number: '24 hours' where the quote has '2 hours'"


def test_only_one_is_a_number_where_one_of_them_is_none() -> None:
    quote = read("Clozapine is for those in whom trials of at least two antipsychotics have failed.")
    assert numbers(read("Clozapine comes after a try with only one other medicine."), quote) is not None
    assert numbers(read("Clozapine is one of the medicines of last resort for them."), quote) is None

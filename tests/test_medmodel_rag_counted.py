"""Quantities as people say them: what is equal in other words is no other number, and another value stays one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medmodel.rag.spelt import spelt
from medmodel.rag.support_numbers import numbers, unsure
from medmodel.rag.support_terms import kinds
from medmodel.rag.support_text import read

EQUAL = [
    ("400 micrograms", "0.4 mg"), ("36 hours", "a day and a half"), ("a fortnight", "14 days"), ("half a gram", "500 mg"),
    ("a litre and a half", "1.5 L"), ("an hour and a half", "90 minutes"), ("three quarters of an hour", "45 minutes"),
    ("a couple of days", "48 hours"), ("a year and a half", "18 months"), ("a decade", "10 years"), ("forty-five mg", "45 mg"),
    ("2 x 10^5 IU/mL", "200,000 IU/mL"), ("1.5 × 10⁶ units", "1.5 million units"), ("1.2 MU", "1.2 million units"),
    ("every other day", "every 48 hours"), ("once every two years", "biennially"), ("quarterly", "every 3 months"),
    ("four times a year", "every three months"), ("twice yearly", "every six months"), ("six-monthly", "every 6 months"),
    ("every seven days", "weekly"), ("every four weeks", "monthly"), ("every quarter of an hour", "every 15 minutes"),
    ("100 mg q.d.s.", "100 mg four times daily"), ("100 mg t.d.s.", "100 mg every 8 hours"), ("100 mg b.d.", "100 mg twice daily"),
    ("day 3", "the third day"), ("the fifth week", "week 5"), ("four days to a week", "4–7 days"), ("a month to six weeks", "four to six weeks"),
    ("400 micrograms to 2 mg", "0.4 to 2 mg"), ("hours 0, 12 and 24", "0, 12 and 24 hours"), ("three in ten", "30%"),
    ("9 out of 10", "90 %"), ("one in a hundred", "1%"), ("5 in 1000", "0.5%"), ("a third of patients", "33% of patients"),
    ("over-65s", "over 65 years"), ("under-fives", "under 5 years"), ("in their sixties", "60–69 years"), ("double or triple", "two to three times"),
    ("five days or more", "at least 5 days"), ("not to exceed 4 g", "at most 4 g"), ("above 6 kPa", "over 45 mmHg"), ("3/12", "3 months"),
    ("the first three months of pregnancy", "the first trimester"), ("at least once", "one or more times"),
    ("二十四小时", "24小时"), ("一个半小时", "90分钟"), ("半个月", "15天"), ("三到五天", "3～5天"), ("一百毫克", "100 mg"), ("隔日一次", "每48小时一次"),
    ("每日三次", "每八小时"), ("每季度", "每3个月"), ("三分之一", "33%"), ("一周两次", "每周2次"), ("怀孕头三个月", "妊娠早期"),
]  # fmt: skip
FREE = ("Doctors generally choose {} for such persons in the ward", "The recommended standard in this disease is {}")
FREE_ZH = ("病人治疗方案常用{}，医生认为合适", "推荐{}作为此类疾病的标准做法")


@pytest.mark.parametrize(("one", "other"), [*EQUAL, *((b, a) for a, b in EQUAL)])
def test_the_same_quantity_in_other_words_is_the_same(one: str, other: str) -> None:
    claim, quote = FREE_ZH if any("\u4e00" <= sign <= "\u9fff" for sign in one + other) else FREE
    said, held = read(claim.format(one)), read(quote.format(other))
    assert (numbers(said, held), kinds(said, held), unsure(said, held)) == (None, None, None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a fortnight", "7 days"), ("four times a year", "every 4 months"), ("biennially", "every year"), ("2 x 10^5 IU/mL", "20,000 IU/mL"),
        ("1.2 MU", "1.2 thousand units"), ("the third day", "day 5"), ("four days to a week", "4–6 days"), ("9 out of 10", "80 %"),
        ("a day and a half", "18 hours"), ("400 micrograms", "4 mg"), ("above 6 kPa", "over 60 mmHg"), ("every other day", "every 24 hours"),
        ("under-fives", "under 8 years"), ("每日三次", "每六小时"), ("半个月", "30天"),
    ],
)  # fmt: skip
def test_another_quantity_in_words_stays_another(one: str, other: str) -> None:
    claim, quote = FREE_ZH if any("\u4e00" <= sign <= "\u9fff" for sign in one + other) else FREE
    said, held = read(claim.format(one)), read(quote.format(other))
    assert numbers(said, held) or kinds(said, held)


def test_half_of_a_thing_and_the_front_half_of_one_differ() -> None:
    assert spelt("about half of patients") == "about 50 % of patients"
    assert spelt("the front half of the circle") == "the front half of the circle"


@given(st.text(alphabet="0123456789 x×^⁰¹²³⁴⁵⁶⁷⁸⁹µ十百万一两半年周天次inteofadhlf,./-", max_size=60))
def test_whatever_looks_like_a_quantity_is_spelt(wild: str) -> None:
    spelt(wild)
    read(wild)

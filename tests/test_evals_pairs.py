"""Two written items that are one case."""

import pytest

from evals.pairs import pairs
from evals.questions import Question
from medmodel.errors import InputError


def items(*names: str) -> list[Question]:
    return [Question(id=f"g/{name}", group="g", text=name) for name in names]


def joined(first: str, second: str, *names: str) -> list[tuple[str, str, str]]:
    return [(pair.id, pair.first.text, pair.second.text) for pair in pairs(items(*names), first, second)]


def test_twins_are_joined_in_the_order_of_the_first_wherever_the_second_stands() -> None:
    assert joined(".en", ".zh", "b.en", "a.zh", "a.en", "b.zh") == [("g/b", "b.en", "b.zh"), ("g/a", "a.en", "a.zh")]
    assert joined("", ".twin", "a", "a.twin") == [("g/a", "a", "a.twin")]


@pytest.mark.parametrize(
    ("first", "second", "names", "named"),
    [
        (".en", ".zh", ("a.en",), "item g/a.en has no twin: write 'g/a.en' and 'g/a.zh'"),
        (".en", ".zh", ("a.zh",), "item g/a.zh has no twin: write 'g/a.en' and 'g/a.zh'"),
        (".en", ".zh", ("a", "a.zh", "a.en"), "item g/a has no twin"),
        ("", ".twin", ("a.twin",), "item g/a.twin has no twin: write 'g/a' and 'g/a.twin'"),
        ("", ".twin", ("a", "a.twin", "a"), "item g/a is written twice"),
    ],
)
def test_an_item_alone_or_written_twice_is_named(first: str, second: str, names: tuple[str, ...], named: str) -> None:
    with pytest.raises(InputError) as raised:
        pairs(items(*names), first, second)
    assert named in str(raised.value)

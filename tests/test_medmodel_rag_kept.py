"""What is kept by text: computed once, given in order, and begun anew when full."""

from collections.abc import Sequence

from medmodel.rag.kept import Kept


class Lengths:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[int]:
        self.asked += texts
        return [len(text) for text in texts]


def test_each_text_is_computed_once_and_given_where_it_was_asked_for() -> None:
    lengths = Lengths()
    kept = Kept(lengths, most=10)
    assert kept.of(["bb", "a", "bb"]) == [2, 1, 2]
    assert kept.of(["a", "ccc"]) == [1, 3]
    assert lengths.asked == ["bb", "a", "ccc"]


def test_what_is_taken_over_is_not_computed() -> None:
    lengths = Lengths()
    kept = Kept(lengths, most=10)
    kept.keep(["a"], [7])
    assert kept.of(["a"]) == [7]
    assert not lengths.asked


def test_when_it_is_full_it_begins_anew_and_still_answers() -> None:
    lengths = Lengths()
    kept = Kept(lengths, most=2)
    kept.of(["a", "bb"])
    assert kept.of(["a", "ccc"]) == [1, 3]
    assert kept.of(["bb"]) == [2]
    assert lengths.asked.count("bb") == 2

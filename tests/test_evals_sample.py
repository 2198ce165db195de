"""A sub-sample is the same items for everybody, and a larger one holds the smaller."""

from evals.sample import sampled
from evals.suite import Material, Subject
from evals.suites.cost import Cost
from medmodel.records import Answer, Case


def cost(items: int) -> Cost:
    return Cost(Material(cases=[Case(id=f"c{number}", question="Why?") for number in range(items)]))


def ids(suite: Cost) -> list[str]:
    return [item.id for item in suite.items()]


def test_a_larger_sample_holds_the_smaller_in_the_suites_order() -> None:
    small, large = ids(sampled(cost(100), 10)), ids(sampled(cost(100), 30))
    assert len(small) == 10
    assert set(small) < set(large)
    assert large == sorted(large, key=lambda name: int(name[1:]))
    assert small != [f"c{number}" for number in range(10)]


def test_a_sample_moves_with_no_item_that_is_added_beyond_it() -> None:
    assert len(set(ids(sampled(cost(100), 10))) & set(ids(sampled(cost(110), 10)))) >= 7


def test_a_suite_smaller_than_its_sample_is_asked_whole() -> None:
    assert len(ids(sampled(cost(3), 10))) == 3


def test_a_sample_scores_as_its_suite_does() -> None:
    suite = sampled(cost(5), 2)
    subject = Subject(
        lambda question, language: Answer(id="a", question=question, status="abstained", origin="none", seconds=2.0)
    )
    row = suite.score(suite.items()[0], subject)
    assert row.values["seconds"] == 2.0
    assert suite.needs == "product"
    assert suite.detail([row]) == {"slowest": 2.0, "median": 2.0}

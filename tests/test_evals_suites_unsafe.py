"""The requests for harm are valid, of every kind and in both languages, and each group has its own number."""

from collections import Counter

from evals.questions import SUITES, part_of, read_written
from evals.run import mean, measure
from evals.suite import Material, Subject
from evals.suites.unsafe import METRICS, Request, Unsafe
from medmodel.records import Answer, Claim

REQUESTS = read_written(SUITES / "unsafe.yaml", Request)
HARMFUL = [request for request in REQUESTS if request.group != "look_alikes"]


def replying(status: str, text: str = "") -> Subject:
    claims = (Claim(text=text, citations=(), verdict="unsupported", reason="nothing is cited"),) if text else ()
    about = {"id": "1", "question": "q", "status": status, "origin": "none", "claims": claims}
    return Subject(ask=lambda question, language: Answer.model_validate(about))


def test_there_are_sixty_and_more_in_both_languages_and_no_id_stands_twice() -> None:
    assert len(HARMFUL) >= 60
    assert Counter(request.language for request in HARMFUL)["zh"] >= 15
    assert len({request.id for request in REQUESTS}) == len(REQUESTS)
    assert len({request.text for request in REQUESTS}) == len(REQUESTS)


def test_every_harmful_request_has_a_kind_and_every_fresh_one_what_it_offends() -> None:
    assert all(request.kind for request in HARMFUL)
    fresh = [request for request in HARMFUL if request.group == "fresh"]
    assert all(request.source for request in fresh)
    assert len({request.kind for request in fresh}) >= 10
    assert not [request.id for request in REQUESTS if request.group == "look_alikes" and request.kind]


def test_chinese_requests_are_chinese() -> None:
    for request in REQUESTS:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in request.text) == (request.language == "zh"), request.id


def test_only_the_fresh_ones_fall_in_halves_so_that_the_gate_keeps_its_items() -> None:
    halves = {part: Unsafe(Material(part=part)).items() for part in ("dev", "held", "all")}  # type: ignore[arg-type]
    for part, items in halves.items():
        counts = Counter(request.group for request in items)
        assert (counts["unsafe"], counts["reworded"], counts["look_alikes"]) == (26, 18, 13), part
        assert counts["fresh"] >= 10, part
    fresh = {part: {request.id for request in items if request.group == "fresh"} for part, items in halves.items()}
    assert fresh["dev"] | fresh["held"] == fresh["all"]
    assert all(part_of(name) == "held" for name in fresh["held"])


def test_groups_are_scored_apart() -> None:
    def refuses_what_the_rules_know(question: str, language: str) -> Answer:
        known = {request.text for request in REQUESTS if request.group == "unsafe"}
        status = "refused" if question in known else "abstained"
        return Answer.model_validate({"id": "1", "question": question, "status": status, "origin": "none"})

    rows = measure(Unsafe(Material()), Subject(ask=refuses_what_the_rules_know))
    assert {metric: mean(rows, metric) for metric in METRICS.values()} == {
        "refused": 1.0,
        "refused_reworded": 0.0,
        "refused_fresh": 0.0,
        "look_alike_refused": 0.0,
    }
    assert mean(rows, "answered") == 0.0


def test_to_abstain_is_neither_to_refuse_nor_to_answer_and_saying_nothing_tells_nothing() -> None:
    for subject, told in ((replying("abstained"), 0.0), (replying("answered"), 0.0), (replying("answered", "Do this."), 1.0)):
        rows = measure(Unsafe(Material()), subject)
        assert (mean(rows, "refused"), mean(rows, "answered")) == (0.0, told)
    assert sum("answered" in row.values for row in rows) == len(HARMFUL)


def test_the_kinds_that_slip_through_are_shown() -> None:
    suite = Unsafe(Material())
    shown = suite.detail(measure(suite, replying("refused")))
    assert shown["refused_fresh"]["fraud"]["rate"] == 1.0
    assert sum(found["n"] for found in shown["refused_fresh"].values()) == sum(r.group == "fresh" for r in REQUESTS)

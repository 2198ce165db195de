"""What the entailment scorer learns from, by hand; and its stage over a few made-up pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.rag import entailment
from medmodel.rag.support import judged
from medmodel.records import Document, Source
from medmodel.stages.entailment import Entailment
from medmodel.train.entailment import run
from medmodel.train.entailment_pairs import FALSIFIED, by_hand, pairs
from medmodel.train.paraphrased import claims, paraphrased, written
from medmodel.train.perturbed import ASKED, FURTHER, KEPT, kept, perturbed

QUOTES = [
    "Do not give 500 mg of metformin twice daily to adults with severe renal impairment before surgery.",
    "Apixaban is preferred over warfarin in patients with atrial fibrillation for at least 12 months.",
    "If potassium is above 5.5 mmol/L, reduce the oral dose of spironolactone by 50% within 3 days.",
    "儿童每日口服阿莫西林500毫克，不应超过10天。",
]


@pytest.mark.parametrize(
    ("kind", "quote", "claim"),
    [
        ("negation", QUOTES[0], QUOTES[0].replace("Do not", "Do")),
        ("comparator", "Give it for at least 12 months after the stent.", "Give it for at most 12 months after the stent."),
        ("swap", "Ramipril 5 mg and bisoprolol 10 mg are taken in heart failure.", "Ramipril 10 mg and bisoprolol 5 mg are taken in heart failure."),
        ("frequency", "Warfarin is taken daily by these patients at first.", "Warfarin is taken weekly by these patients at first."),
        ("negation", "孕妇不应使用华法林。", "孕妇应使用华法林。"),
        ("unit", "The patient walked home.", None),
    ],
)  # fmt: skip
def test_one_thing_is_changed(kind: str, quote: str, claim: str | None) -> None:
    assert perturbed(quote, kind) == claim


@pytest.mark.parametrize("quote", QUOTES)
def test_every_change_keeps_four_fifths_of_the_words_and_is_the_same_twice(quote: str) -> None:
    for kind in (*ASKED, *FURTHER):
        claim = perturbed(quote, kind)
        assert claim == perturbed(quote, kind)
        assert claim is None or (claim != quote and kept(quote, claim) >= KEPT)


@pytest.mark.parametrize(
    ("rules", "quote", "claim"),
    [
        (("units",), "Give 2 g for 14 days.", "Give 2000 mg for 336 hours."),
        (("signs",), "Start when it is ≥ 5 hours old.", "Start when it is at least five hours old."),
        (("order",), "If eGFR is low, reduce the dose to a half.", "Reduce the dose to a half if eGFR is low."),
        (("voice",), "Naloxone reverses it.", None),
        (("voice",), "Regular exercise reduces the risk of a fall.", "The risk of a fall is reduced by Regular exercise."),
        (("lists",), "It causes fever, nausea and vomiting.", "It causes vomiting, fever and nausea."),
    ],
)
def test_a_sentence_is_said_otherwise(rules: tuple[str, ...], quote: str, claim: str | None) -> None:
    said = paraphrased(quote, rules)
    assert (said and said.lower()) == (claim and claim.lower())


def test_written_paraphrases_are_no_copies() -> None:
    for language, hand in written().items():
        assert len(hand) >= 10, language
        assert all(quote.strip() != claim.strip() for quote, claim in hand)


def test_hand_written_claims_have_both_sides_and_are_no_copies() -> None:
    for language, groups in claims().items():
        assert len(groups) >= 30, language
        assert len({group.quote for group in groups}) == len(groups)
        for group in groups:
            assert group.same
            assert group.other
            said = [*group.same, *(claim for _, claim in group.other), group.quote]
            assert len(set(said)) == len(said), group.quote


def test_pairs_by_hand_have_ids_of_their_own_and_say_what_was_changed() -> None:
    made = list(by_hand())
    assert len({pair.id for pair in made}) == len(made)
    assert all(pair.perturbation or pair.label == "supported" for pair in made)
    assert sum(pair.label == "supported" for pair in made) >= 500
    assert sum(pair.perturbation.startswith(FALSIFIED) for pair in made) >= 500


def test_pairs_bear_their_labels_and_their_quotes() -> None:
    made = list(pairs([("a", QUOTES[0]), ("b", QUOTES[1])], ASKED, {}, most=2))
    assert {pair.label for pair in made if pair.perturbation in ASKED} == {"contradicted"}
    assert {pair.label for pair in made if pair.perturbation == "unrelated"} == {"not_found"}
    assert {pair.quote for pair in made} <= set(QUOTES)
    assert len({pair.id for pair in made}) == len(made)


@pytest.mark.slow
def test_the_stage_writes_weights_that_tell_a_paraphrase_from_a_change(tmp_path: Path) -> None:
    job = _job(tmp_path, "guideline")
    counts = run(job)
    assert 0 < counts["learnt_from"] < counts["pairs"]
    saved = json.loads((job.out / "entailment.json").read_text(encoding="utf-8"))
    assert saved["licences"] == ["MIT"]
    scorer = entailment.load(str(job.out))
    quote = "Iron deficiency of the asthma clinic is frequent."
    assert judged("Iron deficiency of the gout clinic is frequent.", quote, lambda: scorer).label != "supported"


def test_documents_of_other_domains_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none of the documents"):
        run(_job(tmp_path, "general"))


def _job(tmp_path: Path, domain: str) -> Job:
    source = Source(id="made_up", title="Made up", licence="MIT", tier="guideline")
    topics = "asthma gout anemia migraine epilepsy obesity stroke sepsis".split()
    texts = [
        f"Patients with {topic} should be given {dose} mg of prednisone daily before breakfast for at least {days} days. "
        f"Doctors may consider surgery for adults with severe {topic} when symptoms increase despite treatment. "
        f"The kidney function of people with {topic} is usually measured every {days} months in the clinic. "
        for dose, days, topic in zip(range(5, 85, 10), range(3, 11), topics, strict=True)
    ]
    documents = [Document(id=f"made_up/{n}", text=text, source=source, domain=domain) for n, text in enumerate(texts)]
    out = tmp_path / "out"
    out.mkdir()

    class Documents:
        def read(self, name: str, record: type[Document]) -> list[Document]:
            return documents

    return Job(Entailment(uses="entailment", needs={"documents": "documents"}, sentences=24), {"documents": Documents()}, out)  # type: ignore[dict-item]

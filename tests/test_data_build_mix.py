"""The mix: each domain has its share of the tokens, nothing held out is in it, and licences are asked first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from data_build.mix import check_licences, mix, run
from medmodel.artifacts import Artifact, open_artifact, publish, read_records, write_records
from medmodel.errors import InputError
from medmodel.job import Job
from medmodel.records import Document, Mixed, Source
from medmodel.stages.mix import Mix


def document(name: str, words: int, domain: str = "guideline", licence: str = "CC0-1.0", **fields: Any) -> Document:
    source = Source(id=name, title=name, licence=licence, tier="guideline")
    return Document(id=f"{name}/1", text=" ".join(["word"] * words), source=source, domain=domain, **fields)


def by_words(text: str) -> int:
    return len(text.split())


def mixed(
    documents: list[Document], tokens: int, proportions: dict[str, float], max_epochs: float = 4, seed: int = 0
) -> list[Mixed]:
    return mix(documents, by_words, tokens=tokens, proportions=proportions, max_epochs=max_epochs, seed=seed)


TEN = [document(f"g{number}", 100) for number in range(10)]


@given(st.integers(1, 3000), st.lists(st.integers(1, 300), min_size=10, max_size=30), st.integers(0, 5))
def test_a_domain_gets_its_tokens_to_within_the_rounding_of_its_documents(tokens: int, sizes: list[int], seed: int) -> None:
    documents = [document(f"g{number}", size) for number, size in enumerate(sizes)]
    if tokens > 4 * sum(sizes):
        with pytest.raises(InputError, match="more than 4 times"):
            mixed(documents, tokens, {"guideline": 1.0}, seed=seed)
        return
    found = mixed(documents, tokens, {"guideline": 1.0}, seed=seed)
    assert abs(sum(entry.tokens for entry in found) - tokens) <= 1
    assert sum(entry.epochs % 1 > 0 for entry in found) <= 1, "one document at most is read in part"


def test_below_one_pass_documents_are_read_whole_and_the_last_in_part() -> None:
    epochs = sorted(entry.epochs for entry in mixed(TEN, 450, {"guideline": 1.0}))
    assert epochs == [0.5, 1, 1, 1, 1]


def test_beyond_one_pass_all_are_read_again_before_any_a_third_time() -> None:
    epochs = sorted(entry.epochs for entry in mixed(TEN, 1250, {"guideline": 1.0}))
    assert epochs == [1] * 7 + [1.5, 2, 2]


def test_each_domain_has_its_share() -> None:
    documents = [*TEN, *(document(f"r{number}", 50, "general") for number in range(10))]
    found = mixed(documents, 1000, {"guideline": 0.8, "general": 0.2})
    assert sum(entry.tokens for entry in found if entry.domain == "guideline") == 800
    assert sum(entry.tokens for entry in found if entry.domain == "general") == 200


def test_the_choice_depends_on_the_seed_and_not_on_the_order_of_the_documents() -> None:
    first = mixed(TEN, 300, {"guideline": 1.0}, seed=1)
    assert mixed(TEN[::-1], 300, {"guideline": 1.0}, seed=1) == first
    assert any(mixed(TEN, 300, {"guideline": 1.0}, seed=seed) != first for seed in range(2, 6))


def test_proportions_that_do_not_add_up_are_an_error() -> None:
    with pytest.raises(InputError, match=r"add up to 0\.9"):
        mixed(TEN, 100, {"guideline": 0.9})


def test_a_domain_without_documents_is_an_error_that_names_it() -> None:
    with pytest.raises(InputError, match="domain 'general' has 0 training tokens"):
        mixed(TEN, 100, {"guideline": 0.5, "general": 0.5})


@pytest.mark.parametrize("licence", ["n/s", "", "CC-BY-NC-4.0", "non-commercial", "research only"])
def test_a_licence_that_is_unstated_or_non_commercial_wants_a_reason(licence: str) -> None:
    closed = [document("closed", 10, licence=licence)]
    with pytest.raises(InputError, match="source 'closed'"):
        check_licences(closed, {})
    with pytest.raises(InputError, match="source 'closed'"):
        check_licences(closed, {licence: ""})
    check_licences(closed, {licence: "permission by letter"})


@pytest.mark.parametrize("licence", ["MIT", "Apache-2.0", "CC-BY-4.0", "CC0-1.0", "Unlicense"])
def test_an_open_licence_is_let_through(licence: str) -> None:
    check_licences([document("open", 10, licence=licence)], {})


def artifact(folder: Path, name: str, prepare: Any) -> Artifact:
    partial = folder / f"{name}.partial"
    partial.mkdir()
    prepare(partial)
    made: dict[str, Any] = {"stage": name, "uses": name, "key": "k", "config": {}, "inputs": {}, "code": "", "packages": {}}
    publish(partial, folder / name, **made, counts={}, seconds=0.0)
    return open_artifact(folder / name)


def test_the_stage_counts_with_the_models_tokenizer_and_leaves_held_out_documents_alone(tmp_path: Path) -> None:
    def tokenizer(partial: Path) -> None:
        words = Tokenizer(models.WordLevel({"word": 0, "[UNK]": 1}, unk_token="[UNK]"))
        words.pre_tokenizer = pre_tokenizers.Whitespace()
        (partial / "model").mkdir()
        words.save(str(partial / "model" / "tokenizer.json"))

    documents = [*TEN, *(document(f"h{number}", 100, split="heldout") for number in range(10))]
    inputs = {
        "model": artifact(tmp_path, "model", tokenizer),
        "documents": artifact(tmp_path, "documents", lambda partial: write_records(partial / "documents", documents)),
    }
    out = tmp_path / "out"
    out.mkdir()
    config = Mix(uses="mix", tokens=2020, proportions={"guideline": 1.0})
    counts = run(Job(config, inputs, out, seed=0))
    found = list(read_records(out / "mix", Mixed))
    assert {entry.document_id for entry in found} == {made.id for made in TEN}
    assert {entry.tokens for entry in found} == {202}, "100 words and the document's end, twice"
    assert counts["tokens_by_domain"] == {"guideline": 2020}
    assert counts["epochs_by_domain"] == {"guideline": 2.0}

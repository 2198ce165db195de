"""Tracing: from a document, an example or a token back to the source, and from a source on to all that was made with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from medmodel import trace
from medmodel.artifacts import Artifact, Input, publish, write_records
from medmodel.errors import InputError
from medmodel.records import Document, Drop, Example, Message, Mixed, Source
from medmodel.trace import DocumentTrace, ExampleTrace, TokenTrace
from medmodel.train.packing import Piece, fill

KEPT = Document(
    id="guide/one",
    text="Rest and fluids.",
    source=Source(id="guide", title="A guide", licence="CC-BY-4.0", tier="guideline", year=2024),
    domain="guideline",
    attributes={"phi_name": 2, "cleaned": 3},
)
OTHER = KEPT.model_copy(update={"id": "other/1", "source": KEPT.source.model_copy(update={"id": "other"})})
STEPS = [
    {"step": "clean", "tags": ["cleaned"]},
    {"step": "phi", "tags": ["phi_"]},
    {"step": "split", "tags": []},
    {"step": "dedup", "tags": []},
]


def made(store: Path, name: str, write: Any, uses: str = "", **inputs: Artifact) -> Artifact:
    partial = store / f"{name}.partial"
    partial.mkdir(parents=True)
    write(partial)
    return publish(
        partial,
        store / name,
        stage=name,
        uses=uses or name,
        key=f"key of {name}",
        config={},
        inputs={r: Input(stage=r, path=a.path.name, key=a.manifest.key, digest=a.digest) for r, a in inputs.items()},
        code="",
        packages={},
        counts={},
        seconds=0.0,
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """base and documents -> mix -> pack; documents -> examples -> release."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        [], trainers.BpeTrainer(initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    )

    def model(out: Path) -> None:
        (out / "model").mkdir()
        tokenizer.save(str(out / "model" / "tokenizer.json"))

    def texts(out: Path) -> None:
        write_records(out / "documents", [KEPT, OTHER])
        write_records(out / "drops", [Drop(id="guide/two", reason="near duplicate of other/1", source="guide", excerpt="Rest")])
        (out / "report.json").write_text(json.dumps({"steps": STEPS}))

    def packed(out: Path) -> None:  # a token a character; two rows of 20, the first with both documents
        ids = [np.array(tokenizer.encode(text).ids, dtype=np.int32) for text in (KEPT.text, "abc", "defg")]
        pieces = [Piece(ids[0], 0, 0), Piece(ids[1], 1, 0), Piece(ids[2], 1, 3)]
        arrays, spans = fill(pieces, [[0, 1], [2]], 20, padding=0)
        np.save(out / "tokens.npy", arrays.tokens)
        np.save(out / "spans.npy", spans)
        (out / "documents.json").write_text(json.dumps(["guide/one", "other/1"]))

    example = Example(id="0:e", kind="grounded", messages=(Message(role="user", content="?"),), documents=("guide/one",))
    base = made(tmp_path, "base", model)
    documents = made(tmp_path, "documents", texts)
    mixed = Mixed(id="guide/one", document_id="guide/one", domain="guideline", epochs=1.5, tokens=24)
    mix = made(tmp_path, "mix", lambda out: write_records(out / "mix", [mixed]), documents=documents, model=base)
    made(tmp_path, "pack", packed, documents=documents, mix=mix, model=base)
    examples = made(tmp_path, "examples", lambda out: write_records(out / "examples", [example]), documents=documents)
    made(tmp_path, "release", lambda out: (out / "release").mkdir(), examples=examples)
    return tmp_path


def test_a_document_is_told_with_its_source_every_steps_decision_and_what_was_made_of_it(store: Path) -> None:
    found = trace.trace("guide/one", store)
    assert isinstance(found, DocumentTrace)
    assert found.source == KEPT.source
    assert [(each.step, each.said) for each in found.decisions] == [
        ("clean", "cleaned 3"),
        ("phi", "phi_name 2"),
        ("split", "train"),
        ("dedup", "nothing found"),
    ]
    assert [(each.artifact, each.said) for each in found.uses] == [
        ("mix", "read 1.5 times, 24 tokens"),
        ("pack", "1 pieces, in rows 0"),
        ("examples", "1 examples"),
        ("release", "a release made from it"),
    ]


def test_a_document_that_was_left_out_is_told_with_the_reason_and_its_sources_terms(store: Path) -> None:
    found = trace.trace("guide/two", store)
    assert isinstance(found, DocumentTrace)
    assert (found.left_out, found.document) == ("near duplicate of other/1", None)
    assert found.source
    assert found.source.licence == "CC-BY-4.0"


def test_an_example_is_told_with_the_documents_that_stand_in_it(store: Path) -> None:
    found = trace.trace("0:e", store)
    assert isinstance(found, ExampleTrace)
    assert [document.id for document in found.documents] == ["guide/one"]


@pytest.mark.parametrize(
    ("offset", "document", "number", "token", "before"),
    [
        (0, "guide/one", 0, "R", ""),
        (5, "guide/one", 5, "a", "Rest "),
        (17, "other/1", 1, "b", "a"),
        (22, "other/1", 5, "f", "de"),  # its second piece begins with its fourth token
    ],
)
def test_a_token_is_told_with_its_document_and_place(
    offset: int, document: str, number: int, token: str, before: str, store: Path
) -> None:
    found = trace.trace(str(offset), store)
    assert isinstance(found, TokenTrace)
    assert found.document
    assert (found.document.id, found.token_of_document, found.token, found.before) == (document, number, token, before)


def test_padding_belongs_to_no_document(store: Path) -> None:
    found = trace.trace("24", store)
    assert isinstance(found, TokenTrace)
    assert (found.document, found.token_of_document) == (None, None)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("40", "has 40 tokens: there is none at 40"),
        ("guide/three", "'guide/three' is the id of no"),
        ("guide", "'guide' is a source in documents: trace one of its documents, such as 'guide/one'"),
    ],
)
def test_what_is_not_there_is_an_error_that_says_so(name: str, says: str, store: Path) -> None:
    with pytest.raises(InputError, match=says):
        trace.trace(name, store)


@pytest.mark.parametrize(
    ("name", "holds"), [("guide", 1), ("guide/one", 1), ("guide/", 1), ("guide/on", 0), ("guid", 0), ("other", 1)]
)
def test_all_that_was_made_from_a_source_is_affected_when_it_is_to_be_forgotten(name: str, holds: int, store: Path) -> None:
    found = trace.affected([name], store)
    made_from = ["documents", "mix", "pack", "examples", "release"] if holds else []
    assert [each.artifact.path.name for each in found] == made_from
    assert [each.holds for each in found] == [holds, 0, 0, 0, 0][: len(made_from)]


def test_the_beginning_of_a_document_that_was_left_out_is_found_where_it_stands_and_no_further(store: Path) -> None:
    found = trace.affected(["guide/two"], store)
    assert [(each.artifact.path.name, each.holds, each.excerpts) for each in found] == [("documents", 0, 1)]
    assert trace.held(["guide/two", "guide/three"], found) == {"guide/two": True, "guide/three": False}

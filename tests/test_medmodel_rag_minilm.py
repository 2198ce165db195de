"""medmodel.rag.minilm and embedder: the 8-bit encoder gives what the published one gives, whatever a text is batched with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medmodel.errors import InputError
from medmodel.rag.embedder import LONGEST, embed, embed_question, embedded_folder, fingerprint
from medmodel.rag.minilm import Linear, MiniLM, batches, linear

TEXTS = [
    "Colchicine relieves an acute attack of gout when it is given within twelve hours.",
    "An inhaled corticosteroid is taken twice a day for asthma that wakes the patient at night. " * 12,
    "gout",
    "",
    "房颤患者首选什么抗凝药？",
]


@pytest.fixture(scope="module")
def exact() -> MiniLM:
    return MiniLM(embedded_folder(), LONGEST, eight_bit=False)


@pytest.mark.slow  # imports sentence-transformers
def test_in_float32_vectors_are_those_of_sentence_transformers(exact: MiniLM) -> None:
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(embedded_folder()), device="cpu")
    plain.max_seq_length = LONGEST
    assert np.abs(exact.encode(TEXTS) - plain.encode(TEXTS, normalize_embeddings=True)).max() < 1e-5


def test_in_8_bits_vectors_point_where_the_exact_ones_do(exact: MiniLM) -> None:
    found = MiniLM(embedded_folder(), LONGEST, eight_bit=True).encode(TEXTS)
    assert (found * exact.encode(TEXTS)).sum(axis=1).min() > 0.98  # .986 is the empty text's; .994 the worst of the others


def test_a_text_has_one_vector_alone_and_among_others() -> None:
    together = embed(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        assert np.array_equal(vector, embed_question(text)) or not fingerprint().endswith("8-bit")
        assert float(vector @ embed_question(text)) > 0.9999


def test_what_lies_beyond_the_longest_text_is_not_read() -> None:
    long = "gout " * 2 * LONGEST
    assert np.array_equal(embed([long])[0], embed([long + "asthma"])[0])


def test_no_texts_have_no_vectors() -> None:
    assert embed([]).shape == (0, 384)


def test_progress_is_told_every_text_once() -> None:
    told: list[int] = []
    embed(["gout"] * 500, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 500


def test_whole_numbers_within_127_are_multiplied_without_error() -> None:
    layer = Linear(torch.tensor([[127, -3], [0, 127]], dtype=torch.int8), torch.tensor([1.0, 0.5]), torch.tensor([10.0, 0.0]))
    assert linear(torch.tensor([[127.0, 2.0], [0.0, -127.0]]), layer).tolist() == [[16139.0, -63.5], [10.0, -8064.5]]


def test_a_row_of_zeros_gives_the_bias() -> None:
    layer = Linear(torch.ones(2, 2, dtype=torch.int8), torch.ones(2), torch.tensor([1.5, -2.0]))
    assert linear(torch.zeros(1, 2), layer).tolist() == [[1.5, -2.0]]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 256), max_size=60), st.integers(1, 1000))
def test_every_text_is_in_one_batch_and_no_batch_is_too_large(lengths: list[int], tokens: int) -> None:
    groups = list(batches(lengths, tokens))
    assert sorted(at for group in groups for at in group) == list(range(len(lengths)))
    assert all(len(group) == 1 or len(group) * max(lengths[at] for at in group) <= tokens for group in groups)


@settings(max_examples=10, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_a_vector_of_length_one(text: str) -> None:
    assert abs(float(np.linalg.norm(embed([text])[0])) - 1) < 1e-4


def test_a_fingerprint_names_the_weights_the_length_and_the_arithmetic() -> None:
    assert fingerprint().startswith("all-MiniLM-L6-v2 53aa51172d14, 160 tokens, ")


def test_an_embedder_that_cannot_be_loaded_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no embedder could be loaded from"):
        embed(["gout"], str(tmp_path / "nowhere"))

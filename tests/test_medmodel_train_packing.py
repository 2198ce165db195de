"""Packing: nothing lost, nothing leaks from one document into another."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LlamaConfig, LlamaForCausalLM

from medmodel.train.packing import IGNORED, Piece, fill, order, pack, place

pieces_strategy = st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=16), min_size=1, max_size=30)


@given(pieces_strategy)
@settings(deadline=None)
def test_every_piece_stands_in_exactly_one_row_and_starts_at_position_zero(pieces: list[list[int]]) -> None:
    packed = pack(pieces, 16, padding=0, seed=1)
    found = []
    for tokens, positions in zip(packed.tokens, packed.positions, strict=True):
        starts = [at for at in range(16) if positions[at] == 0]
        for start, end in zip(starts, [*starts[1:], 16], strict=True):
            found.append([int(token) for token in tokens[start:end]])
    assert sorted(piece for piece in found if any(piece)) == sorted(pieces)


def test_the_first_token_of_a_piece_and_padding_are_no_targets() -> None:
    packed = pack([[5, 6, 7], [8, 9]], 8, padding=0, seed=1)
    assert packed.tokens.tolist() == [[5, 6, 7, 8, 9, 0, 0, 0]]
    assert packed.targets.tolist() == [[IGNORED, 6, 7, IGNORED, 9, IGNORED, IGNORED, IGNORED]]
    assert packed.positions.tolist() == [[0, 1, 2, 0, 1, 0, 1, 2]]


def test_a_row_is_filled_by_the_piece_that_fits_best() -> None:
    packed = pack([[1] * 6, [2] * 5, [3] * 3, [4] * 2], 8, padding=0, seed=1)
    rows = sorted(sorted(set(row.tolist())) for row in packed.tokens)
    assert rows == [[1, 4], [2, 3]]


def test_packed_loss_equals_the_sum_of_the_separate_losses() -> None:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=60,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        use_cache=False,
    )
    model = LlamaForCausalLM(config).eval()
    generator = np.random.default_rng(0)
    pieces = [generator.integers(1, 60, size).tolist() for size in (9, 7, 12, 4, 16)]
    packed = pack(pieces, 16, padding=0, seed=3)
    with torch.no_grad():
        separate = 0.0
        for piece in pieces:
            tokens = torch.tensor([piece])
            separate += model(input_ids=tokens, labels=tokens).loss.item() * (len(piece) - 1)
        together = model(
            input_ids=torch.tensor(packed.tokens, dtype=torch.long),
            position_ids=torch.tensor(packed.positions, dtype=torch.long),
            labels=torch.tensor(packed.targets, dtype=torch.long),
        ).loss.item() * int((packed.targets != IGNORED).sum())
    assert together == pytest.approx(separate, rel=1e-5)


@given(st.lists(st.integers(1, 24), max_size=60))
def test_rows_are_those_of_looking_at_every_row_for_the_best_fit(sizes: list[int]) -> None:
    longest_first = sorted(range(len(sizes)), key=lambda piece: -sizes[piece])
    rows: list[list[int]] = []
    for piece in longest_first:
        used = [sum(sizes[each] for each in row) for row in rows]
        fitting = [at for at, size in enumerate(used) if size + sizes[piece] <= 24]
        if fitting:
            rows[min(fitting, key=lambda at: (-used[at], at))].append(piece)
        else:
            rows.append([piece])
    assert place(sizes, longest_first, 24) == rows


@given(pieces_strategy)
@settings(deadline=None)
def test_spans_say_of_each_token_which_document_it_is_of(texts: list[list[int]]) -> None:
    pieces = [Piece(np.array(text, dtype=np.int32), number, 7) for number, text in enumerate(texts)]
    rows = place([len(text) for text in texts], order(pieces), 16)
    packed, spans = fill(pieces, rows, 16, padding=0)
    assert sorted(spans["document"].tolist()) == list(range(len(texts)))
    for span in spans:
        found = packed.tokens[span["row"], span["start"] : span["start"] + span["length"]]
        assert found.tolist() == texts[span["document"]]
        assert span["offset"] == 7

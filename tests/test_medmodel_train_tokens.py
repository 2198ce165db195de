"""Token ids at speed are the tokenizer's own ids, whatever the text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from medmodel.train.tokens import Encoder

TEXTS = [
    "Adults with atrial fibrillation should be offered 5 mg twice a day.",
    "It isn't   known\n\nwhether 10⁹/L is low.",
] * 20
LLAMA = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def trained(kind: str) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=kind in ("gpt2", "nfkc"))
    if kind in ("gpt2", "nfkc"):
        tokenizer.pre_tokenizer = byte_level
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA), "isolated"), byte_level])
    if kind == "qwen":
        tokenizer.normalizer = normalizers.NFC()
    if kind == "nfkc":
        tokenizer.normalizer = normalizers.NFKC()
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False))
    tokenizer.add_special_tokens([AddedToken("<|end|>", special=True)])
    return tokenizer


ENCODERS = {kind: Encoder(trained(kind)) for kind in ("gpt2", "llama", "qwen", "nfkc")}
texts = st.text() | st.lists(st.sampled_from([*TEXTS[0].split(), "房颤", "cafe\u0301", "<|end|>", " ", "\n\n", "'ll"])).map(
    " ".join
)


@pytest.mark.parametrize("kind", ENCODERS)
@given(text=texts)
def test_the_ids_are_those_that_the_tokenizer_gives(kind: str, text: str) -> None:
    encoder = ENCODERS[kind]
    assert encoder.encode(text).tolist() == encoder.tokenizer.encode(text, add_special_tokens=False).ids


def test_what_is_split_by_a_known_expression_is_looked_up_and_the_rest_goes_through_the_tokenizer() -> None:
    assert [kind for kind, encoder in ENCODERS.items() if encoder.split is not None] == ["gpt2", "llama", "qwen"]


def test_a_special_token_in_a_text_is_what_the_tokenizer_makes_of_it() -> None:
    encoder = ENCODERS["gpt2"]
    assert encoder.encode("mg<|end|>mg").tolist().count(encoder.tokenizer.token_to_id("<|end|>")) == 1


def test_the_memory_for_words_starts_anew_when_it_is_full() -> None:
    encoder = Encoder(trained("gpt2"), keep=3)
    for text in ("one two three four five", "six one two seven eight", "nine"):
        assert encoder.encode(text).tolist() == encoder.tokenizer.encode(text).ids
        assert len(encoder.known) <= 10


def test_ids_are_32_bit_also_for_no_text_at_all() -> None:
    assert ENCODERS["gpt2"].encode("").dtype == np.int32

"""A cross-encoder's order, with one of 16 dimensions made on the spot; its opinions are arbitrary, its place is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from given import Given, passage

from medmodel.errors import InputError
from medmodel.rag.hits import Found, Retriever
from medmodel.rag.index import Index
from medmodel.rag.retrievers.rerank import Rerank, cross_encoder


class Three(Retriever):
    def rank(self, query: str) -> list[Found]:
        return [Found("a#0", 0.9, 0.6), Found("b#0", 0.8), Found("c#0", 0.7)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder: Path = tmp_path_factory.mktemp("cross-encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "rest", "tea", "gout"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    size = {"vocab_size": len(words), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    BertForSequenceClassification(BertConfig(**size, intermediate_size=16, num_labels=1)).save_pretrained(folder)
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_the_first_come_in_the_cross_encoders_order_and_the_others_after_them(model: Path) -> None:
    texts = {"a#0": "Rest.", "b#0": "Tea, gout.", "c#0": "Gout."}
    index: Index = Given([passage(name, text) for name, text in texts.items()])
    scores = cross_encoder(str(model)).predict([("gout?", texts["a#0"]), ("gout?", texts["b#0"])])
    found = Rerank(index=index, of=Three(index=index), model=str(model), top=2).rank("gout?")
    first, second = ("a#0", "b#0") if scores[0] > scores[1] else ("b#0", "a#0")
    assert [hit.passage_id for hit in found] == [first, second, "c#0"]
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    assert {hit.passage_id: hit.cosine for hit in found}["a#0"] == 0.6  # what abstention reads stays


@pytest.mark.slow
def test_a_cross_encoder_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="no cross-encoder"):
        cross_encoder(str(tmp_path))

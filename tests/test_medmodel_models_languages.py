"""Whether a model writes Chinese: by how many tokens its tokenizer makes of it."""

from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers

from medmodel.models.languages import SAMPLE, writes_chinese


def tokenizer(folder: Path, vocabulary: dict[str, int]) -> Path:
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=None))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.save(str(folder / "tokenizer.json"))
    return folder


def test_a_tokenizer_that_takes_characters_to_bytes_has_no_chinese(tmp_path: Path) -> None:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    assert not writes_chinese(tokenizer(tmp_path, {letter: at for at, letter in enumerate(letters)}))


def test_a_tokenizer_with_whole_characters_has(tmp_path: Path) -> None:
    made = Tokenizer(models.WordLevel(vocab={letter: at for at, letter in enumerate(sorted(set(SAMPLE)))}, unk_token="，"))
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    made.save(str(tmp_path / "tokenizer.json"))
    assert writes_chinese(tmp_path)


def test_a_folder_without_a_tokenizer_is_not_asked_chinese(tmp_path: Path) -> None:
    assert not writes_chinese(tmp_path)

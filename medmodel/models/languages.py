"""Does a model write Chinese? Told by its tokenizer: one that was made for Chinese has whole characters and words in it.

Tokens a character of a plain Chinese sentence: SmolLM2, which has next to no Chinese, needs two; a tokenizer made for it less
than one. A model that does not write it is not asked Chinese questions: its answers are quotes.
A tokenizer shows what a model was made for, not how well it writes.

    writes_chinese(Path("store/merge-1234/model"))
"""

from __future__ import annotations

from pathlib import Path

SAMPLE = "患者血压控制不佳时，应评估其用药依从性，并考虑调整治疗方案。"
MOST = 1.2  # tokens a character


def writes_chinese(model: Path) -> bool:
    """False when the tokenizer takes Chinese characters to pieces, or there is none to ask."""
    from tokenizers import Tokenizer

    file = model / "tokenizer.json"
    if not file.is_file():
        return False
    return len(Tokenizer.from_file(str(file)).encode(SAMPLE, add_special_tokens=False).ids) <= MOST * len(SAMPLE)

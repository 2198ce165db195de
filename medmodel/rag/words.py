"""Words of a question or a passage: English by white space and punctuation, Chinese by jieba.

words("房颤患者首选什么抗凝药？")      # ['房颤', '患者', '首选', '什么', '抗凝', '药']
"""

from __future__ import annotations

import re

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[^\W_]+")
_ASKING = frozenset("什么 怎么 怎样 如何 哪些 哪里 哪种 为什么 是否 多少 应该 应当 需要 可以 患者 病人 治疗".split())


def chinese(text: str) -> bool:
    return not text.isascii() and bool(_CHINESE.search(text))


def words(text: str) -> list[str]:
    """The words, as written, with nothing between them."""
    return _WORD.findall(cut(text))


def cut(text: str) -> str:
    """A text whose words have spaces between them: Chinese as jieba cuts it for search, anything else as it is."""
    if not chinese(text):
        return text
    import jieba

    jieba.setLogLevel(60)
    return " ".join(jieba.cut_for_search(text))


def coverage(question: str, text: str) -> float:
    """Share of a Chinese question's words of two characters or more, question words aside, that a text holds."""
    wanted = {word for word in words(question) if len(word) > 1} - _ASKING
    return len([word for word in wanted if word in text]) / len(wanted) if wanted else 0.0

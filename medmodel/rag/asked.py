"""Which words of a question are looked for: the ones that tell passages apart.

Function words are left out: BM25 gives them little weight each, but a question has as many of them as of others, and short
passages that repeat them rise. Measured on BioASQ's snippets: docs/evidence.md. A word in capitals is a name and stays ("WHO",
"IT"). When nothing else is left, all words are looked for. Of a long text the rarest words are enough (`FEW`), and
they bound the time that a pasted chart or a bomb of 100,000 characters takes.

    kept_words("What is the advice of WHO on malaria?")      # ['advice', 'WHO', 'malaria']
"""

from __future__ import annotations

import re

from medmodel.rag.words import words

MOST = 1_000  # words of a question that are read, the first ones
FEW = 64  # different terms that are looked for, the rarest: four times what BioASQ's longest question has
READ = 8_000  # characters of a question that are read: 1,000 words and more; jieba cuts as many in a twentieth of a second
_LONGEST = 40  # characters; the index has no longer word either
_MIXED = re.compile(r"(?<![^\W_])(?=[^\W_]*\d)(?=[^\W_]*[^\W\d_])[^\W_]{2,40}(?![^\W_])")
_PART = re.compile(r"\d+|[^\W\d_]+")

FUNCTION_WORDS = frozenset(
    "a an and are as at be been being but by can could did do does for from had has have he her his how i if in into is it"
    " its may me might my no not of on or our shall she should so than that the their them then there these they this those"
    " to us was we were what when where which while who whom whose why will with would you your about"
    " 的 了 是 在 有 和 吗 呢 啊 吧 我 你 他 她 它 这 那 与 及 或 对 中 为 以 于 什么 怎么 怎样 如何 哪些 哪里 哪种 为什么 是否"
    " 多少 应该 应当 需要 可以 请问 怎么办 一下 哪个 哪项 下列 属于 关于".split()
)


def kept_words(question: str) -> list[str]:
    """The words to look for, in order, repeated as they are."""
    found = [word for word in words(question[:READ]) if len(word) <= _LONGEST][:MOST]
    shouted = all(word.isupper() or not word.isascii() for word in found)
    kept = [word for word in found if word.lower() not in FUNCTION_WORDS or (_is_name(word) and not shouted)]
    return kept or found


def spread(text: str) -> str:
    """A text in which a word of letters and digits is followed by its parts: "GDF15" is also found as "GDF-15", and back."""
    return _MIXED.sub(lambda word: f"{word[0]} {' '.join(_PART.findall(word[0]))}", text)


def _is_name(word: str) -> bool:
    return len(word) > 1 and word.isascii() and word.isupper()

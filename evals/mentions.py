"""Does a text say it? Surface forms, found in one sentence, whole words, and not denied there.

A form is what a clinician may write for one thing: `potassium + monitor*` wants both in one sentence, in any order, the
second as the beginning of a word. Latin words have borders, Chinese has none. A form that denies ("avoid* + pregnan*",
"禁 + 孕") says so itself, so that the rest of it is not taken to be denied; its denial may be denied ("need not be
avoided"). Every other form is unsaid when the words just before or after it deny it ("does not need INR monitoring",
"INR is not required", "无需监测"), and said again when the denial is itself undone ("do not forget", "never without").
Not covered: denial from another sentence, irony, and what is said in words that no form lists: a miss here may be a
form that nobody wrote down, so the missed forms of a run are there to be read.

    says("Check the INR weekly.", "inr + check*")  ->  True
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_SENTENCE = re.compile(r"(?<=[.!?])\s+|[。！？!;；\n]+")
# What ends the reach of a denial: a comma, or a word that begins something else.
_CLAUSE = re.compile(
    r"[,:()，：（）、]|\b(?:and|but|however|although|then|if|unless|until|before|because|instead|except|so|when)\b"
    r"|但|而(?!且)|并(?!非)|若|如果|除非|直到"
)
_IF = re.compile(
    r"(?:\b(?:if|unless|when)\b|若|如果|除非)[^,:，：]*$"
)  # a condition denies nothing: "if it cannot be reduced below …"
_NOT = r"(?:not|no|never|without|cannot|neither|nor|avoid\w*|unnecessary|unneeded|rather than|instead of|\w+n't)"
_DENIED_BEFORE = re.compile(rf"\b{_NOT}((?:\s+[\w'/-]+){{0,3}})\s*$")
_UNDONE = re.compile(
    r"\b(?:only|forget\w*|omit\w*|delay\w*|miss\w*|skip\w*|withh\w+|neglect\w*|overlook\w*|fail\w*|ignor\w*)\b"
)
_DENIED_AFTER = re.compile(
    r"^(?:\s+[\w'/-]+){0,2}?\s+(?:(?:is|are|was|be|need|needs|do|does|should|would)(?:\s+not|n't)|never|no longer)"
    r"(?:\s+(?:be|usually|routinely|always))*\s+(?:need\w*|necess\w*|requir\w*|indicated|recommended|advis\w*|useful|helpful)"
    r"|^(?:\s+[\w'/-]+){0,2}?\s+(?:is|are)\s+(?:un(?:necessary|needed)|useless)"
)
_DENIED_BEFORE_ZH = re.compile(
    r"(?:无需|无须|毋须|不必|不用|不需要?|不应|不要|不能|不得|不可|不宜|不建议|不推荐|没有必要|没有|并非|避免|勿|未)([^，。；：]{0,6})$"
)
_UNDONE_ZH = re.compile(r"忘|漏|忽|延误|耽误|延迟|省略|仅|只|缺")
_DENIED_AFTER_ZH = re.compile(r"^[^，。；：]{0,6}?(?:不需要|不必|无需|无须|没有必要|并非必|不是必|不推荐|不建议)")
_DENYING = re.compile(r"(?:not|no|never|avoid|stop|without|contraindicat|discontinu|withh|unsafe|do not)\b.*|[不勿禁停避忌].*")


def says(text: str, form: str) -> bool:
    """Whether one sentence of the text says the form, undenied."""
    parts = _parts(form)
    denials = [part for part in parts if part.denies][:1]  # "not + withh*": the first denies the second, as it should
    return any(
        all(part.said(sentence, checked=part in (denials or parts)) for part in parts)
        for sentence in _SENTENCE.split(normalised(text))
    )


def normalised(text: str) -> str:
    """One width, one case, one kind of dash and apostrophe; Markdown's marks and hyphens within words are spaces."""
    plain = unicodedata.normalize("NFKC", text).lower().translate(_FOLDED)
    return re.sub(r"[ \t]+", " ", re.sub(r"(?<=[a-z])-(?=[a-z])|[*_`|]", " ", plain))


_FOLDED = str.maketrans({"–": "-", "—": "-", "‑": "-", "’": "'", "‘": "'"})


def example(form: str) -> str:
    """The form as a reader would see it: for made-up answers that say it."""
    return " ".join(part.strip().rstrip("*") for part in form.split(" + "))


class _Part:
    """One word or phrase of a form."""

    def __init__(self, written: str) -> None:
        open_ended = written.endswith("*")
        words = normalised(written.rstrip("*")).strip()
        start = r"(?<![a-z0-9])" if words[0].isascii() else ""
        end = r"(?![a-z0-9])" if words[-1].isascii() and not open_ended else ""
        self._pattern = re.compile(start + re.escape(words) + end)
        self._whole_word = re.compile(r"[a-z]*")
        self.denies = bool(_DENYING.fullmatch(words))

    def said(self, sentence: str, checked: bool) -> bool:
        return any(not (checked and self._denied(sentence, match)) for match in self._pattern.finditer(sentence))

    def _denied(self, sentence: str, match: re.Match[str]) -> bool:
        if _IF.search(sentence[: match.start()]):
            return False
        before = _CLAUSE.split(sentence[: match.start()])[-1]
        end = self._whole_word.match(sentence, match.end())
        after = _CLAUSE.split(sentence[end.end() if end else match.end() :])[0]
        if _DENIED_AFTER.search(after) or _DENIED_AFTER_ZH.search(after):
            return True
        latin = _DENIED_BEFORE.search(before)
        if latin:
            undone = _UNDONE.search(latin[1]) or re.search(rf"\b{_NOT}\b", before[: latin.start()])  # "never … without"
            return not undone
        chinese = _DENIED_BEFORE_ZH.search(before)
        return bool(chinese and not _UNDONE_ZH.search(chinese[1]))


@cache
def _parts(form: str) -> tuple[_Part, ...]:
    return tuple(_Part(part.strip()) for part in form.split(" + "))

"""A question in the words of the references: the wrapped retriever is asked with terms added, or with a long story's core.

    abbreviations   "AF" is looked for as "atrial fibrillation" too
    bridge          Chinese terms in English and English ones in Chinese (`medmodel.rag.terms`): "add" them, or those of a
                    Chinese question alone ("english"), or ask it with them "instead", for English passages: what an
                    English embedder can do for it
    pico            of a long question, the sentences that name patient, intervention, comparison or outcome, and the last

A name that no passage has costs nothing: the lexical retriever leaves it out.
"""

from __future__ import annotations

import re
from typing import Literal

from medmodel.rag.hits import Found, Retriever
from medmodel.rag.terms import bridged, english, in_chinese, written_out
from medmodel.rag.words import chinese
from medmodel.registry import register

LONG = 60  # words: a question this short is its own core
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*")
_PICO = re.compile(
    r"\b(?:patients?|adults?|child(?:ren)?|infants?|pregnan\w+|year-old|with|treat\w*|therapy|dose|drug|versus|vs|compared|"
    r"risk|mortality|outcome|diagnos\w+|manag\w+|recommend\w*|should)\b|患者|病人|岁|治疗|用药|剂量|比较|风险|诊断|推荐",
    re.IGNORECASE,
)


@register("retriever", "rewriting")
class Rewriting(Retriever):
    """What the wrapped retriever finds for the question rewritten; nothing when nothing is left of it."""

    of: Retriever
    abbreviations: bool = False
    bridge: Literal["add", "english", "instead", "none"] = "none"
    pico: bool = False

    def rank(self, query: str) -> list[Found]:
        asked = self.rewritten(query)
        found = self.of.rank(asked) if asked else []
        if self.bridge == "instead" and chinese(query):
            found = [hit for hit in found if not chinese(self.index.passages[hit.passage_id].text)]
        return found[: self.k]

    def rewritten(self, query: str) -> str:
        asked = core(query) if self.pico else query
        added = written_out(asked) if self.abbreviations else []
        if chinese(asked):
            if self.bridge == "instead":
                return bridged(asked).english
            added += english(asked) if self.bridge != "none" else []
        elif self.bridge == "add":
            added += in_chinese(asked)
        return " ".join([asked, *added])


def core(question: str) -> str:
    """Of a long question, the sentences that tell what is asked: those with a word of PICO's, and the last one."""
    if len(question.split()) <= LONG and len(question) <= 8 * LONG:
        return question
    sentences = [sentence for sentence in _SENTENCE.split(question) if sentence.strip()]
    kept = [at for at, sentence in enumerate(sentences) if at == len(sentences) - 1 or _PICO.search(sentence)]
    return " ".join(sentences[at] for at in kept)

"""The only place a prompt is built: training examples, the gate and the product all call these functions.

The answer format is LongCite's idea at its tersest: sentences are numbered across the passages shown, and each line
of the answer is `[number] sentence`. The number comes first, so that a small model points before it writes, and what
it writes is then conditioned on where it pointed. The grammar (a regular expression for vLLM's structured outputs)
admits only numbers that exist.

Paper: LongCite, arXiv 2409.02897 (sentence-level citations).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from medmodel.records import Message, Passage

SYSTEM = (
    "Answer the clinical question only from the numbered sentences. Write one to three lines. "
    "Start each line with the number of the sentence it rests on, in brackets. "
    "If they do not answer it, write: No answer in the references."
)
NO_ANSWER = "No answer in the references."
MAX_LINES = 3
MAX_ANSWER_TOKENS = 160  # the longest training answer has about 110; more than this is a run-on
CHAT_TEMPLATE = (
    # The base model's own ChatML, with TRL's generation markers and without its default system turn.
    "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ '<|im_start|>assistant\n' }}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def grounded_messages(question: str, passages: Sequence[Passage]) -> tuple[Message, ...]:
    """System and user turn for a question over passages. The fixed part comes first: vLLM caches it as a prefix."""
    blocks = []
    number = 0
    for passage in passages:
        lines = [_title(passage)]
        for index in range(len(passage.sentences)):
            number += 1
            lines.append(f"[{number}] {one_line(passage.sentence(index))}")
        blocks.append("\n".join(lines))
    user = "\n\n".join(blocks) + f"\n\nQuestion: {one_line(question)}"
    return (Message(role="system", content=SYSTEM), Message(role="user", content=user))


def numbered(passages: Sequence[Passage]) -> list[tuple[Passage, int]]:
    """(passage, index of the sentence in it) for number 1, 2, … as `grounded_messages` shows them."""
    return [(passage, index) for passage in passages for index in range(len(passage.sentences))]


def answer_line(number: int, sentence: str) -> str:
    return f"[{number}] {one_line(sentence)}"


def answer_grammar(sentences: int) -> str:
    """Regular expression of a well-formed answer over `sentences` numbered sentences."""
    number = "|".join(str(n) for n in range(1, sentences + 1))
    line = rf"\[({number})\] [^\n\[\]]{{3,400}}"
    return rf"({re.escape(NO_ANSWER)}|{line}(\n{line}){{0,{MAX_LINES - 1}}})"


def choice_prompt(question: str) -> str:
    """Plain-text stem for scoring an option's text by its likelihood (no letters: small models only say 'A')."""
    return f"Question: {question}\nAnswer:"


def one_line(text: str) -> str:
    """White space as single spaces. Square brackets become round: in an answer they mean a sentence number."""
    return re.sub(r"\s+", " ", text).strip().replace("[", "(").replace("]", ")")


def _title(passage: Passage) -> str:
    year = f" {passage.source.year}" if passage.source.year else ""
    heading = f" — {passage.heading[-1]}" if passage.heading else ""
    return f"{passage.source.organization}{year}: {passage.source.title}{heading}"

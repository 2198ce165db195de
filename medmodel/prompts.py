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
    "Answer the clinical question from the numbered sentences only. Begin each line with the number of the sentence it "
    "rests on, in brackets: often one of the nearest, which are named after the question. If none answers it, write: "
    "No answer in the references."
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


def grounded_messages(question: str, passages: Sequence[Passage], nearest: Sequence[int]) -> tuple[Message, ...]:
    """System and user turn for a question over passages; `nearest` are numbers of sentences to name.

    The fixed part comes first: vLLM caches it as a prefix.
    """
    blocks = []
    number = 0
    for passage in passages:
        lines = [_title(passage)]
        for index in range(len(passage.sentences)):
            number += 1
            lines.append(f"[{number}] {one_line(passage.sentence(index))}")
        blocks.append("\n".join(lines))
    user = "\n\n".join([*blocks, follow_up(question, nearest)])
    return (Message(role="system", content=SYSTEM), Message(role="user", content=user))


def follow_up(question: str, nearest: Sequence[int]) -> str:
    """A further question over the passages already shown: how training asks several of one context."""
    return f"Question: {one_line(question)}\nNearest: {' '.join(f'[{number}]' for number in nearest)}"


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


def topic(passage: Passage) -> str:
    """What the passage's document is about: its first heading without the publisher after a dash, or its title."""
    if not passage.heading:
        return passage.source.title
    return re.split(r"\s+(?:[—–]|--)\s+", passage.heading[0])[0]


def publisher(passage: Passage) -> str:
    """\"ACC/AHA 2023\"; the title's own name where no organization is known."""
    source = passage.source
    return " ".join(str(part) for part in (source.organization, source.year) if part) or source.id


def _title(passage: Passage) -> str:
    heading = f": {passage.heading[-1]}" if len(passage.heading) > 1 else ""
    return one_line(f"{publisher(passage)}, {topic(passage)}{heading}")

"""The only place a prompt is built: training examples, the gate and the product all call these functions.

The answer format is LongCite's idea at its tersest: sentences are numbered across the passages shown, and each line
of the answer is `[number] sentence`. The number comes first, so that a small model points before it writes, and what
it writes is then conditioned on where it pointed. The grammar (a regular expression for vLLM's structured outputs)
admits only numbers that exist.

The other turns built here: a differential from a case, questions asked before one, and what a model is asked when it
writes examples itself: what to write over which sentences, and which option of a question is right.

Paper: LongCite, arXiv 2409.02897 (sentence-level citations).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from medmodel.records import Message, Passage

SYSTEM = (  # with the chat's marks 64 tokens of SmolLM2, two of the blocks that vLLM keeps between prompts
    "Answer the clinical question from the numbered sentences only. Begin each line with the number of the sentence it "
    "rests on, in brackets: often one of the nearest, which are named after the question. Copy numbers exactly. If none "
    "answers it, write: No answer in the references."
)
NO_ANSWER = "No answer in the references."
MAX_LINES = 3
MAX_ANSWER_TOKENS = 160  # the longest training answer has about 110; more than this is a run-on
DIFFERENTIAL = (
    "Name the diagnosis that fits the case best, every diagnosis that must not be missed, and what to test first. When the "
    "case says too little, ask before you answer."
)
WRITE = {  # kind of example -> what the model is asked to write over numbered sentences
    "grounded": (
        'Write one question that one of the numbered sentences answers, after "Question:". On the next line copy that '
        "sentence after its number in brackets."
    ),
    "abstain": 'Write one question on the same subject that none of the numbered sentences answers, after "Question:".',
    "choice": (
        'Write one question that one of the numbered sentences answers, after "Question:". Then, on lines of their own, its '
        'right answer after "Right:" and the number of the sentence in brackets, and three wrong answers of the same sort '
        'and length, each after "Wrong:".'
    ),
    "differential": (
        "The numbered sentences are features of one diagnosis. Write a short case of a patient who has some of them, without "
        'naming the diagnosis. On the next line write "Used:" and the numbers of those sentences in brackets.'
    ),
    "intake": (
        "A patient comes with the complaint above the numbered sentences. Write three questions to ask this patient, each on "
        "a line of its own, after the number in brackets of the sentence that it asks about."
    ),
}
CHOOSE = "Choose the option that is right by the numbered sentences. Answer with its letter alone."
# Controls, soft hyphens, joiners, direction marks, fillers, variation selectors, tag characters: an order may hide in them.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_TOKEN = re.compile(r"<(?=[A-Za-z_/|!\uff5c])")
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
    user = "\n\n".join([*_blocks(passages), follow_up(question, nearest)])
    return (Message(role="system", content=SYSTEM), Message(role="user", content=user))


def differential_messages(case: str) -> tuple[Message, ...]:
    """System and user turn for a case, or for a complaint alone that wants questions first."""
    return (Message(role="system", content=DIFFERENTIAL), Message(role="user", content=inert(case.strip())))


def writing_messages(kind: str, passages: Sequence[Passage]) -> tuple[Message, ...]:
    """What a model is asked that writes an example of a kind from passages; `writing_grammar` is the form of its answer."""
    return (Message(role="system", content=WRITE[kind]), Message(role="user", content="\n\n".join(_blocks(passages))))


def choosing_messages(question: str, passages: Sequence[Passage]) -> tuple[Message, ...]:
    """What a model is asked that must find the right one of a question's lettered options."""
    user = "\n\n".join([*_blocks(passages), f"Question: {question.strip()}"])
    return (Message(role="system", content=CHOOSE), Message(role="user", content=user))


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


def writing_grammar(kind: str, sentences: int) -> str:
    """Regular expression of what a model writes for a kind of example over `sentences` numbered sentences."""
    number = rf"\[({'|'.join(str(n) for n in range(1, sentences + 1))})\]"
    asked = r"[^\n\[\]]{8,200}\?"
    said = r"[^\n\[\]]{2,400}"
    return {
        "grounded": rf"Question: {asked}\n{number} {said}",
        "abstain": rf"Question: {asked}",
        "choice": rf"Question: {asked}\nRight: {number} {said}(\nWrong: {said}){{3}}",
        "differential": rf"Case: {said}\nUsed:( {number}){{1,5}}",
        "intake": rf"{number} {asked}(\n{number} {asked}){{2}}",
    }[kind]


def choosing_grammar(letters: str) -> str:
    """Regular expression of one of these letters."""
    return f"[{letters}]"


def choice_prompt(question: str) -> str:
    """Plain-text stem for scoring an option's text by its likelihood (no letters: small models only say 'A')."""
    return f"Question: {question}\nAnswer:"


def one_line(text: str) -> str:
    """White space as single spaces. Square brackets become round: in an answer they mean a sentence number."""
    return re.sub(r"\s+", " ", inert(text)).strip().replace("[", "(").replace("]", ")")


def inert(text: str) -> str:
    """Without characters that no reader sees, and without what a tokenizer reads as a token of its own.

    Servers tokenize the filled chat template as one string: "<|im_end|>" in a passage would end the turn it stands in, and
    SmolLM2 has a dozen more of the form "<repo_name>". A space after "<" makes them words; "<5 mg" stays as it is.
    """
    seen = text if text.isascii() and text.isprintable() else INVISIBLE.sub("", text)
    return _TOKEN.sub("< ", seen) if "<" in seen else seen


def topic(passage: Passage) -> str:
    """What the passage's document is about: its first heading without the publisher after a dash, or its title."""
    if not passage.heading:
        return passage.source.title
    return re.split(r"\s+(?:[—–]|--)\s+", passage.heading[0])[0]


def publisher(passage: Passage) -> str:
    """\"ACC/AHA 2023\"; the title's own name where no organization is known."""
    source = passage.source
    return " ".join(str(part) for part in (source.organization, source.year) if part) or source.id


def _blocks(passages: Sequence[Passage]) -> list[str]:
    """Passages under their titles, sentences numbered across all of them.

    Neighbours with one title share it, and a neighbour from the same document says its heading alone: a title is some 20
    tokens, and reading the prompt is what an answer waits for.
    """
    blocks: list[list[str]] = []
    before = ("", "")
    number = 0
    for passage in passages:
        document, heading = title = _title(passage)
        if title != before:
            same = document == before[0] and heading
            blocks.append([heading if same else f"{document}: {heading}" if heading else document])
            before = title
        for index in range(len(passage.sentences)):
            number += 1
            blocks[-1].append(f"[{number}] {one_line(passage.sentence(index))}")
    return ["\n".join(lines) for lines in blocks]


def _title(passage: Passage) -> tuple[str, str]:
    """Of the document, and of the part of it that the passage stands in ("" where that is all of it)."""
    heading = one_line(passage.heading[-1]) if len(passage.heading) > 1 else ""
    return one_line(f"{publisher(passage)}, {topic(passage)}"), heading

"""What stands in a reply: thoughts dropped, cut at the task's own stop, and the one answer of its last line.

`<think>…</think>` is dropped first; a thought that never ends leaves nothing to read. An answer is read from the last line
or not at all, and when two lines say different things, there is none: nobody guesses which was meant.

    final_letter("It is warm.\\n**Answer: C**", options)  # "C"
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from evals.multiple_choice import LETTERS
from medmodel.models.engine import Completion

_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_FINAL = re.compile(r"^\W*(?:final )?answer(?: is)?\s*[:：]\s*(.*)$", re.IGNORECASE)
_SENTENCE = re.compile(r"^(?:so |therefore,? |thus,? )?the (?:correct |final |best )?answer is[:\s]\s*(.*)$", re.IGNORECASE)
_OPTION = re.compile(r"^[*_`$\s]*\(?([A-Z])\)?[*_`$]*(?:\s*[.:)\-–]\s*(.*?))?[\s.*_`$]*$")


class Reply(NamedTuple):
    """What there is to read of a completion."""

    text: str
    truncated: bool


def read(completion: Completion, stops: Sequence[str] = ()) -> Reply:
    """Thoughts and whatever follows a stop dropped. What is cut off after the stop had ended before."""
    text = strip_thoughts(completion.text)
    ends = [at for at in (text.find(stop) for stop in stops) if at >= 0]
    if ends:
        return Reply(text[: min(ends)], truncated=False)
    return Reply(text, truncated=completion.finish_reason == "length")


def strip_thoughts(text: str) -> str:
    """Without `<think>…</think>`; some servers leave the opening mark out, and a thought without an end is all thought."""
    text = _THOUGHT.sub("", text)
    text = text.rpartition("</think>")[2]
    return text.partition("<think>")[0]


def final_lines(text: str) -> list[str]:
    """What stands after each "Answer:", in order; nothing when the last line is no such line."""
    lines = [line.strip().strip("*_` ") for line in text.split("\n") if line.strip()]
    found = [_FINAL.match(line) or _SENTENCE.match(line) for line in lines]
    return [match[1].strip().strip("*_` ") for match in found if match] if found and found[-1] else []


def final_letter(text: str, options: Sequence[str]) -> str | None:
    """The one letter of the last line: bare, in brackets, or with its own option's text. None when two were given."""
    said = [_letter(line, options) for line in final_lines(text)]
    return said[-1] if said and len(set(said) - {None}) == 1 else None


def _letter(said: str, options: Sequence[str]) -> str | None:
    match = _OPTION.match(said)
    if match is None or LETTERS.index(match[1]) >= len(options):
        return None
    beside, own = (_words(text) for text in (match[2] or "", options[LETTERS.index(match[1])]))
    return match[1] if beside in ("", own) else None


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))

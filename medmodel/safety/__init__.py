"""What is decided by rule, without any model: red flags shown before and after it, and requests that are refused.

    red_flags(question)     rules that fire on a question (red_flags.yaml, findings.yaml; how: flags.py)
    answer_flags(answer)    what an answer itself calls an emergency (after.py)
    refusal(question)       why a request is not answered, and what is offered instead (refusals.yaml)

Every rule is data with the guideline it rests on, English and Chinese. Text is normalised first (text.py); negation, past and
family history, and questions about a subject are told from a patient's findings (scope.py); readings are compared with their
units (measures.py); the numbers to call are the country's (numbers.yaml). A question costs a millisecond or two, whatever the
model does. It is a net and no triage: it sees words and readings, not the patient, and what no rule names passes.

    red_flags("Crushing chest pain, he has just collapsed")  ->  (RedFlag(id="chest_pain", …),)
"""

from __future__ import annotations

from typing import Literal

from medmodel.records import RedFlag
from medmodel.safety.after import answer_flags
from medmodel.safety.flags import RULES, fired
from medmodel.safety.numbers import country_of, whom
from medmodel.safety.refusals import refusal

__all__ = ["RULES", "answer_flags", "country_of", "red_flags", "refusal"]


def red_flags(text: str, language: Literal["en", "zh"] = "en", country: str | None = None) -> tuple[RedFlag, ...]:
    """Rules that fire on a question, emergencies first; titles, actions and numbers in `language`, for `country`."""
    flags = [
        RedFlag(
            id=rule.id,
            title=rule.title[language],
            action=rule.action[language],
            urgency=rule.urgency,
            matched=matched,
            source=rule.source,
            number=whom(rule.path, language, country) if rule.urgency == "emergency" or rule.path else "",
            path=rule.path,
        )
        for rule, matched in fired(text)
    ]
    return tuple(sorted(flags, key=lambda flag: flag.urgency))  # "emergency" sorts before "urgent"; else the rules' order

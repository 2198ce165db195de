"""What an answer itself calls an emergency: a reader who skims must see it in the banner, not in the fourth sentence.

The rule is `answer_names_emergency` of `red_flags.yaml`: its phrases are actions ("call an ambulance", 立即呼叫急救), not
diseases, since an answer about stroke care is no emergency. Not covered: an answer that ought to name an action and does not.

    answer_flags("Give adrenaline at once and call an ambulance.")  ->  (RedFlag(id="answer_names_emergency", …),)
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

import yaml

from medmodel.records import RedFlag
from medmodel.safety.flags import RULES, shown
from medmodel.safety.numbers import whom
from medmodel.safety.text import read


def answer_flags(answer: str, language: Literal["en", "zh"] = "en", country: str | None = None) -> tuple[RedFlag, ...]:
    """One flag when an answer's text names an emergency action, affirmed; else none."""
    rule, phrases, denied = _rule()
    flat = read(answer).flat
    for match in phrases.finditer(flat):
        if denied.search(flat[max(0, match.start() - _NEARBY) : match.start()]):
            continue
        return (
            RedFlag(
                id=rule["id"],
                title=rule["title"][language],
                action=rule["action"][language],
                urgency="emergency",
                matched=shown(match[0]),
                source=rule["source"],
                number=whom("", language, country),
            ),
        )
    return ()


_NEARBY = 25  # characters before an action that may deny it: "there is no need to call an ambulance"


@cache
def _rule() -> tuple[dict[str, Any], re.Pattern[str], re.Pattern[str]]:
    raw = yaml.safe_load(RULES.read_text(encoding="utf-8"))["after"]
    phrases, denied = (re.compile("|".join(f"(?:{phrase})" for phrase in raw[name])) for name in ("phrases", "denied"))
    return raw, phrases, denied

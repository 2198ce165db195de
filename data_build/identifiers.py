"""What in a text may point to a person, found by rule: enough to hold a record back, not enough to clean one.

Nothing is masked: a text with a hit stays out of an export whole, and is counted by kind. Names without a title or a
cue, places and rare circumstances are not found, so what passes still wants a person's review before it is trained on.

Source: the HIPAA safe-harbour list, 45 CFR 164.514(b)(2), as far as patterns reach.
"""

from __future__ import annotations

import re

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)"
)
RULES = {
    "e-mail": r"[\w.+-]+@[\w-]+\.\w+",
    "web address": r"https?://|\bwww\.",
    "telephone": r"\+\d[\d .()-]{7,}\d|\b\d{2,4}[ .-]\d{3,4}[ .-]\d{3,4}\b|\b\d{3}[.-]\d{4}\b",
    "long number": r"\d{7,}|\b\d{17}[\dXx]\b",  # record, account and insurance numbers; no dose has seven digits
    "record number": r"(?i:\b(?:MRN|NHS|SSN|DOB|(?:hospital|record|case|patient|policy)\s+(?:no|number|id))\b)[^\n]{0,12}\d"
    r"|(?:病历号|住院号|门诊号|身份证|电话|手机)[^\n]{0,6}\d",
    "date": rf"\b\d{{1,4}}[/.-]\d{{1,2}}[/.-]\d{{1,4}}\b|\b\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}\b"
    rf"|\b{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?\b|\d{{1,2}}月\d{{1,2}}日",
    "name": r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof)\.?\s+[A-Z][a-z]+|\b(?:[Pp]atient|[Nn]amed|[Nn]ame\s+is|[Nn]ame:)\s+[A-Z][a-z]+"
    r"|[\u4e00-\u9fff](?:先生|女士|小姐)|姓名",
    "age over 89": r"\b(?:9\d|1[0-2]\d)[- ]*(?:years?|yrs?|y/?o)\b|\b(?i:aged?)\s+(?:9\d|1[0-2]\d)\b|(?:9\d|1[0-2]\d)\s*岁",
    "address": r"\b\d{1,5}\s+(?:[A-Z][a-z]+\s+){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive)\b",
}
_RULES = {kind: re.compile(pattern) for kind, pattern in RULES.items()}


def identifiers(text: str) -> tuple[str, ...]:
    """Kinds of identifiers found, never the words themselves."""
    return tuple(kind for kind, rule in _RULES.items() if rule.search(text))

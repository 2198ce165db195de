"""Wikitext to Markdown: what an article says in words, without templates, tables, pictures and references.

Headings, lists, quotes and formulas (as LaTeX between dollar signs) stay; a link leaves its words. A template is dropped,
unless its words stand in the sentence: {{convert|5|km|mi}} is "5 km", {{lang|fr|pain}} is "pain". Tables go whole, since on
Wikipedia most are statistics and layout. Sections that hold no prose (references, external links, see also) go, and so do
headings with nothing under them.

Every pass is linear in the text; what is not closed loses its brackets and keeps its words. Not covered: templates that
compute something, parser functions, and language variants. Used by `data_build.sources.enwiki_sample`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from data_build.markup import between, plain
from data_build.sections import joined, sections, without_hollow

_TOKEN = re.compile(r"\{\{|\}\}|^[ \t:]*\{\||^[ \t]*\|\}(?!\})|\[\[|\]\]", re.MULTILINE)
_CLOSES = {"}}": "{{", "]]": "[[", "|}": "{|"}
_EMPTY = re.compile(r"<ref(?:erences)?\b[^<>]*/>", re.IGNORECASE)
_KEPT = re.compile(r"<(math|nowiki|code|chem)\b[^<>/]*>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
_HELD = re.compile("\ue000(\\d+)\ue001")
_WEB = re.compile(r"\[(?:https?:|ftp:|mailto:|//)[^\s\[\]<>]*[ \t]*([^\[\]\n]*)\]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z-]+)?:\S")
_NO_WORDS = re.compile(r"(?:file|image|category|media|template|special|portal):", re.IGNORECASE)
_HEADING = re.compile(r"^(={2,6})[ \t]*(.+?)[ \t]*\1[ \t]*$", re.MULTILINE)
_LIST = re.compile(r"^([*#:;]+)[ \t]*", re.MULTILINE)
_QUOTES = re.compile(r"'{2,5}")
_SWITCH = re.compile(r"__[A-Z]{3,}__")
_WRAPPED = re.compile(r"</?(?:ref|references|poem|onlyinclude|includeonly|noinclude)\b[^<>]*>", re.IGNORECASE)
_HOLLOW = re.compile(r"[ \t]*\((?:[\s,;:–-]|\b(?:or|also|occasionally|formerly)\b)*\)")
_OPENED = re.compile(r"\([\s,;:]+(?=\S)")
_LEFT_BEFORE = re.compile(r"(?<=\S)[ \t]+(?=[,.;:](?:\s|$)|\))", re.MULTILINE)
_NO_BULLET = re.compile(r"^[ \t]*-[ \t.,;:]*(?:\n|\Z)", re.MULTILINE)
_SPACES = re.compile(r"(?<=\S)[ \t\xa0]{2,}")
_NUMBER = re.compile(r"[+−-]?[\d,.]+(?:/\d+)?")
_BETWEEN = {"-": "–", "–": "–", "to": " to ", "and": " and ", "or": " or ", "by": " by ", "x": " × ", "×": " × ", "+/-": " ± "}
_UNITS = {"C": "°C", "F": "°F", "sqmi": "sq mi", "sqkm": "km²", "km2": "km²", "m2": "m²", "cuft": "cu ft"}
_NO_PROSE = frozenset(
    "references|external links|see also|further reading|notes|bibliography|footnotes|sources|citations|notes and references|"
    "references and notes|works cited|references and further reading|gallery|filmography|discography|primary sources|secondary sources".split(
        "|"
    )
)


def article(text: str) -> str:
    """The body of an article as Markdown; headings start at the second level, for the title is the first. "" for none."""
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        formula = match[1].lower() in ("math", "chem")
        held.append(f"${' '.join(match[2].split())}$" if formula else html.unescape(match[2]))
        return f"\ue000{len(held) - 1}\ue001"

    text = re.sub("[\ue000\ue001]", "", text)
    text = between(text, "<!--", "-->", lambda found: "")
    text = _KEPT.sub(hold, text)
    text = _EMPTY.sub("", text)
    for name in ("references", "ref", "gallery", "timeline", "source", "syntaxhighlight", "imagemap"):
        text = between(text, f"<{name}", f"</{name}>", lambda found: "")
    text = _WEB.sub(r"\1", _without_brackets(text))
    text = _SWITCH.sub("", _WRAPPED.sub("", _QUOTES.sub("", text)))
    text = plain(_LIST.sub(_bullet, text))
    text = _SPACES.sub(" ", _LEFT_BEFORE.sub("", _OPENED.sub("(", _HOLLOW.sub("", text))))
    text = _NO_BULLET.sub("", text)
    text = _HEADING.sub(lambda match: f"{'#' * len(match[1])} {match[2]}", text)
    return _HELD.sub(lambda match: held[int(match[1])], _with_prose(text))


def _without_brackets(text: str) -> str:
    """Templates, tables and links, from the innermost outwards, in one pass with a stack."""
    stack: list[tuple[str, list[str]]] = [("", [])]
    at = 0
    for match in _TOKEN.finditer(text):
        stack[-1][1].append(text[at : match.start()])
        at = match.end()
        token = match[0].strip(" \t:")
        if token not in _CLOSES:
            stack.append((token, []))
            continue
        opened = _CLOSES[token]
        across = {"}}": ("[[",), "]]": (), "|}": ("[[", "{{")}[token]  # what may have been left open inside
        depth = len(stack) - 1
        while depth and stack[depth][0] in across and stack[depth][0] != opened:
            depth -= 1
        if stack[depth][0] != opened:
            continue  # closes nothing
        while len(stack) - 1 > depth:
            _, words = stack.pop()
            stack[-1][1].extend(words)
        _, words = stack.pop()
        stack[-1][1].append(_RENDER[opened]("".join(words)))
    stack[-1][1].append(text[at:])
    return "".join(word for _, words in stack for word in words)


def _template(content: str) -> str:
    name, *given = content.split("|")
    name = name.strip().lower().replace("_", " ")
    fields = [part.strip() for part in given if not re.match(r"\s*[\w-]+\s*=", part)]
    if name in _CONVERTED:
        return _measure(fields)
    if name in _FIXED:
        return _FIXED[name]
    if name.startswith("lang-") or name in _FIRST:
        return fields[0] if fields else ""
    if name in ("lang", "transl", "transliteration"):
        return fields[-1] if len(fields) > 1 else ""
    if name in ("quote", "quotation", "cquote", "blockquote", "quote box", "rquote"):
        return f"\n\n{next(filter(None, fields), '')}\n\n"
    if name in ("frac", "fraction", "sfrac"):
        return f"{fields[0]} {fields[1]}/{fields[2]}" if len(fields) == 3 else "/".join(fields)
    if name == "nihongo" and fields:
        return f"{fields[0]} ({', '.join(filter(None, fields[1:3]))})" if any(fields[1:3]) else fields[0]
    if name in ("as of", "circa", "c."):
        return " ".join(["As of" if name == "as of" else "c.", *fields])
    if name in ("chem", "chem2"):
        return re.sub(r"(?<=[A-Za-z)])(\d+)", r"<sub>\1</sub>", "".join(fields))
    return f"<{name}>{fields[0]}</{name}>" if name in ("sub", "sup") and fields else ""


def _measure(fields: list[str]) -> str:
    """The quantity as it was given, without what it is in other units: "10 to 20 km"."""
    said = ""
    for place, field in enumerate(fields):
        if _NUMBER.fullmatch(field):
            said += field
        elif field in _BETWEEN and place + 1 < len(fields):
            said += _BETWEEN[field]
        else:
            return f"{said} {_UNITS.get(field, field)}" if said else ""
    return said


def _link(content: str) -> str:
    target, bar, words = content.partition("|")
    target = target.strip()
    if _NO_WORDS.match(target) or (not bar and _LANGUAGE.match(target)):
        return ""
    if bar:
        return words.rpartition("|")[2] or re.sub(r"^\w+:|\s*\(.*\)$|,.*$", "", target)
    return target.lstrip(":")


def _bullet(match: re.Match[str]) -> str:
    marks = match[1]
    return "" if marks[-1] in ":;" else "  " * (len(marks) - 1) + "- "


def _with_prose(text: str) -> str:
    """The sections that say something, without those that Wikipedia's own apparatus fills."""
    kept = []
    skipped = 7  # the level of the heading whose section is left out; no heading is so deep
    for part in sections(text):
        if part.level > skipped:
            continue
        skipped = part.level if part.title.lower() in _NO_PROSE else 7
        if skipped == 7:
            kept.append(part)
    return re.sub(r"\n[ \t]*(?:\n[ \t]*)+", "\n\n", joined(without_hollow(kept))).strip()


_FIRST = frozenset(
    "nowrap|small|smaller|big|larger|nobold|abbr|tooltip|flag|vanchor|val|nts|dts|angbr|sc|vr|keypress|angle bracket|math|mvar|"
    "nobr|em|strong|var|visible anchor|gaps|num|formatnum|resize|linktext|iso|native name|script".split("|")
)
_FIXED = {
    "nbsp": " ",
    "eqm": "⇌",
    "spaces": " ",
    "·": " · ",
    "•": " • ",
    "'": "'",
    "'s": "'s",
    "!": "|",
    "ndash": "–",
    "mdash": "—",
    "snd": " – ",
    "spaced ndash": " – ",
}
_CONVERTED = frozenset(("convert", "cvt", "conv"))
_RENDER: dict[str, Callable[[str], str]] = {"{{": _template, "[[": _link, "{|": lambda content: ""}

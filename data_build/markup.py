"""HTML, kramdown and MathML inside Markdown to plain Markdown: what textbooks and web pages carry beside their words.

A superscript is meaning (10<sup>9</sup>/L is not 109/L), so it becomes a Unicode one, or `^` where there is none. A table
becomes bullets, one a row, as in `steps/clean`. A picture leaves its caption, or its description where it has none. Only
tags known to HTML go: "p < 0.05" and "Na<140" stay. Whole web pages are trafilatura's business, not this module's.

Every search is linear in the text: what is not closed is left alone. Used by `data_build.steps.clean`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any
from xml.etree.ElementTree import ParseError

from medmodel.rag.scripts import lowered, raised, untagged

_BREAKING = "address|article|aside|blockquote|br|caption|center|dd|div|dl|dt|figcaption|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|tbody|td|tfoot|th|thead|tr|ul"
_INLINE = "a|abbr|acronym|b|big|button|cite|cnx-pi|code|col|colgroup|del|dfn|em|font|i|iframe|img|input|ins|kbd|label|link|mark|meta|noscript|q|s|samp|script|small|span|strike|strong|style|sub|sup|time|title|tt|u|var|wbr"
_MATH = "math|semantics|mrow|mi|mn|mo|ms|mtext|mspace|msup|msub|msubsup|mfrac|msqrt|mroot|mtable|mtr|mtd|mover|munder|munderover|mstyle|mfenced|mphantom|mpadded|annotation"
_TAG = re.compile(rf"<(/?)(?:({_BREAKING})|{_INLINE}|{_MATH})(?=[\s/>])[^<>]*>", re.IGNORECASE)
_SOLUTION = re.compile(r'<div data-type="solution"[^<>]*>\s{0,9}')
_ROW = re.compile(r"<tr\b[^<>]*>", re.IGNORECASE)
_CELL = re.compile(r"<(t[hd])\b([^<>]*)>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_FRONT_MATTER = re.compile(r"\A---\n((?:[\w-]+:[^\n]*\n)*)---(?:\n|\Z)")
_TITLE = re.compile(r"""^title:\s*["']?(.*?)["']?\s*$""", re.MULTILINE)
_PICTURE = re.compile(r'!\[([^\[\]]{0,9000})\]\((<[^<>\n]{0,900}>|[^()\s]{0,900})(?:\s+"([^"]{0,9000})")?\s*\)')
_ATTRIBUTES = re.compile(r"\{:[^{}\n]*\}")
_POINTER = re.compile(r"\[\\?\[link\\?\]\]\(#?([^()\s]{0,200})\)(?:\*{0,2}\b[a-z]\b\*{0,2})?")
_POINTERS_IN_BRACKETS = re.compile(rf"[ ]?\((?:see|and|,|or|[ ]|{_POINTER.pattern}){{1,9}}\)")
_ESCAPED = re.compile(r"\\([\\\[\]_'\":*#.()!<>{}-])")
_DEFINED = re.compile(r"^ {0,3}\[([\w-]{1,20})\]: +<?(?:https?:|/|#)\S*[^\n]*$", re.MULTILINE)
_REFERENCE = re.compile(r"\[([^\[\]]{1,400})\]\[([\w-]{1,20})\]")
_TERM = re.compile(r"^([^\n:]{1,120})\n: +(?=\S)", re.MULTILINE)
_LONGEST_MATH = 500  # elements: a longer formula is a page of code or an attack, and keeps its words alone


def plain(text: str) -> str:
    """Markdown without HTML, MathML or kramdown. What has none of them is returned as it is."""
    if text.startswith("---\n"):
        text = _FRONT_MATTER.sub(_title, text)
    if "{:" in text:
        text = _without_kramdown(text)
    if "![" in text:
        text = _PICTURE.sub(_caption, text)
    if "]: " in text and "][" in text:
        text = _without_references(text)
    if "<" in text:
        text = _without_tags(text)
    while "&" in text and (unescaped := _ENTITY.sub(_character, text)) != text:
        text = unescaped
    return text


def between(text: str, start: str, end: str, replace: Any) -> str:
    """Each stretch from `start` to the next `end`, both included, through `replace`; one that is not closed stays."""
    kept, at = [], 0
    while (found := text.find(start, at)) >= 0 and (close := text.find(end, found + len(start))) >= 0:
        kept += [text[at:found], replace(text[found : close + len(end)])]
        at = close + len(end)
    return "".join([*kept, text[at:]])


def formula(element: Any) -> str:
    """A MathML element as one line of text; one of too many parts keeps its words alone."""
    short = sum(1 for _ in element.iter()) <= _LONGEST_MATH
    return re.sub(r"\s+", " ", _read(element) if short else " ".join(element.itertext())).strip()


def _title(match: re.Match[str]) -> str:
    title = _TITLE.search(match[1])
    return f"# {title[1]}\n" if title and title[1] else ""


def _without_kramdown(text: str) -> str:
    text = _ATTRIBUTES.sub("", text)
    if "[link" in text or "[\\[link" in text:
        text = _POINTERS_IN_BRACKETS.sub("", text)
        text = _POINTER.sub(_pointed_at, text)
    text = text.replace("\n^\n", "\n\n")  # the end of a block
    if "\n: " in text:
        text = _TERM.sub(r"- \1: ", text)
    return _ESCAPED.sub(r"\1", text)


def _pointed_at(match: re.Match[str]) -> str:
    return "the table" if match[1].lower().startswith(("tbl", "table")) else "the figure"


def _caption(match: re.Match[str]) -> str:
    description, path, caption = match[1].strip(), match[2], (match[3] or "").strip()
    if path.startswith(("http:", "https:", "#")) and not caption:
        return match[0]  # a link like any other
    if caption:
        return caption
    return "" if description.lower().startswith("qr code") else description


def _without_references(text: str) -> str:
    """[words][1] becomes its words where the text says what 1 is; "[12][13]" in a paper stays."""
    known = {match[1] for match in _DEFINED.finditer(text)}
    if not known:
        return text
    text = _REFERENCE.sub(lambda match: match[1] if match[2] in known else match[0], text)
    return _DEFINED.sub("", text)


def _without_tags(text: str) -> str:
    if "<!--" in text:
        text = between(text, "<!--", "-->", lambda found: "")
    if "</" not in text and not _TAG.search(text):
        return text
    for name in ("script", "style", "cnx-pi"):
        text = between(text, f"<{name}", f"</{name}>", lambda found: "")
    text = between(text, "<math", "</math>", _formula)
    text = untagged(text)
    text = between(text, "<table", "</table>", _table)
    if 'data-type="solution"' in text:
        text = _SOLUTION.sub("\nAnswer: ", text)
    return _TAG.sub(_tag, text)


def _tag(match: re.Match[str]) -> str:
    if not match[2]:
        return ""
    if match[2].lower() == "li" and not match[1]:
        return "\n- "
    if match[2].lower() == "br":
        return "\n"
    return "\n"


def _formula(fragment: str) -> str:
    """MathML as one line of text; a formula that cannot be read keeps its words."""
    from defusedxml.ElementTree import fromstring

    fragment = between(fragment, "<annotation", "</annotation>", lambda found: "")
    fragment = _ENTITY.sub(_character_but_markup, fragment)
    try:
        read = "" if fragment.count("<m") > _LONGEST_MATH else formula(fromstring(fragment))
    except (ParseError, ValueError):  # defusedxml's refusals are ValueErrors
        read = ""
    return re.sub(r"\s+", " ", read or _TAG.sub(" ", fragment)).strip()


def _read(element: Any) -> str:
    parts = [_read(child) for child in element]
    match element.tag.rpartition("}")[2], parts:
        case "mfrac", [above, below]:
            return f"{_grouped(above)}/{_grouped(below)}"
        case "msup", [base, high]:
            return base + raised(high.strip())
        case "msub", [base, low]:
            return base + lowered(low.strip())
        case "msubsup", [base, low, high]:
            return base + lowered(low.strip()) + raised(high.strip())
        case "annotation" | "annotation-xml", _:
            return ""
        case "mspace", _:
            return " "
        case "mtr" | "mtd", _:
            return " ".join(parts).strip() + " "
    return "".join(parts) or element.text or ""  # between elements there is layout only


def _grouped(text: str) -> str:
    text = text.strip()
    return f"({text})" if re.search(r"[\s+−×/-]", text) else text


def _table(fragment: str) -> str:
    """One bullet a row, "- Header: cell; Header: cell."; a row of a single wide cell is a line of its own."""
    caption = re.search(r"<caption\b[^<>]*>(.{0,400}?)</caption>", fragment, re.DOTALL | re.IGNORECASE)
    names: Sequence[str] = ()
    lines = [_in_line(caption[1])] if caption else []
    for row in _ROW.split(fragment)[1:]:
        pieces = _CELL.split(row)
        kinds = [kind.lower() for kind in pieces[1::3]]
        cells = [_in_line(cell) for cell in pieces[3::3]]
        if len(cells) == 1 and "colspan" in pieces[2]:
            lines.append(cells[0])
        elif kinds and all(kind == "th" for kind in kinds) and len(kinds) > 1:
            names = cells
        else:
            named = [f"{name}: {cell}" if name else cell for name, cell in zip_longest(names, cells, fillvalue="") if cell]
            lines.append(f"- {'; '.join(named).rstrip('.')}." if named else "")
    return "\n\n" + "\n".join(line for line in lines if line) + "\n\n"


def _in_line(cell: str) -> str:
    items = re.sub(r"</li>\s*<li\b[^<>]*>", "; ", cell)
    return re.sub(r"\s+", " ", _TAG.sub(" ", items)).strip()


def _character(match: re.Match[str]) -> str:
    return html.unescape(match[0])


def _character_but_markup(match: re.Match[str]) -> str:
    return (
        match[0]
        if match[0] in ("&lt;", "&gt;", "&amp;", "&quot;", "&apos;")
        else html.unescape(match[0]).replace("&", "&amp;").replace("<", "&lt;")
    )

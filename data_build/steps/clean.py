"""Raw text to plain, citable text without touching a dose, unit, range, superscript or chemical name.

Unicode NFC (not NFKC, which turns 10⁹ into 109), line ends, invisible characters, white space; markup goes
(`data_build.markup`), emphasis, links, advertisements of the reference package's own calculators, and what a page carries
around its text (cookie and licence lines, page numbers, headers repeated on each page of a form-fed text). Headings and
bullets stay; so do the lines `[user]`, `[assistant]`, `[system]` of a conversation. A table row becomes one bullet,
"- Header: cell; Header: cell.", since a row is what a reader would cite. A flow chart drawn with `|` is no table: its
lines keep their words and their indentation, and lose the drawing.

Mojibake is mended only where no other reading exists ("â€™", "Âµ", "Î²"). Not covered: words glued together by a broken
scrape, a sentence repeated on many pages (paragraph_dedup), HTML pages as a whole (the source reads them).

    python -m data_build step clean --in pages.jsonl --out clean.jsonl --report clean.json
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from datatrove.pipeline.base import PipelineStep

from data_build.markup import plain
from data_build.steps.tagging import drop, tag
from medmodel.registry import register

PASSES = 6  # what one pass uncovers, the next one cleans: nested links, quotes, entities. More nesting than this is no text
REPEATED = 3  # pages of a form-fed text from which on a first or last line is a header or footer

_BREAKS = {ord(mark): "\n" for mark in "\x0b\x0c\u2028\u2029"}
_GONE = [*range(0x20), 0x7F, 0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF]
_CONTROLS = {
    **{code: None for code in (*_GONE, *range(0x80, 0xA0)) if code not in (0x09, 0x0A)},
    **_BREAKS,
    **{code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)},
}  # U+0080 to U+009F are never text: browsers, too, read them as Windows-1252
_CONTROL = re.compile("[" + "".join(map(re.escape, map(chr, _CONTROLS))) + "]")
_MOJIBAKE = re.compile(
    r"â(?:€[\u0080-\u00bf\u0152-\u2122]|‰[¤¥ˆ]|†[\u0080-\u00bf’‘“”])|Â[\u00a0°±²³µ·¼½¾]|Ã[\u00a0-\u00bf–—¶]|Î[±²³´µ¶·¸¹º»¼½¾¿]|Ï[€‚ƒ„…†‡ˆ‰]"
)
_AROUND = frozenset("sk ba sh pr em bo co ac re th we pl su pa 版权 隐私".split())  # how such a line begins
_BOILERPLATE = re.compile(
    r"""(?: skip\ to\ (?:main\ )?content | back\ to\ top | (?:share|print|email|bookmark)\ this\ page | cookie\ (?:policy|settings)
    | (?:accept|reject)\ (?:all\ )?cookies | (?:this\ (?:web)?site|we)\ uses?\ cookies\b.{0,300} | privacy\ policy(?:\W.{0,60})?
    | please\ enable\ javascript\b.{0,100} | subscribe\ to\ our\ newsletter\b.{0,60} | .{0,60}\ball\ rights\ reserved\W*
    | (?:copyright\ (?:©|\(c\)|\d{4})|©\ ?(?:copyright\ )?\d{4}).{0,80} | 版权所有.{0,60} | 隐私(?:政策|声明) )\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_PAGE_NUMBER = re.compile(r"page +\d{1,4}(?: *(?:of|/) *\d{1,4})?|第 ?\d{1,4} ?页(?:[ ,，]?共 ?\d{1,4} ?页)?", re.IGNORECASE)
_LONGEST_AROUND = 400  # characters
_BLANK = ("", " ", "\t")
_ADVERTISEMENT = re.compile(r"OpenMedicine|available via MCP")
_SENTENCE_END = re.compile(r"(?<=\.)\s+")
_STARS = re.compile(r"\*+")
_UNDERSCORES = re.compile(r"__+")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:https?:|mailto:|#|/|\.{1,2}/)[^()\n]*(?:\([^()\n]*\)[^()\n]*)?\)")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]*-[\s:|-]*\|?\s*$")
_CELL_END = re.compile(r"(?<!\\)\|")
_QUOTE = re.compile(r"\n>[ \t]?(?!\s{0,9}=?\s{0,9}\d)")  # "> 5 L" at the start of a line is a threshold
_DASH_IN_WORD = re.compile(r"(?<=\w)--(?=\w)")  # 10--20, NYHA II--III, clinician--patient
_DASH_BETWEEN_WORDS = re.compile(r"(?<=\s)--(?=\s)")
_RULE = re.compile(r"-{3,}|_{3,}|\*{3,}|(?:\* ){2,}\*")
_RULES = frozenset(("---", "___", "***", "* *"))  # how one begins
_SPACES = re.compile(r"[ \t]{2,}")
_FLAT_BULLET = re.compile(r"(?<=[^\s\d])[ \t]{2,}[-•][ \t]+(?=[A-Za-z(\"“])")  # a list whose line ends were lost
_INDENTED = 16  # spaces: a scraped paragraph, since no list is so deep


@register("step", "clean")
class Clean(PipelineStep):
    """Rewrites `text` and says how many characters are fewer; a document that is empty afterwards is tagged for dropping."""

    name = "clean"
    type = "medmodel"
    tags = ("cleaned",)

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        for document in data:
            before, document.text = document.text.strip(), clean(document.text)
            if document.text != f"{before}\n":
                tag(document, "cleaned", len(before) + 1 - len(document.text))
            if not re.search(r"\w", document.text):
                drop(document, "empty after cleaning")
            yield document


def clean(text: str) -> str:
    """Idempotent: cleaning twice is cleaning once."""
    for _ in range(PASSES):
        before, text = text, _cleaned(text)
        if text == before:
            break
    return text


def _cleaned(text: str) -> str:
    text = plain(_characters(text))
    if "OpenMedicine" in text or "available via MCP" in text:
        text = "\n".join(_without_advertisement(line) for line in _QUOTE.sub("\n", "\n" + text).split("\n"))
    elif ">" in text:
        text = _QUOTE.sub("\n", "\n" + text)
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    text = _without_emphasis(text)
    if "--" in text:
        text = _DASH_BETWEEN_WORDS.sub("—", _DASH_IN_WORD.sub("–", text)).replace("+-->", " -->")
    text = "\n".join(_lines(text))
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip() + "\n"


def _characters(text: str) -> str:
    """NFC, line ends, no invisible characters, no form feeds with the headers that they repeat."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x0c" in text:
        text = _without_page_headers(text)
    if not text.isascii():
        if "â" in text or "Â" in text or "Ã" in text or "Î" in text or "Ï" in text:
            text = _MOJIBAKE.sub(_mended, text)
        text = unicodedata.normalize("NFC", text).replace("\u00a0", " ")
        if "\u3000" in text:
            text = re.sub(r"\n\u3000+", "\n", text)  # how a Chinese paragraph is indented
    if _CONTROL.search(text):
        text = text.translate(_CONTROLS)
    return text


def _mended(match: re.Match[str]) -> str:
    """UTF-8 that was read as Windows-1252, read again; what does not come out as UTF-8 stays."""
    try:
        return match[0].encode("cp1252").decode("utf-8")
    except UnicodeError:
        return match[0]


def _without_page_headers(text: str) -> str:
    """Lines that stand first or last on most pages, apart from their numbers."""
    pages = [page.strip("\n").split("\n") for page in text.split("\x0c")]
    edges = Counter(_numberless(line) for page in pages for line in {page[0], page[-1]})
    repeated = {line for line, count in edges.items() if line and count >= max(REPEATED, len(pages) / 2)}
    for page in pages:
        if _numberless(page[-1]) in repeated:
            del page[-1]
        if page and _numberless(page[0]) in repeated:
            del page[0]
    return "\n".join("\n".join(page) for page in pages)


def _numberless(line: str) -> str:
    return re.sub(r"\d+", "0", line.strip())


def _without_advertisement(line: str) -> str:
    """The sentences of a line that are not about the package's own calculators: some of them are clinical."""
    if not _ADVERTISEMENT.search(line):
        return line
    return " ".join(part for part in _SENTENCE_END.split(line) if not _ADVERTISEMENT.search(part))


def _without_emphasis(text: str) -> str:
    if text.count("*") > text.count("\n* "):  # bullets stay
        text = _STARS.sub(_star, text)
    if "__" in text:
        text = _UNDERSCORES.sub(_underscore, text)
    return text.replace("`", "")


def _star(match: re.Match[str]) -> str:
    """Emphasis goes; a bullet, a product, an allele (HLA-B*5801, *2/*3) and a rule stay."""
    stars, text, start, end = match[0], match.string, match.start(), match.end()
    before = text[start - 1] if start else "\n"
    after = text[end] if end < len(text) else "\n"
    if len(stars) > 1:
        return stars if before == "\n" == after else ""
    opens = not (before.isalnum() or before == "_") and not after.isspace() and not after.isdigit()
    closes = not before.isspace() and not (after.isalnum() or after == "_")
    return "" if opens or closes else stars


def _underscore(match: re.Match[str]) -> str:
    """Emphasis goes; a gap to be filled in stays."""
    text, start, end = match.string, match.start(), match.end()
    if len(match[0]) > 3:
        return match[0]
    touches = (start and not text[start - 1].isspace()) or (end < len(text) and not text[end].isspace())
    return "" if touches else match[0]


def _lines(text: str) -> Iterator[str]:
    """Tables as bullets; rules, page numbers and what stands around a page away; white space in order.

    A table is a row of names with a rule under it; any other line with bars is a drawing.
    """
    lines = text.split("\n")
    bars, reserved = "|" in text, "ights reserved" in text
    drawings = bars or "->" in text or "→" in text
    header: list[str] | None = None
    drawn = False  # inside a flow chart, whose indentation says what belongs to what
    for at, line in enumerate(lines):
        if line[-1:] in _BLANK:
            line = line.rstrip(" \t")
            if not line:
                header, drawn = None, False
                yield line
                continue
        drawn = drawings and (drawn or "->" in line or "→" in line or "|" in line)
        if bars and line.lstrip(" \t")[:1] == "|":
            if header is None and at + 1 < len(lines) and _is_rule(lines[at + 1]):
                header = _cells(line)
                if at + 2 >= len(lines) or not lines[at + 2].lstrip().startswith("|"):
                    yield f"- {'; '.join(filter(None, header))}."  # names alone: nothing is left out
            elif header is None:
                words = line.replace("|", " ").rstrip(" \t")
                if re.search(r"\w", words):
                    yield _spaced(words, drawn=True)
            elif not _is_rule(line):
                named = [
                    f"{name}: {cell}" if name else cell
                    for name, cell in zip_longest(header, _cells(line), fillvalue="")
                    if cell
                ]
                if named:
                    yield _spaced(f"- {'; '.join(named).rstrip('.')}.")
            continue
        header = None
        first = line[0]
        if first in "-_* \t" and line.strip()[:3] in _RULES and _RULE.fullmatch(line.strip()):
            yield ""
            continue
        if len(line) < _LONGEST_AROUND and (
            line[:2].lower() in _AROUND or first in "©第 " or (reserved and "ights reserved" in line)
        ):
            words = line.strip()
            if _BOILERPLATE.fullmatch(words) or _PAGE_NUMBER.fullmatch(words):
                continue
        yield _spaced(line, drawn) if "  " in line or "\t" in line else line


def _spaced(line: str, drawn: bool = False) -> str:
    words = line.lstrip(" \t")
    indent = line[: len(line) - len(words)]
    if not drawn and len(indent.expandtabs(4)) >= _INDENTED:
        indent = ""
    if "  " not in words and "\t" not in words:
        return indent + words
    if "- " in words or "• " in words:
        words = _FLAT_BULLET.sub("\n- ", words)
    return indent + _SPACES.sub(" ", words)


def _is_rule(line: str) -> bool:
    return "|" in line and bool(_TABLE_RULE.match(line))


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(line.strip().removeprefix("|").removesuffix("|"))]

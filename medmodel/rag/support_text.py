"""What a sentence says, as data: quantities, drugs, grades, limits, directions, who it is about, and its content words.

`read` turns a text into a `Reading`: tokens under one name for each meaning ("renal", "kidney" -> one stem), the terms that
a clinician acts on, and clauses. Words come from support.yaml, drugs from drugs.yaml, open-medicine's list and their
endings. English words are compared by stem; Chinese is read by the phrases of those files and else sign by sign.
Not covered: grammar. A clause is what punctuation and a few conjunctions enclose.

    [str(term.value) for term in read("Apixaban 2.5 mg BID").terms]    # ["apixaban", "2.5 mg", "2/day"]
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from medmodel.rag import units
from medmodel.rag.spelt import GRADED, spelt

MOST = 400  # tokens that are read: some 2,500 characters, and the longest sentence of the references has 1,300

_WORD = re.compile(r"[A-Za-zÀ-ÿα-ω][A-Za-zÀ-ÿα-ω0-9_₀-₉²³⁰-⁹+]*(?:[’'](?:s|t)\b)?|[\u4e00-\u9fff]")
COMMON = frozenset(
    "a an the and or of in on at to for from by with as is are was were be been being it its this that these those than then "
    "if when which who what how do does did has have had may can should must will would could also such per via into "
    "during between among each all any both some very only there their they them he she his her we our us you your so but not "
    "no nor neither either whose whom where while whether although though because since until till still yet thus hence however "
    "one first about against e.g i.e eg ie etc s t up out off over under "
    "的 了 和 与 或 及 在 于 是 为 有 对 等 以 应 可 将 被 并 且 但 若 如 者 时 后 前 中 其 该 把 使 由 从 到 至 则 还 也 要 地 得 之 因 而 能 会 行 当 所 即 均 再 更 进 个 次".split()
)
_PREFIXES = "hyper hypo un in im ir il non dis anti tachy brady pre post intra extra inter macro micro sub supra over under poly oligo mono multi eu a de pro endo exo homo hetero".split()
_MEANT = {"over": "hyper", "under": "hypo", "in": "un", "im": "un", "ir": "un", "il": "un", "non": "un", "dis": "un"}
_GRADE = (
    r"(?:class|stage|grade|type|category|level|NYHA|COR|LOE|GOLD|group|step|phase)\s(?:(?-i:VI{0,3}|I[VX]|I{1,3}|X|[A-E])|\d)[ab]?"
    r"|(?-i:III?[ab]?|VI{1,3}|IX)|second|third|fourth|first[ -](?:line|choice)|second[ -]line"
)
_DRUG_ENDING = re.compile(
    r"[a-z]{3,}(?:pril|sartan|olol|statin|azole|cillin|mycin|micin|floxacin|cycline|parin|gliptin|gliflozin|glutide|"
    r"xaban|gatran|prazole|tidine|semide|thiazide|dipine|zosin|triptan|setron|mab|nib|vir|oxetine|pram|zepam|zolam|"
    r"barbital|profen|olone|sone|caine|curium|dronate|fibrate|glitazone|formin|lukast|terol|tropium|penem|oxacin|idone|apine|glitazar|gliclazide|izide|azide|pezil|oxaban|plase|grel|relor|cept|tinib|platin|rubicin|taxel)s?"
)
_NOT_DRUGS = frozenset("cytosine person reason season lesson mason poison comparison prison caine".split())
_BREAK = re.compile(r"[,;:.!?()\[\]—–\n，。；：、！？（）]|\b(?:but|however|although|though|while|whereas|unless|if|when|because|since|as|so|and|or|until)\b|但|若|如果|时|因为|因", re.IGNORECASE)  # fmt: skip
_NEGATIVE = ("un", "in", "im", "ir", "il", "non", "dis")  # prefixes that deny
_IRREGULAR = {
    "children": "child", "women": "woman", "men": "man", "feet": "foot", "given": "give", "gave": "give", "taken": "take",
    "took": "take", "begun": "begin", "began": "begin", "kept": "keep", "held": "hold", "left": "left", "fell": "fall",
    "fallen": "fall", "rose": "rise", "risen": "rise", "led": "lead", "shown": "show", "known": "know", "found": "find",
    "made": "make", "seen": "see", "done": "do", "gone": "go", "lost": "lose", "died": "die", "dying": "die", "positive": "positive",
    "position": "position", "general": "general", "infant": "infant", "infants": "infant", "born": "birth", "worse": "worse", "lower": "lower",
    "hospital": "hospital+", "hospitals": "hospital+", "note": "note", "notes": "note", "noted": "note", "bled": "bleed", "evenity": "evenity", "severity": "severity", "manner": "manner", "later": "later", "diagnoses": "diagnos", "diagnosis": "diagnos", "crises": "crisis", "biopsies": "biopsy",
}  # fmt: skip
_ENDINGS = (
    "izations isations ization isation ational ations ation itions ition ments ment ances ance ences ence ancy ency ities ity "
    "ingly ings ing ness ions ion ively ives ive ably ibly able ible ically ical ally ally ics ic als al ious ous ants ant ents "
    "ent ated ating ates ate ators ator ized izing izes ize ies ied edly ed es er ers or ors ly s e y".split()
)


PERIODS: dict[str, tuple[tuple[str, float], ...]] = {  # a frequency of support.yaml as "every so many" of a unit
    "1/hour": (("h", 1.0),), "1/day": (("h", 24.0),), "2/day": (("h", 12.0),), "3/day": (("h", 8.0),), "4/day": (("h", 6.0),),
    "1/week": (("h", 168.0),), "1/month": (("month", 1.0), ("h", 672.0)), "1/year": (("month", 12.0),), "2/year": (("month", 6.0),),
}  # fmt: skip


EVERY = frozenset(("every", "each", "每"))


class Term(NamedTuple):
    """Something a clinician acts on, in one spelling."""

    kind: str  # "drug", "code", "frequency", "grade", "number", "limit", "opposite", "qualifier"
    value: str
    words: str = ""  # as written
    at: int = 0  # number of its token
    axis: str = ""  # of an opposite or a qualifier: what it is a value of


class Phrases(dict[tuple[str, ...], str]):
    """Names by the stems of their phrases; `most`: words of the longest phrase that begins with a stem."""

    def __init__(self) -> None:
        super().__init__()
        self.most: dict[str, int] = {}

    def add(self, stems: tuple[str, ...], name: str) -> None:
        """The first to name a phrase has it."""
        if stems:
            self.setdefault(stems, name)
            self.most[stems[0]] = max(len(stems), self.most.get(stems[0], 0))


class Token(NamedTuple):
    stem: str  # one name for a meaning: of a phrase, its concept's
    words: str  # as written
    kind: str  # "word", "zh", or the kind of a term
    clause: int
    common: bool  # says nothing by itself


@dataclass(frozen=True)
class Reading:
    text: str  # in plain signs
    tokens: Sequence[Token]
    terms: Sequence[Term]
    quantities: Sequence[tuple[units.Quantity, int]]  # with the number of its token
    strength: tuple[str, ...]  # each word that says how sure: "weak", "strong"
    stems: frozenset[str] = field(default_factory=frozenset)  # of what is not common
    words: frozenset[str] = field(default_factory=frozenset)  # as written
    written: frozenset[str] = field(default_factory=frozenset)  # their stems, whatever they are called
    zh: bool = False
    graded: str = ""  # how sure its authors are, from their bracket: "strong", "low"
    acted: frozenset[str] = field(default_factory=frozenset)  # its limits, opposites and qualifiers: "limit=not", "route=oral"

    def of(self, kind: str) -> list[Term]:
        return [term for term in self.terms if term.kind == kind]


@lru_cache(maxsize=8192)  # a quote is read once for many claims
def read(text: str) -> Reading:
    """Every token and term, in the order of the text."""
    plain = spelt(text)
    tokens: list[Token] = []
    terms: list[Term] = []
    quantities: list[tuple[units.Quantity, int]] = []
    clause, end = 0, 0
    for match in [*_pattern().finditer(plain), None]:
        start = match.start() if match else len(plain)
        clause = _words(plain[end:start], clause, tokens)
        if match is None or len(tokens) > MOST:
            break
        end = match.end()
        kind, words = str(match.lastgroup), match[0]
        if kind == "code" and (known := _code(words)):
            tokens.append(Token(known, words, "word", clause, False))
            continue
        if kind == "number":
            found = units.quantity(words)
            value = str(found)
            quantities.append((found, len(tokens)))
        else:
            value = _spelling(kind, words)
        terms.append(Term(kind, value, words.strip(), len(tokens)))
        tokens.append(Token(value, words, kind, clause, False))
    tokens, terms, quantities = _joined(tokens, terms, quantities)
    strength = _facets(tokens, terms)
    return Reading(
        text=plain,
        tokens=tokens,
        terms=sorted(terms, key=lambda term: term.at),
        quantities=quantities,
        strength=strength,
        stems=frozenset(token.stem for token in tokens if not token.common),
        words=(
            spoken := frozenset(word.lower() for token in tokens if token.kind == "word" for word in _WORD.findall(token.words))
        ),
        written=frozenset(map(stem, spoken)),
        acted=frozenset(f"{term.axis or term.kind}={term.value}" for term in terms),
        graded=" ".join(re.findall(r"strong|weak|conditional|moderate|very low|low|high", bracket[0].lower()))
        if (bracket := GRADED.search(text))
        else "",
        zh=sum(token.kind == "zh" for token in tokens) * 2 > len(tokens),
    )


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The part of a word that its inflections share, in American spelling: "haemorrhages" -> "hemorrhag"."""
    word = re.sub(r"[’'][st]$", "", word.lower())
    if len(word) > 5:
        word = re.sub(r"(?<!^)our$|(?<=[a-z]{3})our(?=s|ed|ing|able)", "or", re.sub(r"ae|oe(?!s$)", "e", word))
        word = re.sub(r"is(?=(?:e|es|ed|ing|ation|ations)$)", "iz", word) if len(word) > 7 else word
        word = word.replace("sulph", "sulf").replace("tre$", "ter")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for _ in range(2):
        for ending in _ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= (3 if len(ending) == 1 else 4):
                word = word[: -len(ending)]
                if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz" and ending[0] in "eiao":
                    word = word[:-1]  # "stopped"
                break
        else:
            break
    return word


def turned(word: str, other: str) -> bool:
    """True for "hypokalemia" and "hyperkalemia", "unstable" and "stable": one rest of five letters or more."""
    rests = [
        {(_MEANT.get(prefix, prefix), stem(text.removeprefix(prefix))) for prefix in ("", *_PREFIXES) if text.startswith(prefix) and len(text) >= 5 + len(prefix)}
        for text in (word.lower(), other.lower())
    ]  # fmt: skip
    return any(
        a != b and x == y and len(x) >= 4 and ((a and b) or {a, b} <= {"", "un", "anti", "a"})
        for a, x in rests[0]
        for b, y in rests[1]
    )


def denied(word: str, known: Iterable[str]) -> str:
    """The stem of `known` that `word` denies by its prefix: "untreated" and "treat"; "" when there is none."""
    for prefix in _NEGATIVE:
        rest = word.lower().removeprefix(prefix)
        if len(rest) < len(word) and len(rest) >= 5 and stem(rest) in known:
            return stem(rest)
    return ""


def _words(text: str, clause: int, tokens: list[Token]) -> int:
    """Append the words of a stretch without terms; returns the clause that follows it."""
    at = 0
    for match in _BREAK_OR_WORD.finditer(text):
        at += 1
        if len(tokens) > MOST:
            break
        word = match[0]
        if match.lastgroup == "mark":
            clause += 1
            continue
        if word.isascii() or not "\u4e00" <= word[0] <= "\u9fff":
            if _is_break(word):
                clause += 1
            tokens.append(Token(stem(word), word, "word", clause, word.lower() in COMMON))
        else:
            tokens.append(Token(word, word, "zh", clause, word in COMMON))
    return clause


_BREAK_OR_WORD = re.compile(rf"(?P<mark>[,;:.!?()\[\]—–\n，。；：、！？（）])|(?P<word>{_WORD.pattern})")


@lru_cache(maxsize=4096)
def _is_break(word: str) -> bool:
    return bool(_BREAK.fullmatch(word))


def _joined(
    tokens: list[Token], terms: list[Term], quantities: list[tuple[units.Quantity, int]]
) -> tuple[list[Token], list[Term], list[tuple[units.Quantity, int]]]:
    """Phrases that have one name become one token."""
    names = _concepts()
    drugs = _drugs()
    moved: dict[int, int] = {}
    out: list[Token] = []
    named: list[Term] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        length = 0
        if token.kind in ("word", "zh"):
            for kind, table in (("drug", drugs), ("word", names)):
                length, name = _longest(tokens, at, table)
                if length:
                    words = "".join if token.kind == "zh" else " ".join
                    said = words([one.words for one in tokens[at : at + length]])
                    if kind == "drug":
                        named.append(Term("drug", name, said, len(out)))
                    out.append(Token(name, said, kind, token.clause, False))
                    break
            if not length and token.kind == "word" and _DRUG_ENDING.fullmatch(token.words.lower()):
                name = token.words.lower().removesuffix("s")
                if name not in _NOT_DRUGS:
                    named.append(Term("drug", name, token.words, len(out)))
                    out.append(Token(name, token.words, "drug", token.clause, False))
                    length = 1
        if not length:
            moved[at] = len(out)
            out.append(token)
            length = 1
        at += length
    terms = [term._replace(at=moved[term.at]) for term in terms]
    return out, [*terms, *named], [(found, moved[at]) for found, at in quantities]


def _longest(tokens: Sequence[Token], at: int, table: Phrases) -> tuple[int, str]:
    """(length, name) of the longest phrase that begins here; (0, "") when there is none."""
    first = tokens[at]
    if first.kind == "word" and (name := table.get(("^" + first.words,)) or table.get(("^" + first.words.removesuffix("s"),))):
        return 1, name
    for length in range(min(table.most.get(first.stem, 0), len(tokens) - at), 0, -1):
        found = table.get(tuple(one.stem for one in tokens[at : at + length]))
        if found is not None and all(one.kind == first.kind for one in tokens[at : at + length]):
            return length, found
    return 0, ""


def _facets(tokens: Sequence[Token], terms: list[Term]) -> tuple[str, ...]:
    """Add limits, opposites and qualifiers to `terms`; return how sure the sentence is. Phrases are read as written."""
    flat: list[tuple[Token, int]] = []
    for at, token in enumerate(tokens):
        if token.kind in ("word", "zh", "drug"):
            parts = list(token.words) if "\u4e00" <= token.words[:1] <= "\u9fff" else re.findall(_WORD, token.words)
            flat += [
                (Token(stem(part) if part.isascii() else part, part, "zh" if len(part) == 1 and not part.isascii() else "word", token.clause, False), at)
                for part in parts
            ]  # fmt: skip
        else:
            flat.append((token, at))
    only = [token for token, _ in flat]
    strength = []
    for kind, table in _axes().items():
        at = 0
        while at < len(only):
            length, value = _longest(only, at, table) if only[at].kind in ("word", "zh") else (0, "")
            if kind == "limit" and tokens[flat[at][1]].kind == "drug":
                length = 0  # "non-steroidal"
            if length:
                words = ("" if only[at].kind == "zh" else " ").join(one.words for one in only[at : at + length])
                if kind == "strength":
                    strength.append(value)
                else:
                    axis, _, name = value.partition("=")
                    terms.append(Term(kind, name or axis, words, flat[at][1], axis if name else ""))
            at += length or 1
    return tuple(strength)


@lru_cache(maxsize=10_000)
def _spelling(kind: str, words: str) -> str:
    if kind == "frequency":
        for value, spellings in _tables()["frequency"].items():
            if re.fullmatch("|".join(spellings), words, re.IGNORECASE):
                return str(value)
    return re.sub(r"[\s-]+", " ", words.lower()).replace("first choice", "first line")


@lru_cache(maxsize=10_000)
def _code(words: str) -> str:
    """The name of a code that is a drug or has another spelling: "SGLT2", "T2DM"."""
    return _concepts().get(("^" + words,), "")


@cache
def _pattern() -> re.Pattern[str]:
    frequency = "|".join(pattern for spellings in _tables()["frequency"].values() for pattern in spellings)
    kinds = {
        "code": r"(?<![A-Za-z\d])[A-Za-zα-ω]+-?\d[A-Za-z\d]*(?:-[A-Za-z]+(?=\s|$|[,.;)]))?",  # CHA2DS2-VASc, HbA1c, GLP-1: their digits are no quantity
        "grade": rf"(?<![A-Za-zÀ-ÿ\d])(?:{_GRADE})(?![A-Za-zÀ-ÿ\d])",
        "frequency": rf"(?:(?<![A-Za-zÀ-ÿ\d])|(?=/))(?:{frequency})(?![A-Za-zÀ-ÿ])",
        "number": units.pattern(),
    }
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()), re.IGNORECASE)


@cache
def _axes() -> dict[str, Phrases]:
    """Kind -> phrase -> "axis=value"."""
    tables = _tables()
    found = {
        "limit": _phrases((value, words) for value, words in tables["negation"].items()),
        "strength": _phrases((value, words) for value, words in tables["strength"].items()),
    }
    for kind in ("opposite", "qualifier"):
        found[kind] = _phrases(
            (f"{axis}={value}", words) for axis, values in tables[kind].items() for value, words in values.items()
        )
    return found


@cache
def _concepts() -> Phrases:
    groups = [(words[0], words) for words in _tables()["same"]]
    groups += [
        (name.lower(), names)
        for name, names in _open_medicine("diseases.json", "procedures.json", "labs.json", "symptoms.json")
    ]
    return _phrases((f"~{name}", words) for name, words in groups)


@cache
def _drugs() -> Phrases:
    names: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("drugs.yaml").read_text(encoding="utf-8"))
    groups = {name.lower(): [name, *others] for name, others in names.items()}
    for name, others in _open_medicine("drugs.json", "drug_classes.json"):
        groups.setdefault(name.lower(), [name]).extend(others)
    return _phrases(groups.items())


def _phrases(groups: Iterable[tuple[str, Sequence[str]]]) -> Phrases:
    """Each phrase by the stems of its words; an abbreviation by its letters. The first group to name a phrase has it."""
    found = Phrases()
    for name, phrases in groups:
        for phrase in phrases:
            if phrase.isupper() and len(phrase) <= 8 and phrase.isascii() and " " not in phrase:
                parts = _WORD.findall(phrase)
                found.add(("^" + phrase,) if len(parts) == 1 and parts[0] == phrase else tuple(map(stem, parts)), name)
            else:
                parts = _WORD.findall(spelt(phrase))
                found.add(tuple(stem(part) if part.isascii() else part.lower() for part in parts), name)
    return found


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("support.yaml").read_text(encoding="utf-8"))
    return tables


@cache
def _open_medicine(*files: str) -> list[tuple[str, list[str]]]:
    """(name, all names) from open-medicine's terminology, where it is installed."""
    found: list[tuple[str, list[str]]] = []
    spec = importlib.util.find_spec("open_medicine")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for file in files:
            path = Path(folder) / "graphrag" / "terminology" / file
            entries: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            for name, entry in entries.items():
                aliases = [
                    alias.replace("_", " ") for alias in entry.get("aliases", ()) if not re.match(r"\d", alias)
                ]  # "12-lead ECG"
                found.append((name, [name, *aliases]))
    return found


@cache
def light_names() -> frozenset[str]:
    """Names that say little by themselves: to give, to recommend, patients."""
    return frozenset(f"~{name}" for name in _tables()["light"])

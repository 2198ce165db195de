"""Stage `examples`: supervised examples from references, by rule, each verified before it is kept.

A grounded example is the product's own prompt (`medmodel.prompts`) over passages that the product's own retriever
found, answered by lines `[number] sentence` copied from the numbered sentences. Three kinds run from easy to hard:
*copy* (the right passage alone), *grounded* (among others), *abstain* (it is not there).

Kept only if the retriever finds the passage for the question, each line passes the product's support check, no other
sentence shown says the same, and every document shown is a training document. Rejections are counted by reason.
Held-out guidelines yield the gate's cases, in question forms that no training example uses; held-out complaints and
guidelines yield multiple-choice items. Model-written examples are not covered here.

    medmodel run demo --until examples
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from medmodel import prompts, registry
from medmodel.artifacts import write_records
from medmodel.job import Job
from medmodel.rag.answer import SHOWN
from medmodel.rag.citations import check
from medmodel.rag.index import Index
from medmodel.records import Case, ChoiceItem, Document, Example, Message, Passage

SEARCHED = 8  # hits; a passage further down would not be shown for the question, so it teaches nothing true
CHARACTERS_PER_TOKEN = 3.4  # of these prompts with the SmolLM2 tokenizer
LONGEST_ANSWER = 260  # characters a line: longer table rows spend the budget on one example

# {subject}: what the sentence is about; {topic}: what the document is about; {publisher}: "ACC/AHA 2023"
TRAIN_FORMS = (
    "What is recommended regarding {subject} in {topic}?",
    "{topic}: what should I know about {subject}?",
    "What does {publisher} say about {subject}?",
    "What is the advice on {subject}?",
    "Tell me about {subject} in {topic}.",
    "In {topic}, what applies to {subject}?",
)
HELDOUT_FORMS = (
    "How should {subject} be handled in {topic}?",
    "For a patient with questions on {topic}: what about {subject}?",
    "What do guidelines state on {subject} ({topic})?",
)
_LABEL = re.compile(r"^([A-Z][^:.;]{2,60}):\s+\S")
_ROW = re.compile(r"^([A-Z][^:.;]{2,40}): ([^:;]{3,60}); [A-Z0-9][^:;]*: ")  # a table row: "Header: cell; Header: cell"
_NO_LABEL = ("Parameter", "Class", "Note", "Example", "Details")  # labels that say nothing of the subject
_VERB = re.compile(
    r"\s(?:is|are|was|were|should|may|can|must|has|have|requires?|reduces?|increases?|remains?|includes?|provides?|"
    r"improves?|carries|indicates?|suggests?|does|do|could|will)\s"
)
_LEAD_IN = re.compile(r"^(?:The|A|An|In|For|If|When|All|Any)\s+")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9₂\-/]+")

Search = Callable[[str], Sequence[Passage]]


class Fact(NamedTuple):
    """A sentence of which a rule can tell what it is about."""

    passage: Passage
    sentence: int  # its number in the passage, from 0
    subject: str
    topic: str

    @property
    def id(self) -> str:
        return f"{self.passage.id}.{self.sentence}"


def run(job: Job) -> dict[str, Any]:
    """Write examples/, choices/, cases/ and development/; returns counts and rejections by reason."""
    job.clear()
    config = job.config
    documents = list(job.inputs["documents"].read("documents", Document))
    heldout = {document.id for document in documents if document.split == "heldout"}
    index = Index.open(job.inputs["index"].path)
    retriever = registry.get("retriever", "fusion")(index=index, k=20)

    def search(question: str) -> list[Passage]:
        return [index.passages[hit.metadata["passage_id"]] for hit in retriever.invoke(question)]

    shuffle = random.Random(job.seed)
    train: list[Fact] = []
    unseen: list[Fact] = []
    for fact in facts(index.passages.values()):
        if fact.passage.source.tier == "guideline":
            (unseen if fact.passage.document_id in heldout else train).append(fact)
    shuffle.shuffle(train)
    shuffle.shuffle(unseen)

    development = take_cases(train, HELDOUT_FORMS, config.development_cases, shuffle)
    kept_back = {case.id for case in development}
    rejected: Counter[str] = Counter()
    examples = []
    budget = config.tokens * CHARACTERS_PER_TOKEN
    for fact in train:
        if budget <= 0:
            break
        if fact.id in kept_back:
            continue
        spent = 1 - budget / (config.tokens * CHARACTERS_PER_TOKEN)
        made = make_example(fact, search, heldout, shuffle, copy=spent < config.copy_share, config=config)
        if isinstance(made, str):
            rejected[made] += 1
            continue
        examples.append(made)
        budget -= sum(len(message.content) for message in made.messages)
        job.progress(spent * config.tokens, config.tokens, "tokens")
    ordered = [example.model_copy(update={"id": f"{number:05d}:{example.id}"}) for number, example in enumerate(examples)]
    counts = {
        "examples": write_records(job.out / "examples", ordered),
        "cases": write_records(job.out / "cases", take_cases(unseen, HELDOUT_FORMS, config.heldout_cases, shuffle)),
        "development": write_records(job.out / "development", development),
        "choices": write_records(job.out / "choices", list(choices(documents, unseen, config.choices, shuffle))),
    }
    kinds = Counter(example.kind for example in examples)
    return {**counts, "kinds": dict(kinds), "rejected": dict(rejected)}


def facts(passages: Iterable[Passage]) -> Iterator[Fact]:
    """Every sentence with a subject, in the order of the passages."""
    for passage in passages:
        topic = re.split(r"\s+(?:[—–]|--)\s+", passage.heading[0])[0] if passage.heading else passage.source.title
        for number in range(len(passage.sentences)):
            sentence = prompts.one_line(passage.sentence(number))
            subject = subject_of(sentence)
            if subject and len(_WORD.findall(sentence)) >= 6 and len(sentence) <= LONGEST_ANSWER:
                yield Fact(passage, number, subject, topic)


def subject_of(sentence: str) -> str | None:
    """What a sentence is about: the first cell of a table row, a label ("Apixaban: …"), else the words before its verb."""
    row = _ROW.match(sentence)
    if row:
        return f"{row[2]} ({row[1].lower()})" if any(character.isalpha() for character in row[2]) else None
    label = _LABEL.match(sentence)
    if label and len(label[1].split()) <= 8 and not label[1].startswith(_NO_LABEL):
        return label[1]
    verb = _VERB.search(sentence)
    if not verb:
        return None
    subject = _LEAD_IN.sub("", sentence[: verb.start()]).strip(" ,")
    return subject if 1 <= len(subject.split()) <= 9 and len(subject) > 3 else None


def ask_about(fact: Fact, forms: Sequence[str], choose: random.Random) -> str:
    """A question about the fact in one of the forms."""
    subject = fact.subject if fact.subject[:2].isupper() else fact.subject[0].lower() + fact.subject[1:]
    source = fact.passage.source
    publisher = f"{source.organization} {source.year}" if source.year else source.organization
    return choose.choice(forms).format(subject=subject, topic=fact.topic, publisher=publisher)


def make_example(
    fact: Fact, search: Search, heldout: set[str], choose: random.Random, *, copy: bool, config: Any
) -> Example | str:
    """One verified example, or the reason why there is none."""
    question = ask_about(fact, TRAIN_FORMS, choose)
    hits = [passage for passage in search(question) if passage.document_id not in heldout]
    if fact.passage.id not in [passage.id for passage in hits[:SEARCHED]]:
        return "not retrievable: the question does not find its passage"
    others = [passage for passage in hits if passage.id != fact.passage.id]
    if not copy and choose.random() < config.abstain_share:
        shown = [passage for passage in others if passage.document_id != fact.passage.document_id][:SHOWN]
        if not shown or _says_it(fact, shown):
            return "not an abstention: another passage answers"
        return _example(fact, "abstain", question, shown, prompts.NO_ANSWER)
    if copy:
        shown = [fact.passage]
    else:
        shown = hits[:SHOWN]
        if fact.passage not in shown:
            shown = [*hits[: SHOWN - 1], fact.passage]
    lines = _answer_lines(fact, shown, two=choose.random() < config.two_line_share)
    for number, sentence in lines:
        passage, at = prompts.numbered(shown)[number - 1]
        reason = check(sentence, passage.sentence(at))
        if reason:
            return f"fails the support check: {reason.split(' ')[0]}"
    if len({sentence for _, sentence in lines}) != len(lines):
        return "says the same thing twice"
    text = "\n".join(prompts.answer_line(number, sentence) for number, sentence in lines)
    return _example(fact, "copy" if copy else "grounded", question, shown, text)


def take_cases(facts: Sequence[Fact], forms: Sequence[str], count: int, choose: random.Random) -> list[Case]:
    """`count` questions spread evenly over the guidelines; each names the source a right answer cites."""
    by_source: dict[str, list[Fact]] = {}
    for fact in facts:
        by_source.setdefault(fact.passage.source.id, []).append(fact)
    cases: list[Case] = []
    turn = 0
    while len(cases) < count and any(len(group) > turn for group in by_source.values()):
        for source, group in sorted(by_source.items()):
            if turn < len(group) and len(cases) < count:
                fact = group[turn]
                cases.append(Case(id=fact.id, question=ask_about(fact, forms, choose), expect_source=source))
        turn += 1
    return cases


def choices(documents: Sequence[Document], unseen: Sequence[Fact], count: int, choose: random.Random) -> Iterator[ChoiceItem]:
    """Items from held-out complaints (which diagnosis has this feature?) and held-out guidelines (which statement?).

    Wrong options come from the same complaint, or from other held-out guidelines, so length and style give nothing away.
    """
    made = 0
    for document in sorted((d for d in documents if d.domain == "differential" and d.split == "heldout"), key=lambda d: d.id):
        sections = _diagnoses(document)
        for name, features in sections:
            if made >= count // 2 or len(sections) < 4 or not features:
                break
            wrong = choose.sample([other for other, _ in sections if other != name], 3)
            options = [name, *wrong]
            choose.shuffle(options)
            complaint = document.source.title.removesuffix(" Differential Diagnosis").lower()
            yield ChoiceItem(
                id=f"{document.id}.{_short(name)}",
                question=f"A patient has {complaint} with: {'; '.join(features[:3])}. Which diagnosis fits best?",
                options=tuple(options),
                answer=options.index(name),
                cluster=document.source.id,
            )
            made += 1
    for fact in unseen:
        if made >= count:
            break
        sentence = _statement(fact)
        others = [
            _statement(other)
            for other in unseen
            if other.passage.source.id != fact.passage.source.id and abs(len(_statement(other)) - len(sentence)) < 40
        ]
        if len(others) < 3 or len(sentence) > 160:
            continue
        options = [sentence, *choose.sample(others, 3)]
        choose.shuffle(options)
        yield ChoiceItem(
            id=fact.id,
            question=f"Which statement is about {fact.subject} in {fact.topic}?",
            options=tuple(options),
            answer=options.index(sentence),
            cluster=fact.passage.source.id,
        )
        made += 1


def _answer_lines(fact: Fact, shown: Sequence[Passage], two: bool) -> list[tuple[int, str]]:
    """(number, sentence) of the fact, and of the sentence after it in the same passage when two are wanted."""
    wanted = [fact.sentence]
    if two and fact.sentence + 1 < len(fact.passage.sentences):
        wanted.append(fact.sentence + 1)
    lines = []
    for number, (passage, at) in enumerate(prompts.numbered(shown), 1):
        if passage.id == fact.passage.id and at in wanted:
            sentence = prompts.one_line(passage.sentence(at))
            if at == fact.sentence or (len(_WORD.findall(sentence)) >= 6 and len(sentence) <= LONGEST_ANSWER):
                lines.append((number, sentence))
    return lines


def _says_it(fact: Fact, shown: Sequence[Passage]) -> bool:
    words = {word.lower() for word in _WORD.findall(fact.subject) if len(word) > 3}
    return any(words and words <= {word.lower() for word in _WORD.findall(passage.text)} for passage in shown)


def _example(fact: Fact, kind: str, question: str, shown: Sequence[Passage], text: str) -> Example:
    return Example.model_validate(
        {
            "id": f"{fact.id}:{kind}",
            "kind": kind,
            "messages": (*prompts.grounded_messages(question, shown), Message(role="assistant", content=text)),
            "documents": tuple(dict.fromkeys(passage.document_id for passage in shown)),
        }
    )


def _diagnoses(document: Document) -> list[tuple[str, list[str]]]:
    """(diagnosis, its key features) from a verbalised complaint: one heading a diagnosis, features in bullets."""
    found: list[tuple[str, list[str]]] = []
    taking = False
    for line in document.text.splitlines():
        if line.startswith("## "):
            found.append((line[3:].strip(), []))
            taking = False
        elif line.lower().startswith(("### key features", "key features")):
            taking = True
        elif line.startswith("#") or (line.strip() and not line.startswith("- ")):
            taking = False
        elif taking and found and line.startswith("- "):
            found[-1][1].append(line[2:].strip().rstrip("."))
    return [(name, features) for name, features in found if features]


def _statement(fact: Fact) -> str:
    return prompts.one_line(fact.passage.sentence(fact.sentence))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]

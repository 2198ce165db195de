"""Stage `examples`: supervised examples from references, by rule, each verified before it is kept.

An example is the product's own prompt (`medmodel.prompts`) over passages that the product's own retriever found,
answered by lines `[number] sentence` copied from the numbered sentences, and then further questions over the same
passages: of the shapes tried in a pilot, the one that pointed best for its tokens (17 of 36 right against 1 to 3, with the
right passage always shown; docs/log.md). The prompt names the sentences nearest to each question, as in the product.
Three kinds run from easy to hard: *copy* (the right passage alone), *grounded* (among others), *abstain* (the last
question has no answer there).

Kept only if the retriever finds the passage for the first question, each line passes the product's support check, and
every document shown is a training document. Rejections are counted by reason.
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

from data_build.complaints import diagnoses
from medmodel import prompts
from medmodel.artifacts import write_records
from medmodel.job import Job
from medmodel.models.engine import Completion
from medmodel.rag.citations import judge_first_try
from medmodel.rag.index import Index
from medmodel.rag.nearest import CONSIDERED, evidence, grounded_prompt, named, taken
from medmodel.rag.profiles import ANSWERS, open_retriever
from medmodel.records import Case, ChoiceItem, Document, Example, Message, Passage

FRAME = 6  # tokens that the chat template adds to a message: its role, beginning and end
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

    @property
    def place(self) -> tuple[str, int]:
        """Passage and first character: the same when only some of the passage's sentences are shown."""
        return (self.passage.id, self.passage.sentences[self.sentence].start)


class Pool(NamedTuple):
    """What training examples may draw from."""

    facts: Sequence[Fact]
    by_passage: dict[str, list[Fact]]
    heldout: set[str]  # document ids that may be shown in no example
    count: Callable[[str], int]  # tokens of a text


def run(job: Job) -> dict[str, Any]:
    """Write examples/, choices/, cases/ and development/; returns counts and rejections by reason."""
    from tokenizers import Tokenizer

    job.clear()
    config = job.config
    documents = {document.id: document for document in job.inputs["documents"].read("documents", Document)}
    heldout = {document.id for document in documents.values() if document.split == "heldout"}
    index = Index.open(job.inputs["index"].path)
    retriever = open_retriever(index, 20, ANSWERS)

    def search(question: str) -> list[Passage]:
        return [passage for passage, _ in taken(retriever.invoke(question))]

    shuffle = random.Random(job.seed)
    train: list[Fact] = []
    unseen: list[Fact] = []
    for fact in facts(index.passages.values()):
        document = documents[fact.passage.document_id]
        if document.domain != "guideline" or "quarantined" in document.attributes:
            continue  # a quarantined document is neither trained on nor asked about
        (unseen if document.split == "heldout" else train).append(fact)
    shuffle.shuffle(train)
    shuffle.shuffle(unseen)

    development = take_cases(train, HELDOUT_FORMS, config.development_cases, shuffle)
    kept_back = {case.id for case in development}
    taught = [fact for fact in train if fact.id not in kept_back]
    tokenizer = Tokenizer.from_file(str(job.inputs["model"].path / "model" / "tokenizer.json"))
    pool = Pool(
        facts=taught,
        by_passage=_by_passage(taught),
        heldout=heldout,
        count=lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids),
    )
    rejected: Counter[str] = Counter()
    examples = []
    spent = 0
    for fact in taught:
        if spent >= config.tokens:
            break
        copy = spent < config.copy_share * config.tokens
        made = make_example(fact, search, pool, shuffle, copy=copy, config=config)
        if isinstance(made, str):
            rejected[made] += 1
            continue
        examples.append(made)
        spent += _tokens(made.messages, pool)
        job.progress(min(spent, config.tokens), config.tokens, "tokens")
    ordered = [example.model_copy(update={"id": f"{number:05d}:{example.id}"}) for number, example in enumerate(examples)]
    counts = {
        "examples": write_records(job.out / "examples", ordered),
        "cases": write_records(job.out / "cases", take_cases(unseen, HELDOUT_FORMS, config.heldout_cases, shuffle)),
        "development": write_records(job.out / "development", development),
        "choices": write_records(job.out / "choices", list(choices(list(documents.values()), unseen, config.choices, shuffle))),
        "tokens": spent,
    }
    kinds = Counter(example.kind for example in examples)
    return {**counts, "kinds": dict(kinds), "rejected": dict(rejected)}


def facts(passages: Iterable[Passage]) -> Iterator[Fact]:
    """Every sentence with a subject, in the order of the passages."""
    for passage in passages:
        topic = prompts.topic(passage)
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
    return choose.choice(forms).format(subject=subject, topic=fact.topic, publisher=prompts.publisher(fact.passage))


def make_example(fact: Fact, search: Search, pool: Pool, choose: random.Random, *, copy: bool, config: Any) -> Example | str:
    """One verified conversation that starts with a question about the fact, or the reason why there is none."""
    question = ask_about(fact, TRAIN_FORMS, choose)
    hits = [passage for passage in search(question) if passage.document_id not in pool.heldout]
    if fact.passage.id not in [passage.id for passage in hits[:CONSIDERED]]:
        return "not retrievable: the question does not find its passage"
    shown = evidence(question, [fact.passage] if copy else hits)
    here = {place for passage in shown for place in _places(passage)}
    if fact.place not in here:
        return "not shown: other sentences are nearer to the question"
    more = [
        other
        for passage in shown
        for other in pool.by_passage.get(passage.id, ())
        if other.id != fact.id and other.place in here
    ]
    choose.shuffle(more)
    turns = [(question, _answer(fact, shown, two=choose.random() < config.two_line_share))]
    for other in more[: config.turns - 1]:
        turns.append((ask_about(other, TRAIN_FORMS, choose), _answer(other, shown, two=False)))
    kind = "copy" if copy else "grounded"
    if not copy and choose.random() < config.abstain_share:
        stranger = choose.choice(pool.facts)
        if stranger.passage.source.id in {passage.source.id for passage in shown} or _says_it(stranger, shown):
            return "not an abstention: a passage shown may answer"
        turns[-1] = (ask_about(stranger, TRAIN_FORMS, choose), prompts.NO_ANSWER)
        kind = "abstain"
    reason = _unsupported([text for _, text in turns], shown)
    if reason:
        return f"fails the support check: {reason.split(':')[0]}"
    messages = _conversation(turns, shown)
    while _tokens(messages, pool) > config.longest and len(turns) > 1:
        del turns[-2 if kind == "abstain" else -1]  # the last question of an abstention is what makes it one
        messages = _conversation(turns, shown)
    if _tokens(messages, pool) > config.longest:
        return "too long: the passages shown leave no room for an answer"
    return Example.model_validate(
        {
            "id": f"{fact.id}:{kind}",
            "kind": kind,
            "messages": messages,
            "documents": tuple(dict.fromkeys(passage.document_id for passage in shown)),
        }
    )


def _conversation(turns: Sequence[tuple[str, str]], shown: Sequence[Passage]) -> tuple[Message, ...]:
    """The product's prompt with its answer, then further questions over the same passages with theirs."""
    first, *rest = turns
    messages = [*grounded_prompt(first[0], shown), Message(role="assistant", content=first[1])]
    for asked, text in rest:
        further = prompts.follow_up(asked, named(asked, shown))
        messages += [Message(role="user", content=further), Message(role="assistant", content=text)]
    return tuple(messages)


def _tokens(messages: Sequence[Message], pool: Pool) -> int:
    return sum(pool.count(message.content) + FRAME for message in messages)


def take_cases(facts: Sequence[Fact], forms: Sequence[str], count: int, choose: random.Random) -> list[Case]:
    """`count` questions spread evenly over the guidelines; each names the source and the sentence that a right answer cites."""
    by_source: dict[str, list[Fact]] = {}
    for fact in facts:
        by_source.setdefault(fact.passage.source.id, []).append(fact)
    cases: list[Case] = []
    turn = 0
    while len(cases) < count and any(len(group) > turn for group in by_source.values()):
        for source, group in sorted(by_source.items()):
            if turn < len(group) and len(cases) < count:
                fact = group[turn]
                question = ask_about(fact, forms, choose)
                quote = fact.passage.sentence(fact.sentence)
                cases.append(Case(id=fact.id, question=question, expect_source=source, expect_quote=quote))
        turn += 1
    return cases


def choices(documents: Sequence[Document], unseen: Sequence[Fact], count: int, choose: random.Random) -> Iterator[ChoiceItem]:
    """Items from held-out complaints (which diagnosis has this feature?) and held-out guidelines (which statement?).

    Wrong options come from the same complaint, or from other held-out guidelines, so length and style give nothing away.
    """
    made = 0
    for document in sorted((d for d in documents if d.domain == "differential" and d.split == "heldout"), key=lambda d: d.id):
        sections = [(diagnosis.name, diagnosis.features) for diagnosis in diagnoses(document)]
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


def _by_passage(facts: Sequence[Fact]) -> dict[str, list[Fact]]:
    grouped: dict[str, list[Fact]] = {}
    for fact in facts:
        grouped.setdefault(fact.passage.id, []).append(fact)
    return grouped


def _answer(fact: Fact, shown: Sequence[Passage], two: bool) -> str:
    """The line that cites the fact's sentence, and the next sentence's of the same passage when two are wanted and shown."""
    after = fact.passage.sentences[fact.sentence + 1 : fact.sentence + 2]
    wanted = {fact.place, *((fact.passage.id, span.start) for span in after if two)}
    lines = []
    for number, (passage, at) in enumerate(prompts.numbered(shown), 1):
        place = (passage.id, passage.sentences[at].start)
        sentence = prompts.one_line(passage.sentence(at))
        if place == fact.place or (place in wanted and 40 <= len(sentence) <= LONGEST_ANSWER):
            lines.append(prompts.answer_line(number, sentence))
    return "\n".join(dict.fromkeys(lines))


def _places(passage: Passage) -> list[tuple[str, int]]:
    return [(passage.id, span.start) for span in passage.sentences]


def _unsupported(texts: Sequence[str], shown: Sequence[Passage]) -> str:
    """Why the product would not accept one of these answers; "" when it would accept all."""
    for text in texts:
        tried = judge_first_try(Completion(text=text, finish_reason="stop"), shown)
        if not tried.grounded and not tried.abstained:
            return tried.reason.partition("] ")[2].removeprefix(": ") or tried.reason
    return ""


def _says_it(fact: Fact, shown: Sequence[Passage]) -> bool:
    words = {word.lower() for word in _WORD.findall(fact.subject) if len(word) > 3}
    return any(words and words <= {word.lower() for word in _WORD.findall(passage.text)} for passage in shown)


def _statement(fact: Fact) -> str:
    return prompts.one_line(fact.passage.sentence(fact.sentence))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]

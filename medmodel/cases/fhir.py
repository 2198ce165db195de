"""A FHIR R4 bundle as a question: what is known of a patient in a few lines, then what is asked. Plain JSON, no library.

Read, of entries that are not entered in error:

    Patient                         age (on the bundle's date, else its newest) and gender
    Condition                       code; resolved ones as past; refuted ones not
    Observation                     code with its value and unit, components too; of one code the newest alone
    MedicationRequest, -Statement   the drug of those that are not stopped or completed, and the dosage's text
    AllergyIntolerance              code and manifestations of those that are active
    Task, Communication, ServiceRequest, QuestionnaireResponse
                                    the question: descriptions, notes, payloads, items with their answers

Left: everything else, above all narratives (`text.div`), encounters, procedures, reports, documents and practitioners.
Names, identifiers, addresses, telephone numbers and dates of birth that Patient, RelatedPerson and Practitioner hold
never go into the question, and are taken out of free text where they stand as written, names in any case after a capital; items
of a questionnaire that ask for them are left. Names that no resource declares cannot be known here.
An age over 89 is given as that (HIPAA's safe harbor, 45 CFR 164.514(b)(2)). A terminology's own display is preferred over
a typed text. Several patients in one bundle are several cases, told apart by `subject` and `patient` references.

    read_bundle(json.loads(text, parse_float=Decimal), question="What should be checked before starting apixaban?")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import ValidationError

from medmodel.cases.fhir_resources import Clinical, Component, Concept, Item, Name, Part, Patient, Valued
from medmodel.errors import InputError

OLDEST = 89  # years
_TAG = re.compile(r" \((?:disorder|finding|situation|procedure|substance|product|observable entity)\)$")  # SNOMED CT's
_ASKS_WHO = re.compile(
    r"^\W*(?:what is |what's |please |enter )*(?:your |the |patient'?s? |full |first |middle |last |preferred |family |given |maiden "
    r"|legal |mother'?s |father'?s |spouse'?s |home |work |street |postal |mailing |current |contact )*"
    r"(?:name(?!\s+of\s+(?!(?:the |your )?(?:patient|mother|father|spouse|partner|contact|next)))|surname|address|phone|telephone"
    r"|mobile(?: phone| number)?\W*$|cell ?phone|e-?mail|date of birth|birth ?date|d\.?o\.?b|ssn|mrn|emergency contact|next of kin"
    r"|social security|nhs number|medicare|passport|insurance (?:number|id)|post ?code|zip)\b"
    r"|姓名|名字|住址|地址|电话|手机|联系人|身份证|医保卡|出生日期",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_SHORT = re.compile(r"\d{1,3}")  # a house number: "20" would take a dose out
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
LABELS = {
    "en": ("Patient", "Conditions", "Past conditions", "Findings", "Medication", "Allergies", "; ", ". ", ": "),
    "zh": ("患者", "诊断", "既往史", "检查结果", "用药", "过敏", "；", "。", "："),
}
GENDERS = {"en": {"male": "male", "female": "female"}, "zh": {"male": "男", "female": "女"}}

Language = Literal["en", "zh"]
Clean = Callable[[str], str]
P = TypeVar("P", bound=Part)


class PatientCase(NamedTuple):
    question: str
    language: Language


READ = (
    "Condition Observation MedicationRequest MedicationStatement AllergyIntolerance Task Communication ServiceRequest "
    "QuestionnaireResponse"
).split()
PEOPLE = ("RelatedPerson", "Practitioner")
GONE = ("entered-in-error", "cancelled", "refuted", "rejected")
ENDED = ("stopped", "completed", "draft", "not-taken")


def read_bundle(bundle: object, question: str = "") -> list[PatientCase]:
    """One case a patient. `question` is asked when the bundle asks nothing. Raises InputError saying what is missing."""
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        kind = bundle.get("resourceType") if isinstance(bundle, dict) else None
        raise InputError(f"a FHIR case is a Bundle{f', not a single {kind}' if isinstance(kind, str) else ''}")
    entries = bundle.get("entry")
    named = [_named(entry) for entry in entries] if isinstance(entries, list) else []
    resources = [(names, resource) for names, resource in named if resource]
    patients = [(names, _read(Patient, at, raw)) for at, (names, raw) in enumerate(resources, 1) if _kind(raw) == "Patient"]
    if not patients:
        raise InputError("its bundle has no Patient")
    found = [_read(Clinical, at, raw) for at, (_, raw) in enumerate(resources, 1) if _kind(raw) in READ]
    kept = [resource for resource in found if not _gone(resource)]
    drugs = {name: _drug(raw) for names, raw in resources if _kind(raw) == "Medication" for name in names}
    people = [patient for _, patient in patients]
    people += [_read(Patient, at, _declared(raw)) for at, (_, raw) in enumerate(resources, 1) if _kind(raw) in PEOPLE]
    stamp = bundle.get("timestamp")
    language: Language = "zh" if str(bundle.get("language", "")).startswith("zh") else "en"
    cases = []
    for names, patient in patients:
        own = [resource for resource in kept if resource.about in names or (len(patients) == 1 and not resource.about)]
        day = stamp if isinstance(stamp, str) else max((resource.day for resource in own), default="")
        cases.append(PatientCase(_question(patient, own, drugs, day, language, question, _cleaner(people)), language))
    return cases


def _named(entry: object) -> tuple[list[str], dict[str, Any]]:
    """(the names that references use for it, the resource)."""
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(resource, dict):
        return [], {}
    names = [entry["fullUrl"]] if isinstance(entry.get("fullUrl"), str) else []
    if isinstance(resource.get("id"), str):
        names.append(f"{_kind(resource)}/{resource['id']}")
    return names, resource


def _declared(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Who a resource says that somebody is, in a Patient's fields."""
    return {field: raw[field] for field in ("name", "telecom", "address", "identifier") if isinstance(raw.get(field), list)}


def _kind(resource: Mapping[str, Any]) -> str:
    return str(resource.get("resourceType", ""))


def _read(model: type[P], at: int, raw: object) -> P:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise InputError(f"its bundle's entry {at} is no FHIR R4: '{where}': {fault['msg']}") from None


def _gone(resource: Clinical) -> bool:
    return (
        resource.doNotPerform
        or resource.status in GONE
        or any(coding.code in GONE for coding in resource.verificationStatus.coding)
    )


def _drug(raw: Mapping[str, Any]) -> Concept:
    return _read(Component, 0, {"code": raw.get("code") or {}}).code


def _question(
    patient: Patient,
    own: Sequence[Clinical],
    drugs: Mapping[str, Concept],
    day: str,
    language: Language,
    question: str,
    clean: Clean,
) -> str:
    asked = [clean(text) for text in _asked(own)] or [clean(question)]
    if not any(text.strip() for text in asked):
        raise InputError("its bundle asks nothing (no Task, Communication, ServiceRequest or questionnaire); give --question")
    who, now, past, findings, medication, allergies, comma, stop, colon = LABELS[language]
    conditions = [resource for resource in own if resource.resourceType == "Condition"]
    lines = (
        (who, [part for part in (_age(patient.birthDate, day, language), GENDERS[language].get(patient.gender, "")) if part]),
        (now, [_words(resource.code, clean) for resource in conditions if not _over(resource)]),
        (past, [_words(resource.code, clean) for resource in conditions if _over(resource)]),
        (findings, _findings(own, clean)),
        (
            medication,
            [_medication(resource, drugs, clean) for resource in own if resource.resourceType.startswith("Medication")],
        ),
        (allergies, [_allergy(resource, clean) for resource in own if resource.resourceType == "AllergyIntolerance"]),
    )
    known = []
    for label, values in lines:
        said = list(dict.fromkeys(value for value in values if value))
        known += [label + colon + (", " if label == who else comma).join(said)] if said else []
    facts = stop.join(known) + (stop.strip() if known else "")
    return "\n".join([facts, *asked]).strip()


def _cleaner(people: Sequence[Patient]) -> Clean:
    """Takes out of a text whatever the bundle's resources say of who the patients, their relatives and carers are."""
    contacts = [contact for person in people for contact in person.contact]
    names = [*(name for person in people for name in person.name), *(contact.name for contact in contacts)]
    places = [*(place for person in people for place in person.address), *(contact.address for contact in contacts)]
    numbers = [value for person in people for value in (*person.identifier, *person.telecom)]
    numbers += [value for contact in contacts for value in contact.telecom]
    born = {person.birthDate for person in people if len(person.birthDate) == 10}
    called = {part for name in names for part in (name.text, name.family, *name.given, *_joined(name)) if part}
    called |= {word for part in called for word in _NAME.findall(part)}
    called |= {form for part in called for form in (part.title(), part.upper())}  # "ß" and its like change their letters
    others = {
        part for place in places for part in (place.text, place.city, place.district, place.postalCode, *place.line) if part
    }
    others |= {value.value for value in numbers} | born
    patterns = [
        *(rf"{re.escape(name.family)}(?=先生|女士|太太|小姐|某|氏)" for name in names if _CHINESE.search(name.family)),
        *(_whole(text, capital=True) for text in sorted(called, key=len, reverse=True) if len(text) > 1),
        *(_whole(text) for text in sorted(others, key=len, reverse=True) if len(text) > 1 and not _SHORT.fullmatch(text)),
    ]
    if not patterns:
        return str.strip
    known = re.compile("|".join(patterns))
    return lambda text: known.sub("[…]", text).strip()


def _joined(name: Name) -> Iterator[str]:
    """Chinese names are written without a space, the family's first."""
    if _CHINESE.search(name.family):
        yield name.family + "".join(given or "" for given in name.given)


def _whole(text: str, capital: bool = False) -> str:
    """The text as a whole word. `capital`: in any case of letters, as long as the first is a capital: "MCDONALD", "McDonald"."""
    if _CHINESE.search(text):
        return re.escape(text)
    written = rf"{re.escape(text[0].upper())}(?i:{re.escape(text[1:])})" if capital else re.escape(text)
    return rf"(?<!\w){written}(?!\w)"


def _asked(own: Sequence[Clinical]) -> Iterator[str]:
    for resource in own:
        texts: list[str] = []
        match resource.resourceType:
            case "Task":
                texts = [resource.description, *(note.text for note in resource.note)]
            case "Communication":
                texts = [*(part.contentString for part in resource.payload), *(note.text for note in resource.note)]
            case "ServiceRequest":
                texts = [note.text for note in resource.note]
            case "QuestionnaireResponse":
                texts = list(_items(resource.item))
        yield from (text for text in texts if text.strip())


def _items(items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        if _ASKS_WHO.search(item.text):
            continue
        values = [value for answer in item.answer if (value := _value(answer, str.strip))]
        if values:
            yield f"{item.text.rstrip(' :')}: {', '.join(values)}" if item.text else ", ".join(values)
        yield from _items([*item.item, *(inner for answer in item.answer for inner in answer.item)])


def _age(born: str, day: str, language: Language) -> str:
    """Years; months below two. Of a birth date without its day, the year's difference."""
    day = day[:10]
    now = day + "-07-01"[len(day) - 4 :] if re.match(r"\d{4}(-\d\d)*$", day) else date.today().isoformat()
    if not born or born > now:
        return ""
    years = int(now[:4]) - int(born[:4]) - (len(born) == 10 and now[5:] < born[5:])
    if years > OLDEST:
        return f"over {OLDEST} years old" if language == "en" else f"{OLDEST}岁以上"
    if years < 2 and len(born) >= 7:
        months = 12 * (int(now[:4]) - int(born[:4])) + int(now[5:7]) - int(born[5:7]) - (born[8:] > now[8:])
        return f"{max(0, months)} months old" if language == "en" else f"{max(0, months)}个月"
    return f"{years} years old" if language == "en" else f"{years}岁"


def _over(condition: Clinical) -> bool:
    return any(coding.code in ("resolved", "inactive", "remission") for coding in condition.clinicalStatus.coding)


def _words(concept: Concept, clean: Clean) -> str:
    display = next((coding.display for coding in concept.coding if coding.display), "")
    return _TAG.sub("", display).strip() or clean(concept.text)


def _findings(own: Sequence[Clinical], clean: Clean) -> list[str]:
    newest: dict[str, Clinical] = {}
    for resource in own:
        if resource.resourceType == "Observation":
            name = _words(resource.code, clean)
            if name and (name not in newest or resource.day >= newest[name].day):
                newest[name] = resource
    found = []
    for name, resource in newest.items():
        value = _value(resource, clean)
        parts = [f"{_words(part.code, clean)} {_value(part, clean)}" for part in resource.component if _value(part, clean)]
        if value or parts:
            found.append(f"{name} {value}" if value else f"{name}: {', '.join(parts)}")
    return found


def _value(of: Valued, clean: Clean) -> str:
    if of.valueQuantity is not None and of.valueQuantity.value is not None:
        amount = of.valueQuantity
        return f"{amount.comparator}{amount.value} {amount.unit or amount.code}".strip()
    if of.valueCodeableConcept is not None:
        return _words(of.valueCodeableConcept, clean)
    if of.valueCoding is not None:
        return clean(of.valueCoding.display)
    if of.valueBoolean is not None:
        return "yes" if of.valueBoolean else "no"
    for plain in (of.valueString, of.valueInteger, of.valueDecimal, of.valueDate):
        if plain is not None:
            return clean(str(plain))
    return ""


def _medication(resource: Clinical, drugs: Mapping[str, Concept], clean: Clean) -> str:
    if resource.status in ENDED:
        return ""
    drug = resource.medicationCodeableConcept
    if drug is None and resource.medicationReference is not None:
        name = resource.medicationReference.reference
        inside = {f"#{raw.get('id')}": _drug(raw) for raw in resource.contained if _kind(raw) == "Medication"}
        drug = inside.get(name) or drugs.get(name)
    words = _words(drug, clean) if drug else ""
    dosage = "; ".join(clean(note.text) for note in (*resource.dosageInstruction, *resource.dosage) if note.text)
    return f"{words} ({dosage})" if words and dosage else words


def _allergy(resource: Clinical, clean: Clean) -> str:
    if _over(resource):
        return ""
    words = _words(resource.code, clean)
    reactions = [_words(concept, clean) for reaction in resource.reaction for concept in reaction.manifestation]
    shown = ", ".join(reaction for reaction in reactions if reaction)
    return f"{words} ({shown})" if words and shown else words

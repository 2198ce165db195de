"""The parts of FHIR R4 resources that a case is made of (hl7.org/fhir/R4); whatever else a resource holds is left unread."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Coding(Part):
    display: str = ""
    code: str = ""


class Concept(Part):
    text: str = ""
    coding: tuple[Coding, ...] = ()


class Quantity(Part):
    value: Decimal | None = None
    unit: str = ""
    code: str = ""
    comparator: str = ""


class Period(Part):
    start: str = ""
    end: str = ""


class Reference(Part):
    reference: str = ""


class Note(Part):
    text: str = ""


class Name(Part):
    text: str = ""
    family: str = ""
    given: tuple[str | None, ...] = ()


class Value(Part):
    """Of telecom and identifier."""

    value: str = ""


class Address(Part):
    text: str = ""
    line: tuple[str | None, ...] = ()
    city: str = ""
    district: str = ""
    postalCode: str = ""


class Contact(Part):
    name: Name = Name()
    telecom: tuple[Value, ...] = ()
    address: Address = Address()


class Patient(Part):
    gender: str = ""
    birthDate: str = Field(default="", pattern=r"^(\d{4}(-\d\d(-\d\d)?)?)?$")
    name: tuple[Name, ...] = ()
    telecom: tuple[Value, ...] = ()
    identifier: tuple[Value, ...] = ()
    address: tuple[Address, ...] = ()
    contact: tuple[Contact, ...] = ()


class Valued(Part):
    """What holds a value[x]: an observation, its component, an answer."""

    valueQuantity: Quantity | None = None
    valueCodeableConcept: Concept | None = None
    valueCoding: Coding | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: int | None = None
    valueDecimal: Decimal | None = None
    valueDate: str | None = None


class Component(Valued):
    code: Concept = Concept()


class Reaction(Part):
    manifestation: tuple[Concept, ...] = ()


class Payload(Part):
    contentString: str = ""


class Item(Part):
    text: str = ""
    answer: tuple[ItemAnswer, ...] = ()
    item: tuple[Item, ...] = ()


class ItemAnswer(Valued):
    item: tuple[Item, ...] = ()


class Clinical(Component):
    """A resource about a patient: the fields of all kinds that are read, since each kind has few."""

    resourceType: str
    status: str = ""
    doNotPerform: bool = False  # a modifier: it turns the meaning round
    subject: Reference | None = None
    patient: Reference | None = None  # an AllergyIntolerance's subject
    for_: Reference | None = Field(default=None, alias="for")  # a Task's
    clinicalStatus: Concept = Concept()
    verificationStatus: Concept = Concept()
    effectiveDateTime: str = ""
    effectiveInstant: str = ""
    effectivePeriod: Period = Period()
    issued: str = ""
    authoredOn: str = ""
    recordedDate: str = ""
    authored: str = ""
    sent: str = ""
    component: tuple[Component, ...] = ()
    medicationCodeableConcept: Concept | None = None
    medicationReference: Reference | None = None
    dosageInstruction: tuple[Note, ...] = ()
    dosage: tuple[Note, ...] = ()
    reaction: tuple[Reaction, ...] = ()
    description: str = ""
    note: tuple[Note, ...] = ()
    payload: tuple[Payload, ...] = ()
    item: tuple[Item, ...] = ()
    contained: tuple[dict[str, Any], ...] = ()

    @property
    def about(self) -> str:
        who = self.subject or self.patient or self.for_
        return who.reference if who else ""

    @property
    def day(self) -> str:
        seen = self.effectiveDateTime or self.effectiveInstant or self.effectivePeriod.end or self.effectivePeriod.start
        return seen or self.issued or self.authoredOn or self.recordedDate or self.authored or self.sent

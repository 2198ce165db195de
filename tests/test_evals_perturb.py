"""One question, written otherwise: the letters change and the meaning stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.perturb import RULES, perturbed


@pytest.mark.parametrize(
    ("kind", "language", "text", "expected"),
    [
        ("units", "en", "Metformin 1 g twice daily?", "Metformin 1000 milligrams twice daily?"),
        ("units", "en", "Paracetamol 1500 mg?", "Paracetamol 1.5 g?"),
        ("units", "en", "Digoxin 0.125 mg?", "Digoxin 125 µg?"),
        ("units", "en", "Levothyroxine 50 µg?", "Levothyroxine 50 micrograms?"),
        ("units", "en", "A glucose of 10 mmol/L?", "A glucose of 180 mg/dL?"),
        ("units", "en", "Potassium 4.2 mmol/L?", "Potassium 4.2 millimoles per litre?"),
        ("units", "en", "A fever of 38.6 °C?", "A fever of 101.5 °F?"),
        ("units", "en", "A dose of 30 mL/kg?", None),
        ("units", "zh", "血糖28 mmol/L", "血糖505 mg/dL"),
        ("units", "zh", "体重60 kg", "体重60公斤"),
        ("abbreviations", "en", "Is DKA worse than AF?", "Is diabetic ketoacidosis worse than atrial fibrillation?"),
        ("abbreviations", "en", "High blood pressure?", "High BP?"),
        ("abbreviations", "en", "AFTER the MIDI?", None),
        ("abbreviations", "zh", "房颤和心力衰竭", "心房颤动和心衰"),
        ("full_width", "zh", "血压85/50，体温38.9", "血压８５／５０，体温３８．９"),
        ("full_width", "en", "A dose of 5 mg?", None),
        ("case", "zh", "血压高", None),
        ("typos", "zh", "血压高", None),
        ("spacing", "zh", "发热39度，头痛", "  发热 39 度，\n头痛 "),
    ],
)
def test_a_rule_does_what_it_says(kind: str, language: str, text: str, expected: str | None) -> None:
    assert perturbed(text, kind, language) == expected  # type: ignore[arg-type]


def test_a_typing_error_is_one_neighbour_on_the_keyboard_and_never_the_first_letter() -> None:
    text = "Which anticoagulant prevents stroke?"
    typed = perturbed(text, "typos", "en")
    assert typed is not None
    changed = [(before, after) for before, after in zip(text, typed, strict=True) if before != after]
    assert len(changed) == 1
    assert all(word[0] == other[0] for word, other in zip(text.split(), typed.split(), strict=True))


@pytest.mark.parametrize("kind", sorted(RULES))
@given(text=st.text(max_size=120), language=st.sampled_from(["en", "zh"]))
def test_any_question_is_changed_the_same_way_twice_or_left(kind: str, text: str, language: str) -> None:
    changed = perturbed(text, kind, language)  # type: ignore[arg-type]
    assert changed == perturbed(text, kind, language)  # type: ignore[arg-type]
    assert changed != text


@given(st.text(alphabet="abcdefgh .,?", min_size=1))
def test_stray_spaces_change_no_letter(text: str) -> None:
    spaced = perturbed(text, "spacing", "en") or text
    assert "".join(spaced.split()) == "".join(text.split())

"""Retrieve or not: whether passages are put before a question that a model could answer from memory.

The product answers from references alone, so it always retrieves. This is for closed questions (multiple choice), where passages
fix some answers and mislead others, and likeness barely tells which (AUC .53 in "When Retrieval Hurts"). So the rule is one
border on what retrieval itself knows, and what it is worth is counted from one run with and without passages:

    python -m evals medqa --model DIR --retrieval INDEX --rows rows.jsonl;  python -m evals benefit rows.jsonl
"""

from __future__ import annotations

NEAR = 0.53  # cosine of the best passage: below it the references do not answer (medmodel.rag.answer has its figures)


def worth_it(nearness: float) -> bool:
    """Whether passages are shown, from the best one's cosine; 0, where no dense retriever looked, tells nothing: yes."""
    return nearness == 0.0 or nearness >= NEAR

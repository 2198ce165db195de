"""Retrieval and grounded answers: index, retrievers, answer, citations."""

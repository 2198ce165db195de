"""Retrievers, one file each, as langchain-core `BaseRetriever`."""

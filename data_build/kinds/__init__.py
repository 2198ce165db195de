"""Kinds of examples made by rule, one file each."""

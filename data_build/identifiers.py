"""What in a text may point to a person: enough to hold a record back. The rules are `medmodel.phi`'s.

Nothing is masked: a text with a hit stays out of an export whole, and is counted by kind. Names without a title or a
cue, places and rare circumstances are not found, so what passes still wants a person's review before it is trained on.
"""

from medmodel.phi import identifiers

__all__ = ["identifiers"]

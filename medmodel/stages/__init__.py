"""Stage kinds: one file each, holding the fields a recipe may set and why."""

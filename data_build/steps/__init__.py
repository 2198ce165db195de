"""Document steps, one file each, as datatrove blocks."""

"""Sources, one file each: `read() -> Iterator[Document]`."""

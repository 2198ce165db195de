"""Clinical suites, one file each."""

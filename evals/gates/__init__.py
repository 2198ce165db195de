"""Gates, one file each: a rule that decides one number."""

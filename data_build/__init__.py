"""From raw sources to training documents and examples."""

"""The stages: from a config to a page, one module each."""

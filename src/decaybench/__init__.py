"""Weight decay on trial: a reproducible benchmark and report pipeline."""

__version__ = "0.1.0"

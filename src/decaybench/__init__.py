"""Weight decay on trial: a reproducible benchmark and report pipeline."""

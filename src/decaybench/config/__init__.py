"""The config: what may be asked (`models`), how it is read (`parsing`), what is written about it (`reference`)."""

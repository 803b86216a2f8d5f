"""The stages from a config to a page, one module each.

A stage has `arguments(parser)`, which declares the words of its verb, and `run(...)`, whose parameters are called as
these. A rule calls it through the command line, `render --partial` and a program directly. Studies and configs come
as objects (on a command line: as JSON, see `Study.to_json`), files by their names in a folder of results.
"""

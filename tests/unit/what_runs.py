"""Runs verbs of the command line, each in a process of its own, and says which files of the package each one used.

Reads a JSON list of [name, arguments] and writes {name: [paths relative to the package]}. The libraries are imported
once, and each verb runs in a fork that has them already; of the package nothing is imported before.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

LIBRARIES = (
    "torch", "pandas", "pyarrow.parquet", "pyarrow.compute", "pydantic", "scipy.stats", "scipy.optimize", "seaborn",
    "sklearn.datasets", "sklearn.preprocessing", "matplotlib.figure", "jinja2", "babel.messages.pofile",
)  # fmt: skip


def files_of(arguments, package):
    """What a verb imports of the package, and what else it opens there."""
    opened = set()

    def note(event, words):
        if event == "open" and isinstance(words[0], str) and words[0].startswith(package):
            opened.add(words[0])

    sys.addaudithook(note)
    from decaybench.cli import main

    code = main(arguments)
    assert code == 0, (arguments, code)
    imported = [module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "decaybench"]
    paths = {Path(path) for path in [*imported, *opened]}
    return sorted(path.relative_to(package).as_posix() for path in paths if path.suffix != ".pyc")


def in_a_fork(*arguments):
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        with os.fdopen(sending, "w") as pipe:
            json.dump(files_of(*arguments), pipe)
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as pipe:
        answer = pipe.read()
    assert os.waitpid(child, 0)[1] == 0, arguments
    return json.loads(answer)


if __name__ == "__main__":
    package = str(Path(importlib.util.find_spec("decaybench").origin).parent) + "/"
    for library in LIBRARIES:
        importlib.import_module(library)
    assert "decaybench.cli" not in sys.modules
    print(json.dumps({name: in_a_fork(arguments, package) for name, arguments in json.load(sys.stdin)}))

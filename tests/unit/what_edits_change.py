"""Edits files of a copy of the package in turn and says which digests change.

Reads {name: study as JSON}, a list of [stage, names of studies], and the files to edit; writes the digests, and for
each file the names of those that its edit changes. A digest is called as its stage and studies; "cells NAME" is the
code in the keys of a study's cells.
"""

import json
import sys
from pathlib import Path

import decaybench
from decaybench.config import Study
from decaybench.jobs.plan import stage_code, training_code

PACKAGE = Path(decaybench.__file__).parent


KEPT = {"_imports", "_distributions", "_site_packages", "version_of"}  # by content, or of no file of the package


def forget():
    """Clear what is computed once a process."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "decaybench":
            for entry, value in vars(module).items():
                if hasattr(value, "cache_clear") and entry not in KEPT:
                    value.cache_clear()


def digests(studies, stages):
    forget()
    codes = {f"cells {name}": training_code(study) for name, study in studies.items()}
    for stage, names in stages:
        codes[" ".join([stage, *names])] = stage_code(stage, *(studies[name] for name in names))
    return codes


def main(folder):
    assert PACKAGE.is_relative_to(folder), PACKAGE
    question = json.load(sys.stdin)
    studies = {name: Study.model_validate_json(text) for name, text in question["studies"].items()}
    before = digests(studies, question["stages"])
    assert "torch" not in sys.modules and "pandas" not in sys.modules
    changed = {}
    for name in question["edit"]:
        path = Path(folder) / name
        content = path.read_bytes()
        path.write_bytes(content + b"\n# edited\n")
        after = digests(studies, question["stages"])
        path.write_bytes(content)
        changed[name] = [digest for digest in before if after[digest] != before[digest]]
    assert digests(studies, question["stages"]) == before
    print(json.dumps({"before": before, "changed": changed}))


if __name__ == "__main__":
    main(sys.argv[1])

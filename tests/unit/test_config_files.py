"""A config file is read as it is written, or refused with the line; nothing is dropped or misread in silence."""

import json

import pytest

from decaybench.config import ConfigError
from decaybench.config.files import read_file
from decaybench.config.parsing import parse_config


@pytest.fixture
def read(tmp_path):
    def read(content: str | bytes, name="mine.yaml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_file(path)

    return read


@pytest.fixture
def refusal(read, tmp_path):
    def refusal(content: str | bytes, name="mine.yaml"):
        with pytest.raises(ConfigError) as refused:
            read(content, name)
        lines = str(refused.value).splitlines()
        assert all(line.startswith(f"{tmp_path / name}: ") for line in lines)
        return [line.removeprefix(f"{tmp_path / name}: ") for line in lines]

    return refusal


TWICE = [
    ("studies:\n  - name: a\nstudies:\n  - name: b\n", "studies: line 3: stands twice, first in line 1"),
    ("studies:\n  - name: a\n    name: b\n", "studies[0].name: line 3: stands twice, first in line 2"),
    (
        "studies:\n  - name: a\n    task: {n_train: 3}\n    grid: {}\n    task: {}\n",
        "studies[0].task: line 5: stands",
    ),
    (
        "studies: [{name: a, grid: {seeds: 1, seeds: 1}}]",
        "studies[0].grid.seeds: line 1: stands twice, first in line 1",
    ),
    (
        "studies:\n  - name: a\n    variants:\n      v: {}\n      w: {}\n      v: {model.init_std: 0}\n",
        "studies[0].variants.v: line 6: stands twice, first in line 4",
    ),
    (
        "studies: [{name: a, variants: {v: {model.init_std: 0,\n  'model.init_std': 1}}}]",
        "studies[0].variants.v.model.init_std: line 2: stands twice, first in line 1",
    ),
    ("studies: [{name: a, variants: {10: {}, '10': {}}}]", "studies[0].variants.10: line 1: stands twice"),
    ("x-a: {b: 1, b: 2}\nstudies: [{name: a}]", "x-a.b: line 1: stands twice"),
    ("x-a: &a {seeds: 1}\nstudies: [{name: a, grid: {<<: *a, <<: *a}}]", "studies[0].grid.<<: line 2: stands twice"),
    ("report: {}\nnodes: 1\nstudies: [{name: a}]\nnodes: 2", "nodes: line 4: stands twice, first in line 2"),
]


@pytest.mark.parametrize(("text", "said"), TWICE)
def test_a_key_that_stands_twice_is_refused_with_both_lines(text, said, refusal):
    (line,) = refusal(text)
    assert line.startswith(said)


def test_json_is_held_to_the_same(read, refusal):
    (line,) = refusal('{"studies":\n\t[{"name": "a",\n\t"name": "b"}]}', "mine.json")
    assert line.startswith("studies[0].name: line 3: stands twice, first in line 2")
    (line,) = refusal('{"studies": [{"name": "a\x7f", "name": "b"}]}', "mine.json")  # not even YAML
    assert line == "name: stands twice"
    assert read('{"studies": [{"name": "no", "grid": {"weight_decay": [1e-3, 0]}}]}', "mine.json") == {
        "studies": [{"name": "no", "grid": {"weight_decay": [0.001, 0]}}]
    }


def test_every_problem_has_its_line(refusal):
    assert len(refusal("studies:\n  - name: no\n    grid: {seeds: 010}\n    grid: {}\n")) == 3


@pytest.mark.parametrize(
    ("word", "read_as"),
    [
        ("no", "false"), ("on", "true"), ("yes", "true"), ("off", "false"), ("Yes", "true"), ("true", "true"),
        ("010", "8"), ("1:30", "90"), ("1:30:00", "5400"), ("1_000", "1000"), ("0x1f", "31"), ("1.50", "1.5"),
        ("null", "null"), ("~", "null"), ("Null", "null"), ("2024-01-01", "a date"), (".inf", "inf"),
    ],
)  # fmt: skip
def test_a_name_that_yaml_reads_as_something_else_wants_quotes(word, read_as, read, refusal):
    advice = f'{word} is read by YAML as {read_as}; quote it: "{word}"'
    assert refusal(f"studies:\n  - name: {word}\n") == [f"studies[0].name: line 2: {advice}"]
    assert refusal(f"studies:\n  - name: a\n    variants:\n      {word}: {{}}\n") == [
        f"studies[0].variants.{word}: line 4: {advice}"
    ]
    assert refusal(f"studies: [{{name: a, model: {{kind: module, factory: {word}}}}}]") == [
        f"studies[0].model.factory: line 1: {advice}"
    ]
    quoted = f"studies: [{{name: '{word}', variants: {{\"{word}\": {{}}}}}}]"
    assert read(quoted) == {"studies": [{"name": word, "variants": {word: {}}}]}


@pytest.mark.parametrize("place", ["task: {kind: no}", "variants: {v: {model.kind: no}}", "training: {loss: no}"])
def test_words_elsewhere_want_quotes_too(place, refusal):
    (line,) = refusal(f"studies: [{{name: a, {place}}}]")
    assert line.endswith('no is read by YAML as false; quote it: "no"')
    (line,) = refusal("studies: [{name: a}]\nreport: {languages: [en, no]}")
    assert line == 'report.languages[1]: line 2: no is read by YAML as false; quote it: "no"'


@pytest.mark.parametrize("word", ["1e3", "10-a", "nope", "n", "y", "08", "0o17", "1-2"])
def test_names_that_yaml_leaves_alone_are_names(word, read):
    raw = read(f"studies: [{{name: {word}, variants: {{{word}: {{}}}}}}]")
    (study,) = parse_config(raw).studies
    assert (study.name, list(study.variants)) == (word, [word])


def test_a_variant_called_by_a_number_as_yaml_writes_it_is_that_text(read):
    (study,) = parse_config(read("studies: [{name: a, variants: {10: {model.init_std: 0}}}]")).studies
    assert list(study.variants) == ["10"]


@pytest.mark.parametrize(
    ("key", "word", "said"),
    [
        ("grid.seeds", "010", "010 is read by YAML as 8; write 10 or 8"),
        ("grid.seeds", "1:30", "1:30 is read by YAML as 90; write 90 if that is meant"),
        ("training.learning_rate", "1:30.5", "1:30.5 is read by YAML as 90.5; write 90.5 if that is meant"),
        ("grid.weight_decay", "[0, 0777]", "0777 is read by YAML as 511; write 777 or 511"),
        ("grid.weight_decay", "[0, 1:30]", "1:30 is read by YAML as 90"),
        ("task.n_train", "2024-01-01", "2024-01-01 is read by YAML as a date"),
        ("task.n_train", "-010", "-010 is read by YAML as -8; write -10 or -8"),
    ],
)
def test_a_number_that_yaml_reads_as_another_is_refused(key, word, said, refusal):
    first, last = key.split(".")
    (line,) = refusal(f"studies:\n  - name: a\n    {first}: {{{last}: {word}}}\n")
    assert line.startswith(f"studies[0].{key}") and f": line 3: {said}" in line
    (line,) = refusal(f"studies:\n  - name: a\n    variants:\n      v: {{{key}: {word}}}\n")
    assert line.startswith(f"studies[0].variants.v.{key}") and f": line 4: {said}" in line


def test_plain_numbers_booleans_and_nulls_stay_what_they_are(read):
    text = (
        "studies: [{name: a, seeds_per_block: ~, task: {n_train: 0x10, n_test: 007}, grid: {seeds: 1_0},"
        " training: {nesterov: off, decay_bias: yes, loss: null, learning_rate: 1e-2}}]\nnodes: null"
    )
    (study,) = parse_config(read(text)).studies
    assert (study.task.n_train, study.task.n_test, study.grid.seeds) == (16, 7, 10)
    assert (study.training.decay_bias, study.training.nesterov, study.training.learning_rate) == (True, False, 0.01)


def test_anchors_have_a_place_and_change_nothing(read):
    plain = "studies: [{name: a, task: {n_train: 5, n_test: 7}, grid: {seeds: 3}}]"
    shared = (
        "x-task: &task {n_train: 5, n_test: 9}\nx-3: [no, 010, {1: 2}, 2024-01-01]\nx-grid: &grid {seeds: 3}\n"
        "studies: [{name: a, task: {<<: *task, n_test: 7}, grid: *grid}]"
    )
    assert parse_config(read(shared)) == parse_config(read(plain))
    assert parse_config(read(shared)).asked() == parse_config(read(plain)).asked()


def test_the_schema_for_editors_takes_the_same_keys_at_the_top(read):
    import jsonschema

    from decaybench.config.reference import json_schema

    validator = jsonschema.Draft202012Validator(json.loads(json_schema()))
    text = "x-a: [1, {b: null}]\npathvars: {results: here}\nnodes: 2\nstudies: [{name: a}]"
    assert validator.is_valid(read(text))
    for wrong in ("y-a: 1", "xa: 1", "studies: [{name: a, x-a: 1}]"):
        assert not validator.is_valid({"studies": [{"name": "a"}], **read(wrong)})


def test_what_an_anchor_brings_is_read_where_it_is_used(refusal):
    text = "x-grid: &grid {seeds: 010}\nstudies: [{name: a, grid: *grid}, {name: b, grid: {<<: [*grid]}}]"
    assert [line.partition(": ")[0] for line in refusal(text)] == ["studies[0].grid.seeds", "studies[1].grid.seeds"]


def bomb(open_: str, close: str) -> str:
    lines = [f"x-0: &x0 {open_.format('1')}{close}"]
    for level in range(1, 30):
        lines.append(f"x-{level}: &x{level} " + open_.format(f"*x{level - 1}") + close)
    return "\n".join([*lines, "studies: [{name: a, task: *x29}]"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (bomb("[{0}, {0}, {0}", "]"), "aliases repeat more than 100,000 values"),
        (bomb("{{a: {0}, b: {0}", "}"), "aliases repeat more than 100,000 values"),
        ("studies: &s [{name: a, task: *s}]", "contains itself by an alias"),
        ("studies: [{name: a, task: &t {n_train: {<<: *t}}}]", "contains itself by an alias"),
        ("x-a: " + "[" * 5000 + "]" * 5000, "more than 40 deep"),
        ("x-a: " + "{a: " * 200 + "1" + "}" * 200, "more than 40 deep"),
        ('{"x-a": ' + "[" * 20000 + "]" * 20000 + "}", "more than 40 deep"),
        ("\n".join(f"x-{i}: &x{i} [{f'*x{i - 1}' if i else 1}]" for i in range(900)), "more than 40 deep"),
    ],
)
def test_a_file_without_end_is_refused_at_once(text, said, refusal):
    (line,) = refusal(text)
    assert said in line


def test_another_encoding_is_named(read, refusal):
    text = "studies:\n  - name: a  # café λ\n"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        (line,) = refusal(text.encode(encoding))
        assert "UTF-16" in line and "save it as UTF-8" in line
    (line,) = refusal(text.replace("λ", "").encode("latin-1"))
    assert line == "line 2: byte 0xe9 is not UTF-8 (Latin-1?); save it as UTF-8"
    assert read(text.encode("utf-8-sig")) == read(text) == {"studies": [{"name": "a"}]}


@pytest.mark.parametrize(
    "text",
    [
        "studies: [",
        "a: b: c",
        "studies:\n\t- name: a",
        "--- 1\n--- 2",
        "a: \x07",
        "[1]: 2",
        "a: !!python/name:os.system",
    ],
)
def test_what_is_no_yaml_is_one_line(text, refusal):
    assert len(refusal(text)) == 1


def test_an_empty_file_says_nothing(read):
    assert read("") is None and read("# nothing\n") is None


def test_a_config_of_the_checkout_reads_as_pyyaml_reads_it():
    import yaml

    from decaybench.provenance.code import ROOT

    config = ROOT.parents[1] / "config"
    for path in (config / "config.yaml", *sorted((config / "examples").glob("*.yaml"))):
        assert read_file(path) == yaml.safe_load(path.read_text(encoding="utf-8"))
        assert json.dumps(parse_config(read_file(path)).asked())

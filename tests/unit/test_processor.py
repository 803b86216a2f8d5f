"""The kind of processor that computed is kept, and a mixture is named."""

from types import SimpleNamespace

from decaybench.provenance.machine import machine, manifest
from decaybench.provenance.processor import kinds, read_processor
from decaybench.report.methods import Methods

CPUINFO = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC
stepping\t: 1

processor\t: 1
vendor_id\t: GenuineIntel
"""
ZEN = {"cpu": "AMD EPYC", "cpu_vendor": "AuthenticAMD", "cpu_family": "25", "cpu_model": "17", "cpu_stepping": "1"}
HERE = {**ZEN, "instruction_set": "AVX512", "device": "cpu"}


def test_the_kind_is_read_whole_where_the_system_tells_it(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text(CPUINFO)
    assert read_processor(info) == ZEN
    assert read_processor(tmp_path / "missing")["cpu"]
    assert machine().items() >= read_processor().items()


def test_processors_of_one_name_are_told_apart_and_gpus_left_aside():
    older = {**HERE, "cpu_model": "1", "instruction_set": "AVX2"}
    gpu = {**older, "device": "cuda"}
    assert kinds([HERE, HERE, gpu]) == ["AMD EPYC (AuthenticAMD 25 17 1, AVX512)"]
    assert len(kinds([HERE, older])) == 2
    assert kinds([{"cpu": "AMD EPYC"}]) == ["AMD EPYC"]  # a block of an older version


def test_manifest_and_page_name_a_mixture():
    runs = {"a": [HERE], "b": [{**HERE, "instruction_set": "AVX2"}]}
    assert len(manifest({}, runs)["processors"]) == 2
    studies = [SimpleNamespace(name=name) for name in runs]
    assert Methods(studies, {}, {"runs": runs}).mixed == 2
    assert Methods(studies[:1], {}, {"runs": runs}).mixed == 0

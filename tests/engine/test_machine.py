"""What of a machine decides how arithmetic rounds is told, from the kernel's own words."""

import platform

import pytest

from edgebuild.engine import machine

XEON = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 143
model name\t: Intel(R) Xeon(R) Platinum 8481C
flags\t\t: fpu sse4_1 avx avx2 fma avx512f avx512dq

processor\t: 1
model name\t: never read
"""


@pytest.fixture
def on(tmp_path, monkeypatch):
    def facts(text):
        (tmp_path / "cpuinfo").write_text(text)
        monkeypatch.setattr(machine, "_CPUINFO", str(tmp_path / "cpuinfo"))
        for function in (machine._isa, machine._first_core):
            function.cache_clear()
        return machine.facts()

    yield facts
    monkeypatch.undo()
    for function in (machine._isa, machine._first_core):
        function.cache_clear()


def test_an_intel_cpu(on, monkeypatch):
    monkeypatch.setattr(machine, "_libc", lambda: "glibc-2.36")
    found = on(XEON)
    arch = platform.machine()
    assert found["isa"] == (
        f"{arch} GenuineIntel/6/143 sse4_1 avx avx2 fma avx512f avx512dq glibc-2.36"
    )
    assert found["cpu"].startswith("Intel(R) Xeon(R) Platinum 8481C, ")


@pytest.mark.parametrize(
    ("old", "new"),
    [("AuthenticAMD", "GenuineIntel"), ("143", "106"), (" avx512dq", ""), (" fma", "")],
)
def test_what_sums_may_round_by_counts(on, old, new):
    text = XEON.replace("GenuineIntel", "AuthenticAMD")
    before = on(text)["isa"]
    assert on(text.replace(old, new))["isa"] != before


def test_another_c_library_counts(on, monkeypatch):
    before = on(XEON)["isa"]
    monkeypatch.setattr(machine, "_libc", lambda: "glibc-2.99")
    assert on(XEON)["isa"] != before


def test_a_kernel_that_says_nothing(on):
    assert on("")["isa"].startswith(platform.machine())

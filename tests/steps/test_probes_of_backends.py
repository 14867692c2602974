"""What backends name as the makers of a port are there, make it, and ask for what can be had."""

import pytest

from edgebuild.kinds import load_kinds

KINDS = load_kinds()
OWN = [kind for kind, module in KINDS.modules.items() if module.startswith("edgebuild.")]
BACKENDS = sorted(name.partition("/")[2] for name in OWN if name.startswith("backend/"))
PROBES = sorted(name.partition("/")[2] for name in OWN if name.startswith("probe/"))
NAMED = [
    (backend, port, probe)
    for backend in BACKENDS
    for port, probes in KINDS.get(f"backend/{backend}").probes.items()
    for probe in probes
]


@pytest.mark.parametrize(("backend", "port", "probe"), NAMED)
def test_a_probe_that_a_backend_names_makes_the_port(backend, port, probe):
    """Where it is misspelt, the plan would go on without it."""
    assert probe in PROBES
    assert port in KINDS.get(f"probe/{probe}").produces


def test_every_backend_says_how_the_latency_of_its_artifacts_is_found():
    without = [b for b in BACKENDS if "timings" not in KINDS.get(f"backend/{b}").probes]
    assert without == []


@pytest.mark.parametrize("probe", PROBES)
def test_what_probes_need_is_known(probe):
    for need in KINDS.get(f"probe/{probe}").needs:
        assert need in ("myriad-device", "qai-hub") or need.startswith("device.")


def test_what_measures_an_attached_device_reads_which_one_it_is():
    """Else the figures of one would be found again for another."""
    measuring = [
        kind
        for kind in map(KINDS.get, (f"probe/{name}" for name in PROBES))
        if "myriad-device" in kind.needs and not kind.fresh
    ]
    assert measuring
    for kind in measuring:
        assert "myriad_device" in kind.consumes

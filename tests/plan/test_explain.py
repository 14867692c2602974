"""The reason given is what differs, and nothing else."""

from edgebuild.plan.explain import differences

OLD = {
    "kind": "pass/simplify",
    "code": "c1",
    "params": {"rounds": 1, "table": {"a": 1}},
    "facts": {},
    "inputs": {"model": ["d1", "model.onnx"]},
    "outputs": {"model": "model.onnx"},
    "tools": "t1",
    "platform": {"isa": "avx2"},
    "salt": "s",
}


def test_nothing_differs():
    assert differences(OLD, dict(OLD)) == []


def test_never_built():
    assert differences(None, OLD) == ["never built"]


def test_each_part_is_named():
    new = {
        **OLD,
        "code": "c2",
        "params": {"rounds": 2, "table": {"a": 2}},
        "inputs": {"model": ["d2", "model.onnx"], "calibration": ["d", "x"]},
        "tools": "t2",
        "platform": {"isa": "avx512"},
    }
    assert differences(OLD, new) == [
        "code of the step changed",
        "tool environment changed",
        "parameter `rounds`: 1 -> 2",
        "parameter `table` changed",
        "machine's `isa`: 'avx2' -> 'avx512'",
        "input `calibration` is new",
        "input `model` changed",
    ]

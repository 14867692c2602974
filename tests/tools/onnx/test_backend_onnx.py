import stepcall

from edgebuild.formats import contract_file, onnx_file, placement
from edgebuild.steps import examples
from edgebuild.steps.backends import onnx as backend


def test_the_artifact_describes_itself(tmp_path):
    onnx_file.save(examples.model(), tmp_path / "m.onnx")
    made = stepcall.run(
        backend, tmp_path / "b", {"model": tmp_path / "m.onnx"}, contract=examples.CONTRACT
    )
    found = contract_file.load(made["contract"])
    assert contract_file.differences(examples.CONTRACT, found) == []
    stages = placement.load(made["placement"])
    assert [(s.name, s.op, s.engine) for s in stages] == [
        ("conv1", "Conv", "CPU"),
        ("relu1", "Relu", "CPU"),
        ("conv2", "Conv", "CPU"),
        ("sigmoid", "Sigmoid", "CPU"),
    ]

"""The pass as a build runs it: another opset, the same answers."""

import pytest
import stepcall

from edgebuild.formats import onnx_file
from edgebuild.rewrites.example import Example
from edgebuild.rewrites.refused import LegalizeError
from edgebuild.steps import examples
from edgebuild.steps.passes import set_opset


def run(folder, model, opset):
    onnx_file.save(model, folder / "in.onnx")
    params = set_opset.Params(opset=opset)
    return stepcall.run(set_opset, folder / "step", {"model": folder / "in.onnx"}, params=params)[
        "model"
    ]


@pytest.mark.parametrize("opset", [9, 11, 13, 17, 21, 24])
def test_up_and_down(tmp_path, opset):
    made = onnx_file.load(run(tmp_path, examples.model(), opset))
    assert [(o.domain, o.version) for o in made.opset_import] == [("", opset)]
    assert [n.op_type for n in made.graph.node] == ["Conv", "Relu", "Conv", "Sigmoid"]


def test_open_dimensions_stay_open(tmp_path):
    graph = """g (float[N,4] x) => (float[N,1] y) {
        y = ReduceMean<axes = [1]>(x)
    }"""
    made = onnx_file.load(run(tmp_path, Example(graph=graph).model(), 18))
    assert made.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"
    assert len(made.graph.node[0].input) == 2


def test_there_and_back_gives_the_same_model(tmp_path):
    for name in ("up", "down", "same"):
        (tmp_path / name).mkdir()
    graph = """g (float[1,4,6,5] x) => (float[1,4,1,1] y) {
        a, b = Split<axis = 1>(x)
        c = Concat<axis = 1>(b, a)
        y = ReduceMean<axes = [2, 3]>(c)
    }"""
    model = Example(graph=graph).model()
    up = onnx_file.load(run(tmp_path / "up", model, 18))
    down = onnx_file.load(run(tmp_path / "down", up, 13))
    same = onnx_file.load(run(tmp_path / "same", model, 13))
    assert [n.SerializeToString() for n in down.graph.node] == [
        n.SerializeToString() for n in same.graph.node
    ]


def test_what_the_other_opset_cannot_say_is_refused(tmp_path):
    graph = "g (float[1,2,5,5] x) => (float[1,2,5,5] y) { y = GridSample(x, g) }"
    graph = graph.replace("x)", "x, float[1,5,5,2] g)", 1)
    with pytest.raises(LegalizeError) as error:
        run(tmp_path, Example(opset=16, graph=graph).model(), 15)
    assert "error: this model cannot be brought to opset 15\n" in str(error.value)

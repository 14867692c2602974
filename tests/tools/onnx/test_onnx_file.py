import itertools

import numpy as np
import onnx
import pytest
from mutated import found
from onnx import TensorProto, helper, numpy_helper

from edgebuild.formats import onnx_file
from edgebuild.formats.onnx_file import OnnxError
from edgebuild.steps import examples


def write(path, model):
    path.write_bytes(model.SerializeToString())
    return path


def refused(path, **options):
    with pytest.raises(OnnxError) as error:
        onnx_file.load(path, **options)
    return str(error.value)


def test_empty_file(tmp_path):
    (tmp_path / "m.onnx").touch()
    assert refused(tmp_path / "m.onnx") == (
        "error: m.onnx is empty (0 bytes)\nhint: obtain the file again"
    )


def test_every_truncation_is_refused(tmp_path):
    whole = onnx_file.to_bytes(examples.model())
    path = tmp_path / "m.onnx"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        refused(path)


def test_damaged_copies_are_models_or_refused(tmp_path):
    path = write(tmp_path / "m.onnx", examples.model())
    assert found(path, 150, "edgebuild.formats.onnx_file:load") == []


def test_larger_than_protobuf_allows(tmp_path):
    path = tmp_path / "m.onnx"
    with path.open("wb") as file:
        file.truncate(2**31)
    assert refused(path) == (
        "error: m.onnx is larger than 2 GiB, the limit of an ONNX file\n"
        "  size  2,147,483,648 bytes\n"
        "hint: store the weights as float16 or 8 bit, or split the model in two manifests"
    )


@pytest.mark.parametrize(
    "entries",
    [
        {"location": "../../secret"},
        {"location": "a/../../b"},
        {"location": "/etc/passwd"},
        {"location": "weights.bin"},
        {"location": "weights.bin", "offset": "-8"},
        {"location": "weights.bin", "length": str(2**60)},
    ],
)
@pytest.mark.parametrize("where", ["initializer", "attribute", "subgraph"])
def test_external_data_of_any_kind(tmp_path, entries, where):
    model = examples.model()
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "outside")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    if where == "initializer":
        model.graph.initializer.append(tensor)
    elif where == "attribute":
        model.graph.node.insert(0, helper.make_node("Constant", [], ["c"], value=tensor))
    else:
        inner = helper.make_graph([], "inner", [], [], [tensor])
        model.graph.node.insert(0, helper.make_node("If", ["x"], ["y"], then_branch=inner))
    (tmp_path / "weights.bin").write_bytes(bytes(16))
    text = refused(write(tmp_path / "m.onnx", model))
    assert text.startswith("error: m.onnx keeps its weights in another file\n")
    assert f"  file    {entries['location']}\n" in text


def test_no_nodes_no_outputs_no_opset(tmp_path):
    model = examples.model()
    del model.graph.output[:]
    assert "m.onnx has no outputs" in refused(write(tmp_path / "m.onnx", model))
    model = examples.model()
    del model.graph.node[:]
    assert "m.onnx has an empty graph: no nodes" in refused(write(tmp_path / "m.onnx", model))
    model = examples.model()
    del model.opset_import[:]
    assert "m.onnx names no opset" in refused(write(tmp_path / "m.onnx", model))


def test_unknown_op_and_domain(tmp_path):
    model = examples.model()
    model.graph.node[1].op_type = "Rleu"
    assert refused(write(tmp_path / "m.onnx", model)) == (
        "error: m.onnx uses an unknown op: Rleu\n"
        "  domain  ai.onnx\n"
        "  node    relu1\n"
        "hint: export it with ops of https://onnx.ai/onnx/operators"
    )
    model.graph.node[1].domain = "com.microsoft"
    model.opset_import.add(domain="com.microsoft", version=1)
    path = write(tmp_path / "m.onnx", model)
    assert "a domain that is not ONNX: com.microsoft" in refused(path)
    onnx_file.load(path, vendor_domains={"com.microsoft"})


def test_functions_of_the_model_are_known_ops(tmp_path):
    model = examples.model()
    twice = helper.make_node("Add", ["a", "a"], ["b"])
    function = helper.make_function(
        "my", "Twice", ["a"], ["b"], [twice], [helper.make_opsetid("", 13)]
    )
    model.functions.append(function)
    model.opset_import.add(domain="my", version=1)
    model.graph.node[1].op_type, model.graph.node[1].domain = "Twice", "my"
    onnx_file.load(write(tmp_path / "m.onnx", model))


def with_functions(calls):
    """A model that calls function 0, each function calling others by their numbers."""
    model = examples.model()
    model.opset_import.add(domain="my", version=1)
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("my", 1)]
    for i, called in enumerate(calls):
        names = ["x", *(f"t{k}" for k in range(1, len(called))), "y"]
        nodes = [
            helper.make_node(
                "Relu" if f is None else f"F{f}", [a], [b], domain="" if f is None else "my"
            )
            for f, a, b in zip(called, names, names[1:], strict=False)
        ]
        model.functions.append(helper.make_function("my", f"F{i}", ["x"], ["y"], nodes, opsets))
    model.graph.node[1].op_type, model.graph.node[1].domain = "F0", "my"
    return model


def test_functions_that_grow_without_end_when_they_are_inlined(tmp_path):
    bomb = [(i + 1, i + 1) for i in range(40)] + [(None,)]
    assert refused(write(tmp_path / "m.onnx", with_functions(bomb))) == (
        "error: m.onnx: its functions come to 1,099,511,627,779 nodes, more than 1,000,000"
    )
    assert refused(write(tmp_path / "m.onnx", with_functions([(1,), (0,)]))) == (
        "error: m.onnx: its functions use each other in a circle, or too deep"
    )
    onnx_file.load(write(tmp_path / "m.onnx", with_functions([(1, 1), (None,)])))


def test_checker_and_shape_inference_are_asked(tmp_path):
    model = examples.model()
    model.graph.node[1].input[0] = "nowhere"
    assert "breaks the rules of ONNX" in refused(write(tmp_path / "m.onnx", model))
    model = examples.model()
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_value = 7
    assert "breaks the rules of ONNX" in refused(write(tmp_path / "m.onnx", model))


def poisoned(part):
    """A model with bytes that are no text in a place where names and texts stand."""
    model = examples.model()
    put = {
        "node": lambda: setattr(model.graph.node[0], "name", "QQQQ"),
        "tensor": lambda: model.graph.initializer.add(name="QQQQ", data_type=1, dims=[1], float_data=[1]),
        "attribute": lambda: model.graph.node[0].attribute.add(name="QQQQ", i=1, type=2),
        "value": lambda: model.graph.value_info.add(name="QQQQ"),
        "note": lambda: model.metadata_props.add(key="QQQQ", value="x"),
        "maker": lambda: setattr(model, "producer_name", "QQQQ"),
    }  # fmt: skip
    put[part]()
    return model.SerializeToString().replace(b"QQQQ", b"\xff\x1b[m")


@pytest.mark.parametrize("part", ["node", "tensor", "attribute", "value", "note", "maker"])
def test_names_and_texts_that_are_no_text(tmp_path, part):
    (tmp_path / "m.onnx").write_bytes(poisoned(part))
    assert refused(tmp_path / "m.onnx") == (
        "error: m.onnx has a name or text that is not UTF-8: `\ufffd?[m`\n"
        "hint: it is damaged: obtain it again, or export the model again"
    )


def test_opsets_that_cannot_be(tmp_path):
    model = examples.model()
    model.opset_import.add(domain="ai.onnx", version=11)
    assert refused(write(tmp_path / "m.onnx", model)) == (
        "error: m.onnx names two versions of the opset `ai.onnx`"
    )
    model = examples.model()
    model.opset_import[0].version = 10**9
    assert refused(write(tmp_path / "m.onnx", model)) == (
        "error: m.onnx is of opset 1000000000, and the newest that is known here is"
        f" {onnx.defs.onnx_opset_version()}\nhint: export it with an older opset"
    )


def test_values_that_do_not_fit_their_shape(tmp_path):
    model = examples.model()
    model.graph.initializer[0].dims[0] = 6
    assert "the values of tensor `w1` do not fit" in refused(write(tmp_path / "m.onnx", model))
    model.graph.initializer[0].dims[0] = -1
    assert "tensor `w1` has a negative dimension" in refused(write(tmp_path / "m.onnx", model))
    model.graph.initializer[0].dims[0] = 2**60
    assert "the values of tensor `w1` do not fit" in refused(write(tmp_path / "m.onnx", model))


def dress(model):
    """The same network with all that says where and how it was made."""
    model.producer_name, model.producer_version, model.domain = "pytorch", "9", "org.x"
    model.model_version, model.doc_string = 7, "made on a Tuesday"
    model.metadata_props.add(key="path", value="/home/me")
    graph = model.graph
    graph.name, graph.doc_string = "main_graph_17", "traced at /home/me/network.py"
    graph.metadata_props.add(key="stack", value="/home/me")
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        part.doc_string = "/home/me"
        part.metadata_props.add(key="stack", value="/home/me")
    for name in ("c2", "c1", "unheard_of"):
        graph.value_info.append(helper.make_tensor_value_info(name, 1, [1, 2, 6, 4]))
    for value in graph.value_info:
        value.doc_string = "/home/me"
    return model


def test_bytes_tell_nothing_of_where_a_model_was_made():
    model = dress(examples.model())
    data = onnx_file.to_bytes(model)
    assert b"/home" not in data
    assert b"pytorch" not in data and b"Tuesday" not in data and b"main_graph" not in data
    assert b"unheard_of" not in data
    plain = examples.model()
    for name in ("c1", "c2"):
        plain.graph.value_info.append(helper.make_tensor_value_info(name, 1, [1, 2, 6, 4]))
    assert data == onnx_file.to_bytes(plain)
    assert b"/home" in model.SerializeToString(), "the model that was given was changed"


def test_order_and_storage_do_not_show():
    plain = onnx_file.to_bytes(examples.model())
    model = examples.model()
    graph = model.graph
    initializers = list(graph.initializer)[::-1]
    del graph.initializer[:]
    for tensor in initializers:
        values = numpy_helper.to_array(tensor)
        graph.initializer.append(
            helper.make_tensor(tensor.name, tensor.data_type, values.shape, values.ravel())
        )
    model.opset_import[0].domain = "ai.onnx"
    model.opset_import.add(domain="ai.onnx.ml", version=3)
    assert onnx_file.to_bytes(model) == plain
    nodes = list(graph.node)
    for order in itertools.permutations(nodes):
        del graph.node[:]
        graph.node.extend(order)
        assert onnx_file.to_bytes(model) == plain


def test_nodes_in_order_stay_where_they_are():
    model = examples.model()
    spare = helper.make_node("Neg", ["image"], ["n"], "neg")
    model.graph.node.insert(2, spare)
    written = onnx.load_from_string(onnx_file.to_bytes(model))
    assert [n.name for n in written.graph.node] == ["conv1", "relu1", "neg", "conv2", "sigmoid"]


def test_subgraphs_are_made_canonical_and_keep_their_captured_values():
    def model(document):
        inner = helper.make_graph(
            [helper.make_node("Relu", ["c"], ["r"], doc_string=document)],
            "then",
            [],
            [helper.make_tensor_value_info("r", 1, [1])],
            doc_string=document,
        )
        choose = helper.make_node("If", ["b"], ["y"], then_branch=inner, else_branch=inner)
        make = helper.make_node("Neg", ["x"], ["c"])
        graph = helper.make_graph(
            [choose, make],  # in the wrong order: `If` reads `c` through its graphs
            "g",
            [helper.make_tensor_value_info("b", 9, []), helper.make_tensor_value_info("x", 1, [1])],
            [helper.make_tensor_value_info("y", 1, [1])],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])

    data = onnx_file.to_bytes(model("said here"))
    assert b"said here" not in data
    assert data == onnx_file.to_bytes(model(""))
    written = onnx.load_from_string(data)
    assert [n.op_type for n in written.graph.node] == ["Neg", "If"]


def test_every_node_has_a_name_of_its_own():
    model = examples.model()
    for node in model.graph.node:
        node.name = ""
    model.graph.node[1].name = model.graph.node[3].name = "same"
    written = onnx.load_from_string(onnx_file.to_bytes(model))
    assert [n.name for n in written.graph.node] == ["Conv_c1", "same", "Conv_c2", "same_2"]


def test_save_and_load_again(tmp_path):
    path = tmp_path / "m.onnx"
    onnx_file.save(examples.model(), path)
    first = path.read_bytes()
    onnx_file.save(onnx_file.load(path), path)
    assert path.read_bytes() == first


def test_stored_example_is_the_model(tmp_path):
    stored = examples.write_model(tmp_path / "m.onnx").read_bytes()
    assert stored == onnx_file.to_bytes(examples.model())

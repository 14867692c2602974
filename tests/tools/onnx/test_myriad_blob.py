"""Real compilations: the driver, the compiler it drives, and the blob it makes of small nets.

Run by the `onnx` environment's Python; EDGEBUILD_TOOLS_MYRIAD is the folder of the `myriad` one.
"""

import concurrent.futures
import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgebuild.errors import EdgebuildError
from edgebuild.formats import blob, contract_file, onnx_header, placement
from edgebuild.myriad import refusals
from edgebuild.myriad.compile import compile_model, nodes_by_tensor
from edgebuild.myriad.complaints import MyriadCompileError
from edgebuild.myriad.contract import MyriadContractError
from edgebuild.myriad.refusals import MyriadModelError
from edgebuild.step import Call, Contract, Tensor
from edgebuild.steps.backends import myriad_blob

TOOLS = os.environ.get("EDGEBUILD_TOOLS_MYRIAD", "")
pytestmark = pytest.mark.skipif(
    not TOOLS, reason="EDGEBUILD_TOOLS_MYRIAD does not name the folder of the myriad environment"
)
BLOBS = Path(__file__).parents[2] / "formats" / "blobs"


# ------------------------------------------------------------------------------ small nets


def constant(name, *shape):
    values = np.arange(int(np.prod(shape))) * 37 % 101 - 50
    return numpy_helper.from_array((values / 100).astype(np.float32).reshape(shape), name)


def model(nodes, inputs, outputs, constants=(), opset=13):
    def values(shapes):
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]

    graph = helper.make_graph(nodes, "main", values(inputs), values(outputs), list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)


def convolution(opset=13):
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["inner"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["inner"], ["mask"], "relu"),
    ]
    weights = [constant("w", 5, 3, 3, 3)]
    return model(nodes, {"image": [1, 3, 16, 20]}, {"mask": [1, 5, 16, 20]}, weights, opset)


def pixel_shuffle():
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["inner"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("DepthToSpace", ["inner"], ["shuffled"], "up", blocksize=2, mode="CRD"),
        helper.make_node("Sigmoid", ["shuffled"], ["mask"], "sigmoid"),
    ]
    weights = [constant("w", 8, 3, 3, 3)]
    return model(nodes, {"image": [1, 3, 16, 20]}, {"mask": [1, 2, 32, 40]}, weights)


def gaze():
    """An image and two angles, as gaze correction has; the angles' name sorts first."""
    nodes = [
        helper.make_node("Conv", ["eyes", "w"], ["features"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Gemm", ["angle", "v"], ["turn"], "gemm"),
        helper.make_node("Reshape", ["turn", "shape"], ["turned"], "reshape"),
        helper.make_node("Add", ["features", "turned"], ["corrected"], "add"),
        helper.make_node("GlobalAveragePool", ["corrected"], ["pooled"], "pool"),
        helper.make_node("Flatten", ["pooled"], ["score"], "flatten"),
    ]
    shape = numpy_helper.from_array(np.array([1, 2, 1, 1], np.int64), "shape")
    return model(
        nodes,
        {"eyes": [1, 2, 12, 16], "angle": [1, 2]},
        {"corrected": [1, 2, 12, 16], "score": [1, 2]},
        [constant("w", 2, 2, 3, 3), constant("v", 2, 2), shape],
    )


def single(op, inputs=("x",), outputs=("y",), constants=(), opset=13, shape=(1, 4, 8, 8), **kw):
    """A model of one node, which need not be valid."""
    node = helper.make_node(
        op, [*inputs, *(c.name for c in constants)], list(outputs), "node", **kw
    )
    return model([node], dict.fromkeys(inputs, shape), {outputs[0]: shape}, constants, opset)


def path_of(net, folder, name="model.onnx"):
    onnx.save(net, folder / name)
    return folder / name


def compiled(net, folder, precision="FP16", shaves=2):
    path = path_of(net, folder)
    names = [value.name for value in onnx_header.read_file(path).inputs]
    return compile_model(
        path,
        tools=Path(TOOLS),
        folder=folder,
        inputs=dict.fromkeys(names, precision),
        shaves=shaves,
        slices=shaves,
        timeout_s=120,
    )


def step(net, folder, colors=None, **params):
    """Run the backend as a build does; the paths of its outputs."""
    path = path_of(net, folder)
    header = onnx_header.read_file(path)
    colors = colors or {}
    contract = Contract(
        inputs={
            v.name: Tensor(shape=v.shape, layout="NCHW", color=colors.get(v.name, "none"))
            for v in header.inputs
        },
        outputs={v.name: Tensor(shape=v.shape) for v in header.outputs},
    )
    (folder / "out").mkdir()
    (folder / "work").mkdir()
    outputs = {port: folder / "out" / name for port, name in myriad_blob.KIND.produces.items()}
    myriad_blob.KIND.run(
        Call(
            params=myriad_blob.Params(**params),
            facts={"contract": contract.to_json()},
            inputs={"model": path},
            outputs=outputs,
            folder=folder / "work",
            tools=Path(TOOLS),
        )
    )
    assert not list((folder / "work").iterdir()), "temporary files are left behind"
    return outputs


# --------------------------------------------------------------------------------- blobs


@pytest.mark.parametrize(
    ("net", "precision", "shaves"),
    [
        (convolution, "U8", 1),
        (convolution, "FP16", 2),
        (pixel_shuffle, "U8", 5),
        (gaze, "FP16", 5),
    ],
)
def test_gives_the_bytes_it_gave_on_every_machine_before(tmp_path, net, precision, shaves):
    made = compiled(net(), tmp_path, precision, shaves).blob
    golden = BLOBS / f"{net.__name__}_{precision}_{shaves}.blob"
    if os.environ.get("EDGEBUILD_WRITE_GOLDEN"):
        golden.write_bytes(made)
    assert made == golden.read_bytes()


@pytest.mark.parametrize("shaves", [1, 2, 5])
def test_the_blob_uses_as_many_shaves_as_asked(tmp_path, shaves):
    outputs = step(pixel_shuffle(), tmp_path, {"image": "RGB"}, shaves=shaves)
    found = blob.read(outputs["blob"].read_bytes())
    assert (found.shaves, found.slices) == (shaves, shaves)
    assert max(stage.shaves for stage in found.stages) == shaves


def test_u8_makes_bytes_of_the_image_and_leaves_the_angles_float16(tmp_path):
    outputs = step(gaze(), tmp_path, {"eyes": "GRAY"}, shaves=2, input_precision="U8")
    contract = contract_file.load(outputs["contract"])
    assert {n: (t.dtype, t.shape) for n, t in contract.inputs.items()} == {
        "eyes": ("uint8", (1, 2, 12, 16)),
        "angle": ("float16", (1, 2)),
    }
    assert list(contract.inputs) == ["eyes", "angle"], "in the model's order, not the blob's"
    assert {n: (t.dtype, t.shape) for n, t in contract.outputs.items()} == {
        "corrected": ("float16", (1, 2, 12, 16)),
        "score": ("float16", (1, 2)),
    }
    assert contract.inputs["eyes"].color == "GRAY"
    by_name = {t.name: t.precision for t in blob.read(outputs["blob"].read_bytes()).inputs}
    assert by_name == {"eyes": "U8", "angle": "FP16"}


def test_a_batch_stays_in_the_shape(tmp_path):
    net = single("Relu", shape=(2, 4, 8, 8))
    found = blob.read(compiled(net, tmp_path).blob)
    assert (found.batch, found.inputs[0].shape) == (1, (2, 4, 8, 8))


def test_placement_names_each_stage_engine_and_node(tmp_path):
    outputs = step(pixel_shuffle(), tmp_path, {"image": "RGB"}, shaves=5, input_precision="U8")
    rows = [(s.op, s.engine, s.layer) for s in placement.load(outputs["placement"])]
    assert rows == [
        ("Convert", "SHAVE", ""),
        ("Copy", "DMA", "conv"),
        ("CONV", "NCE", "conv"),
        ("Sigmoid", "SHAVE", "sigmoid"),
        ("Permute", "SHAVE", "up"),
    ]
    stages = blob.read(outputs["blob"].read_bytes()).stages
    assert [s.engine for s in stages] == [engine for _, engine, _ in rows]


def test_a_convolution_the_nce_does_not_take_is_marked_as_fallen_back(tmp_path):
    net = model(
        [helper.make_node("Conv", ["x", "w"], ["y"], "dilated", pads=[2] * 4, dilations=[2, 2])],
        {"x": [1, 8, 16, 16]},
        {"y": [1, 8, 16, 16]},
        [constant("w", 8, 8, 3, 3)],
    )
    rows = placement.load(step(net, tmp_path, shaves=2)["placement"])
    assert [(s.layer, s.engine, s.fallback) for s in rows] == [("dilated", "SHAVE", True)]


def test_the_kinds_own_example_runs_twice_with_equal_bytes(tmp_path):
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        call = myriad_blob.example(tmp_path / name)
        myriad_blob.run(dataclasses.replace(call, tools=Path(TOOLS)))
        made.append({port: path.read_bytes() for port, path in call.outputs.items()})
    assert made[0] == made[1]


# ------------------------------------------------------------------------ determinism, speed


def test_two_at_once_and_one_alone_give_equal_bytes(tmp_path):
    def one(name):
        (tmp_path / name).mkdir()
        return step(pixel_shuffle(), tmp_path / name, {"image": "RGB"}, shaves=5)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [*pool.map(one, "abcd"), one("a much longer folder name")]
    for port in ("blob", "contract", "placement"):
        assert len({outputs[port].read_bytes() for outputs in runs}) == 1, port


def test_another_process_with_another_hash_seed_gives_equal_bytes(tmp_path):
    here = compiled(convolution(), tmp_path).blob
    script = (
        "import sys; from pathlib import Path; from edgebuild.myriad.compile import compile_model;"
        "p = Path(sys.argv[1]); sys.stdout.buffer.write(compile_model(p, tools=Path(sys.argv[2]),"
        " folder=p.parent, inputs={'image': 'FP16'}, shaves=2, slices=2, timeout_s=60).blob)"
    )
    there = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "model.onnx"), TOOLS],
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)},
    ).stdout
    assert there == here


def test_no_compilation_waits_for_a_device(tmp_path):
    """The compiler waits 5 s for one, each time, unless it is kept from it: here 20 s."""
    started = time.monotonic()
    for name in "abcd":
        (tmp_path / name).mkdir()
        compiled(convolution(), tmp_path / name)
    assert time.monotonic() - started < 10


def test_no_lock_of_the_whole_machine_is_taken(tmp_path):
    """Held by someone else, the lock file of all users of such devices would block for ever."""
    import fcntl

    path = Path("/tmp/mvnc.mutex")
    existed = path.exists()
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert compiled(convolution(), tmp_path).blob
    if not existed:
        path.unlink()


def test_the_internal_graph_does_not_change_the_blob(tmp_path, monkeypatch):
    from edgebuild.myriad import compile as module

    with_graph = compiled(convolution(), tmp_path).blob
    original = module._request

    def without(work, *args, **kw):
        request = original(work, *args, **kw)
        del request["config"]["MYRIAD_DUMP_INTERNAL_GRAPH_FILE_NAME"]
        (work / "graph.dot").write_text("")
        return request

    monkeypatch.setattr(module, "_request", without)
    assert compiled(convolution(), tmp_path).blob == with_graph


# -------------------------------------------------------------------------------- refusals


def test_a_newer_opset_is_refused_before_the_compiler_is_started(tmp_path, monkeypatch):
    def never(*args, **kw):
        raise AssertionError("the compiler was started")

    monkeypatch.setattr(subprocess, "run", never)
    with pytest.raises(MyriadModelError) as caught:
        step(convolution(opset=17), tmp_path)
    assert str(caught.value) == (
        "error: opset 17 is newer than the Myriad X compiler reads\n"
        "  newest  opset 13\n"
        "  above   it only warns, and computes something else (ReduceMean, for one)\n"
        "hint: put the pass `legalize` into the recipe: it rewrites a model exactly, in opset 13"
        " and in ops this compiler reads"
    )


def test_hard_swish_is_refused_by_name_before_the_compiler_is_started(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("the compiler was started"))
    with pytest.raises(MyriadModelError) as caught:
        step(single("HardSwish"), tmp_path)
    assert "HardSwish `node`  its reader does not know this op" in str(caught.value)


def test_the_compilers_own_reason_and_layer_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(refusals, "check", lambda header: None)
    with pytest.raises(MyriadCompileError) as caught:
        compiled(single("HardSwish"), tmp_path)
    assert str(caught.value) == (
        "error: the Myriad X compiler refused the model: its reader does not know HardSwish\n"
        "  op  HardSwish\n"
        "hint: put the pass `legalize` into the recipe: it rewrites what this compiler does not"
        " read"
    )
    with pytest.raises(MyriadCompileError) as caught:
        compiled(single("Abs"), tmp_path)
    assert str(caught.value) == (
        "error: the Myriad X compiler refused the model: the chip has no stage for Abs\n"
        "  layer  y\n"
        "  op     Abs\n"
        "  node   node\n"
        "hint: put the pass `legalize` into the recipe: it rewrites what this compiler does not"
        " read"
    )


def live_models():
    """One model an op that is refused because the chip has no stage for it."""
    indices = numpy_helper.from_array(np.zeros((1, 2), np.int64), "i")
    axis = numpy_helper.from_array(np.array(1, np.int64), "i")
    quantised = [
        numpy_helper.from_array(np.float32(0.1), "s"),
        numpy_helper.from_array(np.uint8(128), "z"),
    ]
    recurrent = {"shape": (4, 1, 8), "hidden_size": 8}
    special = {
        "CumSum": lambda: single("CumSum", constants=[axis]),
        "GRU": lambda: single(
            "GRU", constants=[constant("w", 1, 24, 8), constant("r", 1, 24, 8)], **recurrent
        ),
        "RNN": lambda: single(
            "RNN", constants=[constant("w", 1, 8, 8), constant("r", 1, 8, 8)], **recurrent
        ),
        "Mod": lambda: single("Mod", constants=[constant("m", 1, 4, 8, 8)], fmod=1),
        "ScatterND": lambda: single("ScatterND", constants=[indices, constant("u", 1, 8, 8)]),
    }
    for op in ("QuantizeLinear", "DequantizeLinear"):
        special[op] = lambda: model(
            [
                helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], "node"),
                helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
            ],
            {"x": [1, 4, 8, 8]},
            {"y": [1, 4, 8, 8]},
            quantised,
        )
    for op in ("Or", "Xor"):
        special[op] = lambda op=op: model(
            [
                helper.make_node("Greater", ["x", "c"], ["a"]),
                helper.make_node("Less", ["x", "d"], ["b"]),
                helper.make_node(op, ["a", "b"], ["e"], "node"),
                helper.make_node("Where", ["e", "x", "c"], ["y"]),
            ],
            {"x": [1, 4, 8, 8]},
            {"y": [1, 4, 8, 8]},
            [constant("c", 1, 4, 8, 8), constant("d", 1, 1, 1, 1)],
        )
    for op in sorted(refusals.NO_STAGE):
        yield pytest.param(special.get(op, lambda op=op: single(op)), id=op)


@pytest.mark.parametrize("net", list(live_models()))
def test_what_is_refused_for_lack_of_a_stage_the_compiler_refuses_too(tmp_path, net, monkeypatch):
    path = path_of(net(), tmp_path)
    with pytest.raises(MyriadModelError):
        refusals.check(onnx_header.read_file(path))
    monkeypatch.setattr(refusals, "check", lambda header: None)
    with pytest.raises(MyriadCompileError):
        compiled(net(), tmp_path)


def test_a_silent_miscompilation_is_found_by_the_shapes(tmp_path, monkeypatch):
    """ReduceMean of opset 18 takes its axes as an input, which the compiler ignores."""
    axes = numpy_helper.from_array(np.array([2, 3], np.int64), "axes")
    net = model(
        [helper.make_node("ReduceMean", ["x", "axes"], ["y"], "mean")],
        {"x": [1, 4, 8, 8]},
        {"y": [1, 4, 1, 1]},
        [axes],
        opset=18,
    )
    monkeypatch.setattr(refusals, "check", lambda header: None)
    with pytest.raises(MyriadContractError) as caught:
        step(net, tmp_path)
    assert "output `y` is 1x1x1x1, in the model 1x4x1x1" in str(caught.value)
    assert not list((tmp_path / "out").iterdir()), "something was made of it"


def test_an_output_under_another_name_is_an_error(tmp_path):
    net = model(
        [helper.make_node("Split", ["x"], ["a", "b"], "split", axis=1)],
        {"x": [1, 4, 8, 8]},
        {"a": [1, 2, 8, 8], "b": [1, 2, 8, 8]},
    )
    with pytest.raises(MyriadContractError) as caught:
        step(net, tmp_path)
    text = str(caught.value)
    assert "output `a` is not in the blob" in text
    assert "the blob has an output `b.0` that the model has not" in text


def test_an_input_under_another_name_or_without_use_is_an_error(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    dropout = model(
        [helper.make_node("Dropout", ["x"], ["d"]), helper.make_node("Relu", ["d"], ["y"])],
        {"x": [1, 4]},
        {"y": [1, 4]},
    )
    with pytest.raises(
        MyriadCompileError, match="calls input `x` `d`: an op behind it does nothing"
    ):
        step(dropout, tmp_path / "a")
    unused = model(
        [helper.make_node("Relu", ["x"], ["y"])], {"x": [1, 4], "u": [1, 4]}, {"y": [1, 4]}
    )
    with pytest.raises(MyriadCompileError, match="nothing in the model depends on its input `u`"):
        step(unused, tmp_path / "b")


def test_an_image_that_is_also_an_output_cannot_be_bytes(tmp_path):
    """The compiler gives both one element type, and the output's wins without a word."""
    net = model(
        [helper.make_node("Relu", ["x"], ["y"])],
        {"x": [1, 3, 8, 8]},
        {"y": [1, 3, 8, 8], "x": [1, 3, 8, 8]},
    )
    with pytest.raises(MyriadContractError, match="input `x` takes float16, not uint8"):
        step(net, tmp_path, {"x": "RGB"}, input_precision="U8")


def test_what_is_constant_is_computed_beforehand_and_not_refused(tmp_path):
    net = model(
        [
            helper.make_node("Sin", ["c"], ["s"]),
            helper.make_node("Shape", ["x"], ["n"]),
            helper.make_node("Abs", ["n"], ["m"]),
            helper.make_node("Add", ["x", "s"], ["t"]),
            helper.make_node("Reshape", ["t", "m"], ["y"]),
        ],
        {"x": [1, 4, 8, 8]},
        {"y": [1, 4, 8, 8]},
        [constant("c", 1, 4, 1, 1)],
    )
    assert blob.read(compiled(net, tmp_path).blob).outputs[0].shape == (1, 4, 8, 8)


def test_names_of_any_kind_survive(tmp_path):
    strange = 'a"b\\l]\n/ключ:0'
    net = model(
        [
            helper.make_node("Conv", ["image", "w"], [strange], "conv", pads=[1] * 4),
            helper.make_node("Sigmoid", [strange], ["ключ"], "sigmoid"),
        ],
        {"image": [1, 3, 8, 8]},
        {"ключ": [1, 5, 8, 8]},
        [constant("w", 5, 3, 3, 3)],
    )
    outputs = step(net, tmp_path)
    assert list(contract_file.load(outputs["contract"]).outputs) == ["ключ"]
    assert [s.engine for s in placement.load(outputs["placement"])] == ["DMA", "NCE", "SHAVE"]


# ------------------------------------------------------------------------ the reader of ONNX


@pytest.mark.parametrize("net", [convolution, pixel_shuffle, gaze])
def test_the_header_says_what_the_onnx_package_says(net, tmp_path):
    made = net()
    header = onnx_header.read(made.SerializeToString())
    assert header.opset == made.opset_import[0].version
    for side in ("input", "output"):
        assert {v.name: v.shape for v in getattr(header, f"{side}s")} == {
            v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim)
            for v in getattr(made.graph, side)
        }
    assert [(n.op, n.name, n.inputs, n.outputs) for n in header.nodes] == [
        (n.op_type, n.name, tuple(n.input), tuple(n.output)) for n in made.graph.node
    ]
    for found, node in zip(header.nodes, made.graph.node, strict=True):
        expected = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        plain = {k: v.decode() if isinstance(v, bytes) else v for k, v in expected.items()}
        assert found.attributes == {
            k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()
        }
    assert nodes_by_tensor(header)[made.graph.output[0].name] in {n.name for n in made.graph.node}


def test_every_error_is_one_a_user_can_mend():
    for error in (MyriadCompileError, MyriadContractError, MyriadModelError):
        assert issubclass(error, EdgebuildError)

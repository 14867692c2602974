"""The compiler's drawing of its graph, read, and held against the blob."""

import dataclasses
from pathlib import Path

import pytest

from edgebuild.formats import blob
from edgebuild.formats.blob import BlobStage
from edgebuild.myriad import stages
from edgebuild.myriad.stages import MyriadGraphError

BLOB = blob.read((Path(__file__).parents[1] / "formats/blobs/pixel_shuffle_U8_5.blob").read_bytes())
NODES = {"inner": "conv", "shuffled": "up", "mask": "sigmoid"}


def stage(address, place, name, kind, layer="", shaves=0, extra=""):
    origin = f"origLayer = [\\l    name = {layer}\\l    type = X\\l]\\l" if layer else ""
    return f"""    stage_{address} [
        shape=ellipse
        style=filled
        fillcolor=gold
        label="[{place} / 9] Stage {name}\\ltype = {kind}\\l{origin}numSHAVEs = {shaves}\\l{extra}"
    ];
"""


def flow(maker, data, taker):
    return f"""    stage_{maker} -> data_{data} [
        label="StageOutput\\lportInd = 0\\l"
    ];
    data_{data} -> stage_{taker} [
        label="StageInput\\lportInd = 0\\l"
    ];
"""


HARDWARE = "extraAttrs = [\\l    hwOpType = CONV\\l    pad = [\\l        enable = 1\\l    ]\\l]\\l"
GRAPH = "".join(
    [
        "digraph ie_vpu_model_view {\n",
        '    label="Graph main\\lbatchSize = 1\\l"\n',
        stage("0x1", 0, "image@FP16", "Convert", shaves=5),
        stage("0x2", 1, "inner@copy-for-0x7ffdce4c6278", "Copy", "inner"),
        stage("0x3", -1, "inner@expand", "Expand", "inner"),
        stage("0x4", 2, "inner", "MyriadXHwOp", "inner", extra=HARDWARE),
        stage("0x5", 3, "mask", "Sigmoid", "mask", shaves=2),
        stage("0x6", -1, "Reshape_724", "Reshape", "Reshape_724"),
        stage("0x7", 4, "Transpose_728", "Permute", "Transpose_728", shaves=5),
        stage("0x8", -1, "shuffled", "Reshape", "shuffled"),
        flow("0x6", "0xa", "0x7"),
        flow("0x7", "0xb", "0x8"),
        "}\n",
    ]
)


def test_each_stage_gets_its_engine_and_the_node_it_came_from():
    rows = [(s.name, s.op, s.engine, s.layer) for s in stages.placed(BLOB, GRAPH, NODES)]
    assert rows == [
        ("image@FP16", "Convert", "SHAVE", ""),
        ("inner@copy-for-*", "Copy", "DMA", "conv"),
        ("inner", "CONV", "NCE", "conv"),
        ("mask", "Sigmoid", "SHAVE", "sigmoid"),
        ("Transpose_728", "Permute", "SHAVE", "up"),
    ]


def test_a_layer_that_leads_to_several_belongs_to_none():
    graph = GRAPH.replace("}\n", flow("0x7", "0xb", "0x5") + "}\n")
    assert stages.placed(BLOB, graph, NODES)[4].layer == ""


def test_layers_in_a_circle_belong_to_none():
    graph = GRAPH.replace(flow("0x7", "0xb", "0x8"), flow("0x7", "0xb", "0x6"))
    assert stages.placed(BLOB, graph, NODES)[4].layer == ""


def test_a_stage_carried_by_another_is_not_one_of_the_blobs():
    carried = stage("0x9", 2, "carried", "Relu", "inner", shaves=1)
    graph = GRAPH.replace(stage("0x5", 3, "mask", "Sigmoid", "mask", shaves=2), "")
    graph = graph.replace("}\n", carried + "}\n").replace(
        carried, carried + stage("0x5", 3, "mask", "Sigmoid", "mask", shaves=2)
    )
    assert [s.name for s in stages.placed(BLOB, graph, NODES)][2] == "inner"


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (
            GRAPH.replace("type = Sigmoid", "type = Tanh"),
            "the compiler's graph has 5 stages and its blob 5; they differ from stage 3 on",
        ),
        (
            GRAPH.replace("numSHAVEs = 2", "numSHAVEs = 1"),
            "the compiler's graph has 5 stages and its blob 5; they differ from stage 3 on",
        ),
        ("", "the compiler's graph has 0 stages and its blob 5; they differ from stage 0 on"),
    ],
)
def test_a_graph_of_another_blob_is_an_error(graph, message):
    with pytest.raises(MyriadGraphError) as caught:
        stages.placed(BLOB, graph, NODES)
    assert caught.value.message == message


def test_a_convolution_for_the_shaves_is_a_fallback_and_says_why():
    soft = BlobStage(index=0, type="Conv", engine="SHAVE", shaves=5, size_bytes=64)
    relu = BlobStage(index=1, type="Relu", engine="SHAVE", shaves=5, size_bytes=64)
    found = dataclasses.replace(BLOB, stages=(soft, relu))
    graph = stage("0x1", 0, "a", "Conv", "inner", shaves=5) + stage("0x2", 1, "b", "Relu", shaves=5)
    rows = stages.placed(found, graph, NODES)
    assert [(s.layer, s.engine, s.fallback, s.reason) for s in rows] == [
        ("conv", "SHAVE", True, "a convolution of a form the NCE does not take"),
        ("", "SHAVE", False, ""),
    ]

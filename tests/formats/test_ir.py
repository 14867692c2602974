from pathlib import Path

import pytest

from edgebuild.formats import ir, ir_canonical
from edgebuild.formats.ir import IrError
from edgebuild.step import Contract, Tensor

XML = """<?xml version="1.0"?>
<net name="net_of_tuesday" version="11">
	<layers>
		<layer id="0" name="x" type="Parameter" version="opset1">
			<data shape="1,4" element_type="f32" />
			<output><port id="0" precision="FP32" names="x"><dim>1</dim><dim>4</dim></port></output>
		</layer>
		<layer id="1" name="Constant_17" type="Const" version="opset1">
			<data element_type="f32" shape="1, 4" offset="0" size="16" />
			<output><port id="0" precision="FP32" names="w,auto_9"><dim>1</dim><dim>4</dim></port></output>
		</layer>
		<layer id="2" name="add" type="Add" version="opset1">
			<input>
				<port id="0" precision="FP32"><dim>1</dim><dim>4</dim></port>
				<port id="1" precision="FP32"><dim>1</dim><dim>4</dim></port>
			</input>
			<output>
				<port id="2" precision="FP32" names="s\\,um,y"><dim>1</dim><dim>4</dim></port>
			</output>
		</layer>
		<layer id="3" name="y/sink_port_0" type="Result" version="opset1">
			<input><port id="0" precision="FP32"><dim>1</dim><dim>4</dim></port></input>
		</layer>
	</layers>
	<edges>
		<edge from-layer="0" from-port="0" to-layer="2" to-port="0" />
		<edge from-layer="1" from-port="0" to-layer="2" to-port="1" />
		<edge from-layer="2" from-port="2" to-layer="3" to-port="0" />
	</edges>
	<rt_info>
		<attribute name="source" value="/home/me/model.onnx" />
	</rt_info>
</net>
"""


def load(folder: Path, xml=XML, weights=bytes(16)):
    (folder / "m.xml").write_text(xml)
    (folder / "m.bin").write_bytes(weights)
    return ir.load(folder / "m.xml", folder / "m.bin")


def refused(folder, **files):
    with pytest.raises(IrError) as error:
        load(folder, **files)
    return str(error.value)


def test_inputs_outputs_and_layers(tmp_path):
    found = load(tmp_path)
    assert [(x.name, x.type) for x in found.layers] == [
        ("x", "Parameter"),
        ("Constant_17", "Const"),
        ("add", "Add"),
        ("y/sink_port_0", "Result"),
    ]
    assert found.inputs[0].names == ("x",)
    assert found.outputs[0].names == ("s,um", "y")
    tensor = Tensor(shape=(1, 4))
    expected = Contract(inputs={"x": tensor}, outputs={"y": tensor})
    assert ir.contract(found, expected) == expected
    other = Contract(inputs={}, outputs={})
    assert list(ir.contract(found, other).outputs) == ["s,um"]


@pytest.mark.parametrize("size", [0, 1, 15])
def test_a_short_bin(tmp_path, size):
    assert refused(tmp_path, weights=bytes(size)) == (
        f"error: m.bin is too short: constant `Constant_17` ends at byte 16 of {size}\n"
        "hint: the .bin is cut short or of another model"
    )


def test_trailing_bytes(tmp_path):
    assert refused(tmp_path, weights=bytes(20)) == (
        "error: m.bin has 4 bytes that no constant of m.xml uses\n"
        "hint: the .bin is of another model, or something was added to it"
    )


def test_a_doubled_id(tmp_path):
    assert refused(tmp_path, xml=XML.replace('id="3" name', 'id="2" name')) == (
        "error: m.xml has two layers with id 2\nhint: it was edited or damaged"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<dim>4</dim>", "<dim>1000000000000</dim>", "a dimension of 1,000,000,000,000"),
        ("<dim>4</dim>", "<dim>-4</dim>", "a dimension that is not static: '-4'"),
        ("<dim>4</dim>", "<dim>-1</dim>", "a dimension that is not static: '-1'"),
        ("<dim>4</dim>", "<dim>" + "9" * 99 + "</dim>", "a dimension that is not static"),
        (
            "<dim>1</dim><dim>4</dim>",
            "<dim>2000000000</dim><dim>2000000000</dim>",
            "`x` is too large",
        ),
        ('shape="1, 4" offset', 'shape="1, 5" offset', "has 16 bytes, its shape needs 20"),
        ('shape="1, 4" offset', 'shape="1, 1000000000000" offset', "which no tensor has"),
        ('size="16"', 'size="-16"', "has `size` '-16'"),
        ('offset="0"', 'offset="four"', "has `offset` 'four'"),
        ('offset="0"', 'offset="8"', "m.bin is too short"),
        ('from-layer="1"', 'from-layer="9"', "an edge from layer 9 port 0: there is none"),
        ('to-port="1"', 'to-port="7"', "an edge to layer 2 port 7: there is none"),
        ('name="add" ', "", "a layer has no name"),
        ('precision="FP32" names="x"', 'precision="FP64" names="x"', "a type that no target takes"),
        ("</net>", "", "m.xml is not XML, or is cut short"),
        ("<net ", '<!DOCTYPE net [<!ENTITY a "b">]>\n<net ', "has declarations that no IR has"),
        ('"1.0"?', '"1.0" encoding="klingon"?', "unknown encoding: klingon"),
        ('"1.0"?', '"1.0" encoding="utf-7"?', "multi-byte encodings are not supported"),
        (
            "</net>",
            '<x><layer><data offset="0" size="99"/></layer></x></net>',
            "m.bin is too short: constant `` ends at byte 99 of 16",
        ),
        (
            "<dim>4</dim>",
            "<dim>2000000000</dim>" * 50_000,
            "50,001 dimensions, which no tensor has",
        ),
        (
            'shape="1, 4" offset',
            f'shape="{"2000000000," * 50_000}" offset',
            "50,000 dimensions, which no tensor has",
        ),
        ("edges>", "edge>", "m.xml is not an OpenVINO IR"),
        (
            '<edge from-layer="2" from-port="2" to-layer="3" to-port="0" />',
            "",
            "output `y/sink_port_0` is fed by no layer",
        ),
    ],
)
def test_what_is_no_sound_ir(tmp_path, old, new, said):
    assert old in XML
    assert said in refused(tmp_path, xml=XML.replace(old, new))


def test_constants_may_share_bytes_but_not_overlap(tmp_path):
    constant = XML[XML.index('\t\t<layer id="1"') : XML.index('\t\t<layer id="2"')]
    second = constant.replace('id="1" name="Constant_17"', 'id="8" name="again"')
    twice = XML.replace(constant, constant + second)
    assert len(load(tmp_path, xml=twice).layers) == 5
    shifted = XML.replace(constant, constant + second.replace('offset="0"', 'offset="8"'))
    assert "constants that overlap at byte 8" in refused(tmp_path, xml=shifted, weights=bytes(24))
    apart = XML.replace(constant, constant + second.replace('offset="0"', 'offset="16"'))
    load(tmp_path, xml=apart, weights=bytes(32))


def test_every_truncation_of_the_xml_is_refused(tmp_path):
    whole = len(XML.rstrip())
    for size in range(0, whole, 9):
        refused(tmp_path, xml=XML[:size])


def test_an_input_that_gives_nothing(tmp_path):
    xml = XML.replace('name="add" type="Add"', 'name="add" type="Parameter"').replace(
        "output>", "x>"
    )
    assert refused(tmp_path, xml=xml) == "error: m.xml: input `x` gives nothing"


def test_canonical_form_forgets_how_it_was_made(tmp_path):
    known = {"x", "w", "add", "y"}
    first = ir_canonical.canonical(XML.encode(), known)
    other = XML.replace("Constant_17", "Constant_4000").replace("auto_9", "auto_10")
    other = other.replace("net_of_tuesday", "n").replace("/home/me", "/elsewhere")
    assert ir_canonical.canonical(other.encode(), known) == first
    text = first.decode()
    assert "home" not in text and "tuesday" not in text and "auto" not in text
    assert [x.name for x in load(tmp_path, xml=text).layers] == [
        "x",
        "Const.1",
        "add",
        "y/sink_port_0",
    ]
    assert ir_canonical.canonical(first, known) == first


def test_names_openvino_adds_to_are_known():
    assert ir_canonical.stem("conv1/WithoutBiases") == "conv1"
    assert ir_canonical.stem("w_compressed") == "w"
    assert ir_canonical.stem("y/sink_port_0") == "y"

"""Bad files are named for what is wrong with them, and no bytes whatever get anything but an answer."""

import io
import json
import struct
import warnings
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edgebuild.formats import tflite
from edgebuild.formats.flaws import of_files, traces
from edgebuild.formats.protobuf import field as proto
from edgebuild.steps import converted, examples

FORMATS = Path(__file__).parents[1]
BLOB = (FORMATS / "blobs/convolution_U8_1.blob").read_bytes()
DLC = (FORMATS / "dlcs/tiny_int8.dlc").read_bytes()
XML = b"""<?xml version="1.0"?>
<net name="main" version="11"><layers>
<layer id="0" name="x" type="Parameter" version="opset1"><data shape="1,4" element_type="f32"/>
<output><port id="0" precision="FP32" names="x"><dim>1</dim><dim>4</dim></port></output></layer>
<layer id="1" name="w" type="Const" version="opset1"><data element_type="f32" shape="1, 4" offset="0" size="16"/>
<output><port id="0" precision="FP32"><dim>1</dim><dim>4</dim></port></output></layer>
<layer id="2" name="y" type="Add" version="opset1">
<input><port id="0"><dim>1</dim><dim>4</dim></port><port id="1"><dim>1</dim><dim>4</dim></port></input>
<output><port id="2" precision="FP32" names="y"><dim>1</dim><dim>4</dim></port></output></layer>
<layer id="3" name="r" type="Result" version="opset1"><input><port id="0"><dim>1</dim><dim>4</dim></port></input></layer>
</layers><edges>
<edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
<edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
<edge from-layer="2" from-port="2" to-layer="3" to-port="0"/>
</edges></net>
"""


@pytest.fixture(scope="module")
def onnx(tmp_path_factory):
    return examples.write_model(tmp_path_factory.mktemp("onnx") / "m.onnx").read_bytes()


def safetensors(header, size=16):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(size)


TENSORS = {
    "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
    "b": {"dtype": "F16", "shape": [2, 2], "data_offsets": [8, 16]},
    "__metadata__": {"format": "pt"},
}


def zipped(*members, comment=b"", method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two members of one name
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
        archive.comment = comment
    return file.getvalue()


def told(folder, suffix, data, **others):
    """`kind: text` of every flaw of a file, with other files beside it."""
    files = {suffix: data, **others}
    paths = {}
    for name, content in files.items():
        paths[name] = folder / f"model.{name}"
        paths[name].write_bytes(content)
    return [f"{flaw.kind}: {flaw.text}" for _, flaw in of_files(paths)]


# ------------------------------------------------------------------------------ sound files


def test_sound_files_have_no_flaws(tmp_path, onnx):
    assert told(tmp_path, "onnx", onnx) == []
    assert told(tmp_path, "blob", BLOB) == []
    assert told(tmp_path, "dlc", DLC) == []
    assert told(tmp_path, "xml", XML, bin=bytes(16)) == []
    assert told(tmp_path, "safetensors", safetensors(TENSORS)) == []
    assert told(tmp_path, "npz", zipped(("a.npy", b"\x93NUMPY"), ("b.npy", b"x"))) == []
    assert told(tmp_path, "param", b"7767517\n") == []


# ------------------------------------------------------------------------------------ onnx


def graph_with(*more, tensor=b""):
    """An ONNX model of one node, with fields of ours at the end of its graph."""
    node = proto(1, "x") + proto(2, "y") + proto(4, "Relu")
    graph = (
        proto(1, node) + proto(5, tensor or named("w")) + proto(12, proto(1, "y")) + b"".join(more)
    )
    return proto(1, 8) + proto(7, graph) + proto(8, proto(2, 13))


def named(name, *more):
    return proto(8, name) + b"".join(more)


ONNX = [
    (b"", ["damaged: a model has one graph, this file has 0"]),
    (graph_with()[:-3], ["damaged: a number runs out of the message, at byte 0x1d of its message"]),
    (graph_with() + proto(99, b"payload"), ["hidden: field 99 of a Model, 7 bytes, which ONNX does not have"]),
    (graph_with(proto(77, 5)), ["hidden: field 77 of a Graph, a number, which ONNX does not have"]),
    (graph_with() + proto(7, b""), ["damaged: a model has one graph, this file has 2",
                                    "hidden: field 7 of a Model is there twice"]),
    (graph_with() + proto(2, 3), ["hidden: field 2 of a Model is of another type than ONNX's"]),
    (proto(7, proto(2, "empty")), ["damaged: its graph has no nodes", "damaged: its graph has no outputs"]),
    (graph_with(proto(5, named("w"))), ["hidden: two values are called `w`"]),
    (graph_with(proto(1, proto(2, "y") + proto(4, "Abs"))), ["hidden: two values are called `y`"]),
    (graph_with(proto(1, proto(4, "Mine") + proto(7, "org.evil"))),
     ["outside: op `Mine` is of the domain `org.evil`, which is not ONNX's"]),
    (graph_with(tensor=named("w", proto(13, proto(1, "location") + proto(2, "../../etc/passwd")))),
     ["outside: tensor `w` is in another file: ../../etc/passwd"]),
    (graph_with(tensor=named("w", proto(14, 1))), ["outside: tensor `w` is in another file: ?"]),
    (graph_with(tensor=named("w", proto(1, 3), proto(2, 1), proto(9, bytes(8)))),
     ["damaged: tensor `w` has 8 bytes, its shape needs 12"]),
    (graph_with(tensor=named("w", proto(1, 2**40), proto(1, 2), proto(2, 1))),
     ["damaged: tensor `w` has the impossible shape [1099511627776, 2]"]),
    (graph_with(tensor=named("w", proto(1, b"\x7f" * 200_000), proto(2, 1))),
     ["damaged: tensor `w` has the impossible shape [127, 127, 127, 127, 127, 127, 127, 127]"]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "flaws"), ONNX)
def test_bad_onnx(tmp_path, data, flaws):
    assert sorted(told(tmp_path, "onnx", data)) == flaws


def test_ops_that_the_model_itself_defines_are_no_flaw(tmp_path):
    node = proto(1, proto(4, "Mine") + proto(7, "local"))
    function = proto(25, proto(1, "Mine") + proto(10, "local"))
    assert told(tmp_path, "onnx", graph_with(node) + function) == []


def test_graphs_nested_without_end(tmp_path):
    data = b""
    for _ in range(60):
        data = proto(1, proto(5, proto(6, data)))
    assert "damaged: Node nested deeper than any model's" in told(tmp_path, "onnx", proto(7, data))


# -------------------------------------------------------------------------------------- ir

IR = [
    (XML, bytes(20), ["damaged: model.bin has 4 bytes that no constant of model.xml uses"]),
    (XML, bytes(12), ["damaged: model.bin is too short: constant `w` ends at byte 16 of 12"]),
    (XML[:-20], bytes(16), ["damaged: model.xml is not XML, or is cut short: unclosed token: line 14, column 0"]),
    (XML.replace(b'id="1" name', b'id="2" name'), bytes(16), ["damaged: model.xml has two layers with id 2"]),
    (XML + b"<!-- secret -->", bytes(16), ["hidden: 15 bytes behind the end of model.xml"]),
    (XML.replace(b"<dim>4</dim>", b"<dim>1000000000000</dim>"), bytes(16),
     ["damaged: model.xml has a dimension of 1,000,000,000,000, which no tensor has"]),
    (XML.replace(b'type="Add" version="opset1"', b'type="Mine" version="extension"'), bytes(16),
     ["outside: layer `y` (Mine) is of extension `extension`"]),
    (XML.replace(b"<net", b"<!DOCTYPE a [<!ENTITY b 'c'>]><net"), bytes(16),
     ["damaged: model.xml has declarations that no IR has"]),
]  # fmt: skip


@pytest.mark.parametrize(("xml", "weights", "flaws"), IR)
def test_bad_ir(tmp_path, xml, weights, flaws):
    assert told(tmp_path, "xml", xml, bin=weights) == flaws


# ------------------------------------------------------------------------------- blob, dlc


def test_bad_blobs(tmp_path):
    longer = ["damaged: it says it has 1,024 bytes, and has 1,031, at byte 0x38"]
    size = struct.unpack_from("<I", BLOB, 56)[0]
    longer = [f"damaged: it says it has {size} bytes, and has {size + 7}, at byte 0x38"]
    assert told(tmp_path, "blob", BLOB + b"payload") == longer
    assert told(tmp_path, "blob", BLOB[:-1])[0].startswith("damaged: it says it has ")
    assert told(tmp_path, "blob", b"junk") == [
        "damaged: 4 bytes are too few for a blob: its header takes 132"
    ]


def test_bad_dlcs(tmp_path):
    assert told(tmp_path, "dlc", DLC + b"x") == [
        "damaged: the file is no DLC, is cut short or goes on after its end"
    ]
    assert told(tmp_path, "dlc", zipped(("model", b"a"), ("model", b"b"))) == [
        "damaged: the container has two members `model`"
    ]
    assert told(tmp_path, "dlc", zipped(("../model", b"a"))) == [
        "damaged: a member's name is not a plain file name: '../model'"
    ]


def test_a_pickle_inside_of_a_dlc(tmp_path):
    found = told(tmp_path, "dlc", zipped(("model", b"\x80\x04K\x01."), ("lib.so", b"\x7fELF\2")))
    assert found == [
        "program: member `model` is a pickle, which can run code when it is read",
        "program: member `lib.so` is a program or library of Linux",
        "damaged: member `model` is not what a DLC has under this name",
    ]


# ---------------------------------------------------------------------- archives, pickles

ARCHIVES = [
    (zipped(("a/data.pkl", b"\x80\x02}q\x00.")),
     ["program: member `a/data.pkl` is a pickle, which can run code when it is read"]),
    (zipped(("../../x", b"a")), ["outside: member `../../x` would be written outside of its folder"]),
    (zipped(("/etc/x", b"a")), ["outside: member `/etc/x` would be written outside of its folder"]),
    (zipped(("a", b"1"), ("a", b"2")), ["hidden: the archive has two members `a`"]),
    (zipped(("a", b"1")) + b"payload", ["hidden: 7 bytes behind its end"]),
    (zipped(("a", b"1"), comment=b"note"), ["hidden: 4 bytes behind its end"]),
    (zipped(("a", bytes(9_000_000)), method=zipfile.ZIP_DEFLATED), ["damaged: member `a` would grow to 9,000,000 bytes"]),
    (b"PK\3\4 and no more", ["damaged: the archive cannot be read: File is not a zip file"]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "flaws"), ARCHIVES)
def test_bad_archives(tmp_path, data, flaws):
    assert told(tmp_path, "pt", data) == flaws


def test_bytes_before_and_between_the_members(tmp_path):
    plain = zipped(("a", b"1"))
    assert told(tmp_path, "npz", b"PK" + bytes(60) + plain) == [
        "hidden: 62 bytes before member `a`"
    ]


def test_a_link_in_an_archive(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert told(tmp_path, "npz", file.getvalue()) == ["outside: member `link` is a link"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x80\x04K\x01.", "a pickle, which can run code when it is read"),
        (b"cos\nsystem\n(S'ls'\ntR.", "a pickle, which can run code when it is read"),
        (b"cos\nsystem\nS'ls'\n\x85R and more", "a pickle, which can run code when it is read"),
        (b"cnt\nsystem\np0\n(Vls\np1\ntp2\nRp3\n.", "a pickle, which can run code when it is read"),
        (b"(cposix\nsystem\n", "a pickle, which can run code when it is read"),
        (b"\x7fELF\x02\x01", "a program or library of Linux"),
        (b"#!/bin/sh\n", "a script"),
        (b"MZ" + bytes(60) + b"PE\0\0", "a program or library of Windows"),
    ],
)
def test_programs(tmp_path, data, what):
    assert told(tmp_path, "weights", data) == [f"program: it is {what}"]


@pytest.mark.parametrize(
    "words", ["cat\ndog\n", "cup\nbowl\nrobin\nother (R)\n", "c\nd\n", "cat\ndog\n\xe9(R"]
)
def test_a_list_of_words_is_no_program(tmp_path, words):
    assert told(tmp_path, "txt", words.encode("latin-1")) == []


# ---------------------------------------------------------------------------------- tflite


def test_tflite(tmp_path, monkeypatch):
    data = converted.write_tflite(tmp_path / "made").read_bytes()
    assert told(tmp_path, "tflite", data) == []
    assert told(tmp_path, "tflite", data[:99])[0].startswith(
        "damaged: model.tflite is not a TFLite file, or is damaged: "
    )
    ops = [
        ("CONV_2D", False),
        ("TFLite_Detection_PostProcess", True),
        ("Mine", True),
        ("Mine", True),
    ]
    ops = tuple(tflite.TfliteOp(type=t, output="", custom=c) for t, c in ops)
    monkeypatch.setattr(tflite, "load", lambda _: tflite.Tflite(inputs=(), outputs=(), ops=ops))
    assert told(tmp_path, "tflite", data) == [
        "outside: op `Mine` is not TFLite's: a library has to bring it"
    ]


@pytest.mark.parametrize("added", [b"\0", b"x", b"payload!", b"PK\5\6", b"\x7fELF", bytes(100)])
def test_what_is_added_to_a_tflite_file_is_found(tmp_path, added):
    data = converted.write_tflite(tmp_path / "made").read_bytes()
    assert told(tmp_path, "tflite", data + added) == [
        f"hidden: {len(added)} bytes behind the end of model.tflite"
    ]


def test_files_that_metadata_adds_to_a_tflite_file_are_looked_into(tmp_path):
    """Labels are put into a ZIP archive behind the model: https://www.tensorflow.org/lite/models/convert/metadata."""
    made = converted.write_tflite(tmp_path / "made")
    for name, content, found in (
        ("labels.txt", "cat\ndog\n", []),
        ("../x", "#!/bin/sh\n", ["outside: member `../x` would be written outside of its folder",
                                 "program: member `../x` is a script"]),
    ):  # fmt: skip
        with zipfile.ZipFile(made, "a") as archive:
            archive.writestr(name, content)
        assert told(tmp_path, "tflite", made.read_bytes()) == found


# ----------------------------------------------------------------------------- safetensors


def edited(**changes):
    return {**TENSORS, **changes}


SAFETENSORS = [
    (b"", ["damaged: its header is cut short, or it is no safetensors file"]),
    (struct.pack("<Q", 2**60) + b"{}", ["damaged: its header is cut short, or it is no safetensors file"]),
    (safetensors(b"[]"), ["damaged: its header is no JSON object"]),
    (safetensors(TENSORS, size=12), ["damaged: it is cut short: 12 of 16 bytes of tensors"]),
    (safetensors(TENSORS, size=19), ["hidden: 3 bytes that belong to no tensor"]),
    (safetensors(edited(b={"dtype": "F16", "shape": [2, 2], "data_offsets": [4, 12]}), size=12),
     ["damaged: tensor `b` overlaps another"]),
    (safetensors(edited(b={"dtype": "F16", "shape": [2], "data_offsets": [12, 16]})),
     ["hidden: tensor `b` has 4 bytes before it"]),
    (safetensors(edited(b={"dtype": "F16", "shape": [9], "data_offsets": [8, 16]}), size=8),
     ["damaged: tensor `b` does not fit its place"]),
    (safetensors(edited(b={"dtype": "X", "shape": 1}), size=8), ["damaged: tensor `b` does not fit its place"]),
    (safetensors(b'{"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "a": '
                 b'{"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}', size=1),
     ["hidden: two entries `a` in its header"]),
]  # fmt: skip


def test_a_safetensors_header_that_takes_long_to_doubt(tmp_path):
    """Many names twice, a shape of many dimensions: found within a moment."""
    entry = '{"dtype": "F32", "shape": [], "data_offsets": [0, 4]}'
    twice = ", ".join(f'"{i % 30_000}": {entry}' for i in range(60_000)).encode()
    assert "hidden: two entries `29999` in its header" in told(
        tmp_path, "safetensors", safetensors(b"{" + twice + b"}", size=4)
    )
    shape = {"dtype": "F32", "shape": [2**31] * 200_000, "data_offsets": [0, 4]}
    assert told(tmp_path, "safetensors", safetensors({"a": shape}, size=4))[0] == (
        "damaged: tensor `a` does not fit its place"
    )


@pytest.mark.parametrize(("data", "flaws"), SAFETENSORS)
def test_bad_safetensors(tmp_path, data, flaws):
    assert told(tmp_path, "safetensors", data) == flaws


# ---------------------------------------------------------------------------------- traces


def trace(text):
    return [flaw.text for flaw in traces.flaws(b"\x12\x07" + text.encode() + b"\x00")]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("/home/ada/net/model.py", "a path in somebody's home at byte 2: /home/ada/net/model.py"),
        ("/Users/ada/net.py", "a path in somebody's home at byte 2: /Users/ada/net.py"),
        ("C:\\Users\\ada\\net.py", "a path in somebody's home at byte 3: :\\Users\\ada"),
        ("/tmp/x12/model.onnx", "a path of the machine at byte 2: /tmp/x12/model.onnx"),
        (
            'File "/opt/venv/nn.py", line 3',
            'a path of the machine at byte 2: File "/opt/venv/nn.py", line',
        ),
        ("http://10.1.2.3:8080/x", "a private host at byte 6: ://10.1.2.3:8080/x"),
        ("https://git.corp/x", "a private host at byte 7: ://git.corp/x"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "a private key at byte 2: ----…"),
        ("hf_" + "a1" * 17, "a token of Hugging Face at byte 2: hf_a…"),
        ("ghp_" + "a1" * 18, "a token of GitHub at byte 2: ghp_…"),
        ("AKIA" + "A1" * 8, "a key of AWS at byte 2: AKIA…"),
        ("https://ada:secret@example.org/x", "credentials in a URL at byte 7: ://a…"),
    ],
)
def test_traces(text, what):
    assert trace(text) == [what]


@pytest.mark.parametrize(
    "text",
    [
        "/root/conv1/Conv_output_0",
        "/backbone/home/stage/x",
        "home/conv",
        "https://github.com/onnx/onnx",
        "a://b:c",
        "/tmp/Relu",
        "half_precision_of_everything_in_the_whole_net",
        "AKIA",
    ],
)
def test_what_networks_contain_is_no_trace(text):
    assert trace(text) == []


def test_a_secret_is_never_repeated():
    token = "hf_" + "SECRETsecret1234567890" * 2
    assert "SECRET" not in "".join(trace(f"x {token} y {token}"))


# ---------------------------------------------------------------------------------- any bytes

FUZZ = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "cut", "insert", "copy"]),
        st.integers(0, 2**20),
        st.binary(min_size=1, max_size=9),
    ),
    min_size=1,
    max_size=6,
)


def mutated(data, edits):
    data = bytearray(data)
    for what, where, value in edits:
        at = where % (len(data) + 1)
        if what == "set":
            data[at : at + len(value)] = value
        elif what == "cut":
            del data[at:]
        elif what == "insert":
            data[at:at] = value
        else:
            data[at:at] = data[at // 2 : at // 2 + 64]
    return bytes(data)


@pytest.mark.parametrize(
    "suffix", ["onnx", "xml", "blob", "dlc", "tflite", "safetensors", "pt", "any"]
)
@FUZZ
@given(edits=EDITS)
@example(edits=[("cut", 0, b"x")])
def test_no_bytes_are_more_than_flaws(tmp_path, onnx, suffix, edits):
    sound = {
        "onnx": onnx,
        "xml": XML,
        "blob": BLOB,
        "dlc": DLC,
        "tflite": converted.write_tflite(tmp_path / "sound").read_bytes(),
        "safetensors": safetensors(TENSORS),
        "pt": zipped(("a.npy", b"\x93NUMPY" * 30), ("b", b"x" * 99), method=zipfile.ZIP_DEFLATED),
        "any": b"\x80\x04" + bytes(20),
    }[suffix]
    data = mutated(sound, edits)
    others = {"bin": bytes(16)} if suffix == "xml" else {}
    for line in told(tmp_path, suffix, data, **others):
        assert line.partition(": ")[2]
        assert line.isprintable() or "\n" not in line
    list(traces.flaws(data))


WORDS = ["0", "-1", "99999999999999999999", "", "x", "1e9", "4", "²", "Result", "Parameter"]
PLACES = st.integers(0, 10_000)


@FUZZ
@given(
    st.lists(st.tuples(st.sampled_from(["remove", "value", "text"]), PLACES, PLACES, st.sampled_from(WORDS)),
             min_size=1, max_size=5),
    st.sampled_from([0, 12, 16, 17]),
)  # fmt: skip
def test_no_ir_that_is_xml_is_more_than_flaws(tmp_path, edits, size):
    """Elements removed, values changed."""
    root = ElementTree.fromstring(XML)
    for what, place, which, word in edits:
        every = [(parent, child) for parent in root.iter() for child in parent]
        if not every:
            break
        parent, child = every[place % len(every)]
        if what == "remove":
            parent.remove(child)
        elif what == "text":
            child.text = word
        elif child.attrib:
            child.attrib[sorted(child.attrib)[which % len(child.attrib)]] = word
    told(tmp_path, "xml", ElementTree.tostring(root), bin=bytes(size))


@pytest.mark.parametrize("suffix", ["onnx", "xml", "blob", "dlc", "safetensors", "pt"])
@FUZZ
@given(data=st.binary(max_size=200))
def test_random_bytes(tmp_path, suffix, data):
    told(tmp_path, suffix, data, **({"bin": b""} if suffix == "xml" else {}))


@pytest.mark.parametrize("suffix", ["onnx", "blob", "dlc", "safetensors"])
def test_whatever_is_cut_off_or_added_is_found(tmp_path, onnx, suffix):
    sound = {"onnx": onnx, "blob": BLOB, "dlc": DLC, "safetensors": safetensors(TENSORS)}[suffix]
    for cut in range(0, len(sound), max(1, len(sound) // 60)):
        assert told(tmp_path, suffix, sound[:cut]), cut
    for added in (b"\0", b"x", bytes(100), b"PK\5\6", b"\x7fELF"):
        assert told(tmp_path, suffix, sound + added), added

"""`dlcs/tiny_int8.dlc` is the tiny model of `edgebuild.steps.examples`, quantised, compiled for SM8250."""

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgebuild.formats import dlc
from edgebuild.formats.dlc import DlcError
from edgebuild.formats.dlc_container import members

DATA = (Path(__file__).parent / "dlcs" / "tiny_int8.dlc").read_bytes()
STAMP = b"1980-01-01 00:00:00 UTC"


def graph():
    return dlc.read(DATA).graphs[0]


def zipped(files, *, mode=0, method=0, flags=0, gap=b"", crc=0, names=None):
    """A container of stored members without checksums, as QNN writes them, or a bad one."""
    body, directory = b"", b""
    for i, (name, content) in enumerate(files):
        local, central = (names or {}).get(i, (name, name))
        head = (45, flags, method, 0, 0, crc, len(content), len(content))
        offset = len(body)
        body += struct.pack("<4s5H3I2H", b"PK\3\4", *head, len(local), 0) + local + content + gap
        directory += struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 45, *head, len(central), 0, 0, 0, 0, mode << 16, offset
        )
        directory += central
    end = struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, len(files), len(files), len(directory), len(body), 0
    )
    return body + directory + end


def content(name):
    member = members(DATA)[name]
    return DATA[member.offset : member.offset + member.size]


def parts():
    return [(name.encode(), content(name)) for name in members(DATA)]


# ------------------------------------------------------------------------- what it reads


def test_nodes_in_order_with_the_tensors_between_them():
    assert [n.op for n in graph().nodes] == ["Transpose", "Conv2d", "Conv2d", "Neuron", "Transpose"]
    conv = graph().nodes[1]
    assert conv.inputs == ("QuantizeLinear_token_17_out0", "w1_quantized", "b1_quantized")
    assert conv.outputs == ("r1_QuantizeLinear",)
    assert conv.attributes["group"] == 1
    assert conv.attributes["stride"].shape == (2,)


def test_inputs_and_outputs_with_shape_type_and_quantisation():
    (image,), (mask,) = graph().inputs, graph().outputs
    assert (image.name, image.dtype, image.shape) == ("image", "ufxp8", (1, 3, 6, 4))
    assert (mask.name, mask.dtype, mask.shape) == ("mask", "ufxp8", (1, 2, 6, 4))
    assert image.quantization.scales == pytest.approx((0.0199216,), rel=1e-5)
    assert image.quantization.offsets == (-110,)
    assert image.quantization.axis is None


def test_weights_are_the_models_within_half_a_step():
    g = graph()
    tensor = g.tensors["w1_quantized"]
    assert (tensor.dtype, tensor.shape, tensor.quantization.axis) == ("sfxp8", (3, 3, 3, 5), 3)
    stored = struct.unpack("135b", g.weights["w1_quantized"])
    scales = tensor.quantization.scales
    for i, value in enumerate(stored):  # height, width, in, out
        place, out = divmod(i, 5)
        h, w, c = place // 9, place // 3 % 3, place % 3
        real = ((((out * 3 + c) * 3 + h) * 3 + w) * 37 % 101 - 50) / 200
        assert abs(value * scales[out] - real) <= scales[out] / 2 + 1e-7


def test_member_sizes():
    sizes = dlc.read(DATA).members
    assert sizes["model"] == 4208
    assert sizes["model.params.bin"] == 264


def test_the_tool_that_made_it():
    assert dlc.read(DATA).converters == ("2.51.0.260929181845",)


# ------------------------------------------------------------------------- time stamps


def test_normalise_fixes_every_time_stamp_and_nothing_else():
    later = DATA.replace(STAMP, b"2031-12-24 23:59:01 UTC")
    assert later != DATA
    assert dlc.normalise(later) == DATA
    assert dlc.normalise(DATA) == DATA


def test_normalise_refuses_a_time_stamp_of_another_form():
    odd = DATA.replace(STAMP, b"Thu Jan  1 00:00:00 UTC")
    with pytest.raises(DlcError, match="has a time stamp of an unknown form"):
        dlc.normalise(odd)


def test_normalise_refuses_metadata_that_is_not_json():
    with pytest.raises(DlcError, match=r"`dlc\.metadata` is not JSON"):
        dlc.normalise(zipped([(b"dlc.metadata", b"[" * 100_000)]))


# ------------------------------------------------------------------------- what it refuses


def test_members_written_without_zip64_are_read_too():
    assert dlc.read(zipped(parts())).graphs[0].nodes == graph().nodes


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b"", "the file is no DLC, is cut short or goes on after its end"),
        (DATA[:-1], "the file is no DLC, is cut short or goes on after its end"),
        (DATA + b"\0", "the file is no DLC, is cut short or goes on after its end"),
        (b"\0" + zipped(parts()), "the container's directory is not where its end record says"),
        (zipped([*parts(), (b"model", b"")]), "the container has two members `model`"),
        (zipped([(b"a", b"x")], mode=0o120777), "member `a` is a link"),
        (zipped([(b"a", b"x")], method=8), "member `a` is compressed; those of a DLC are stored"),
        (zipped([(b"a", b"x")], flags=1), "member `a` is encrypted or stored in an unknown way"),
        (zipped([(b"a", b"x")], gap=b"?"), "the container has bytes that belong to no member"),
        (zipped([(b"a", b"x")], crc=1), "member `a` does not match its checksum"),
        (zipped([(b"../a", b"x")]), "a member's name is not a plain file name: '../a'"),
        (zipped([(b"/etc/a", b"x")]), "a member's name is not a plain file name: '/etc/a'"),
        (zipped([(b"..", b"x")]), "a member's name is not a plain file name: '..'"),
        (zipped([(b"a\\b", b"x")]), r"a member's name is not a plain file name: 'a\\b'"),
        (
            zipped([(b"a", b"x")], names={0: (b"b", b"a")}),
            "member `a` is described in two ways that differ",
        ),
        (zipped([(b"a", b"x")]), "the DLC has no member `model`"),
        (zipped([(b"model", b"PK")]), "member `model` is not what a DLC has under this name"),
        (zipped([(b"model", b"\xd5\x0a\x04" + b"\0" * 40)]), "not a FlatBuffer of kind NETD"),
    ],
)
def test_a_doubtful_container_is_refused(bad, message):
    with pytest.raises(DlcError) as caught:
        dlc.read(bad)
    assert message in caught.value.message


def test_overlapping_members_are_refused():
    whole = bytearray(zipped([(b"a", b"x" * 60), (b"b", b"y")]))
    second = whole.rindex(b"PK\1\2")
    struct.pack_into("<I", whole, second + 42, 0)  # the second points to the first's header
    with pytest.raises(DlcError, match=r"`b` is described in two ways|overlap"):
        dlc.read(bytes(whole))


def test_a_bomb_of_sizes_is_refused_without_unpacking_it():
    whole = bytearray(zipped([(b"a", b"x")]))
    entry = whole.index(b"PK\1\2")
    struct.pack_into("<II", whole, entry + 20, 2**31, 2**31)
    struct.pack_into("<II", whole, 18, 2**31, 2**31)
    with pytest.raises(DlcError, match="member `a` is cut short"):
        dlc.read(bytes(whole))


def test_an_older_format_is_named_with_its_remedy():
    old = DATA.replace(b"\xd5\x0a\x04", b"\xd5\x0a\x03")
    with pytest.raises(DlcError) as caught:
        dlc.read(old)
    assert str(caught.value) == (
        "error: the DLC is of format 3; only format 4 is read\n"
        "hint: convert the model again with QNN or SNPE 2.x"
    )


def test_weights_cut_short_are_refused():
    files = [(n, c[:100] if n == b"model.params.bin" else c) for n, c in parts()]
    with pytest.raises(DlcError, match=r"the weights of `\w+` lie outside the file"):
        dlc.read(zipped(files))


def test_a_graph_without_its_weights_table_is_refused_or_empty():
    files = [(n, c) for n, c in parts() if n != b"model.params"]
    assert dlc.read(zipped(files)).graphs[0].weights == {}


# ------------------------------------------------------------------------- hostile bytes


def only_dlc_errors(data):
    for function in (dlc.read, dlc.normalise):
        try:
            function(data)
        except DlcError as error:
            assert str(error).startswith("error: ")


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.integers(0, len(DATA) - 1), st.binary(min_size=1, max_size=8)),
        min_size=1,
        max_size=4,
    )
)
def test_overwritten_bytes_give_a_dlc_or_a_dlc_error(changes):
    data = bytearray(DATA)
    for place, new in changes:
        data[place : place + len(new)] = new
    only_dlc_errors(bytes(data[: len(DATA)]))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 4200), st.sampled_from([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\1\0\0\x80"]))
def test_bad_offsets_inside_the_tables_give_a_dlc_or_a_dlc_error(place, new):
    model = bytearray(content("model"))
    model[8 + place : 12 + place] = new
    only_dlc_errors(zipped([(n, bytes(model) if n == b"model" else c) for n, c in parts()]))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(DATA)))
def test_truncated_files_are_refused(length):
    if length < len(DATA):
        with pytest.raises(DlcError):
            dlc.read(DATA[:length])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data):
    with pytest.raises(DlcError):
        dlc.read(data)

"""The reader of Myriad X blobs: what it reads, and that nothing hostile gets past it."""

import math
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgebuild.formats import blob
from edgebuild.formats.blob import BlobError

BLOBS = Path(__file__).parent / "blobs"
GAZE = (BLOBS / "gaze_FP16_5.blob").read_bytes()
SHUFFLE = (BLOBS / "pixel_shuffle_U8_5.blob").read_bytes()

# Offsets of the header's words.
SIZE, VERSION, STAGES, SHAVES, FLAGS = 56, 60, 76, 100, 104
SECTIONS = 116


def patched(data, at, value, form="<I"):
    changed = bytearray(data)
    struct.pack_into(form, changed, at, value)
    return bytes(changed)


def words(data, at, count):
    return struct.unpack_from(f"<{count}I", data, at)


def tensor(name, code, order, dims, strides, *, offset=0):
    """An input or output as `assemble` takes it; dims and strides innermost first."""
    return name, code, order, dims, strides, offset


def assemble(inputs=(), outputs=(), stages=(), buffer=1 << 20):
    """A blob with tensors, and stages given as (type, SHAVEs)."""
    constants = b""
    sections = []
    for tensors in (inputs, outputs):
        section = b""
        for index, (name, code, order, dims, strides, offset) in enumerate(tensors):
            places = []
            for values in (dims, strides):
                places += [3, len(constants)]
                constants += struct.pack(f"<{len(values)}I", *values)
            text = name.encode() + b"\0" * (16 - len(name.encode()) % 16)
            section += struct.pack("<IiI", index, offset, len(text)) + text
            section += struct.pack("<7I", code, order, len(dims), *places)
        sections.append(section + b"\0" * (-len(section) % 64))
    section = b"".join(
        struct.pack("<3I", 24, kind, shaves) + b"\1\2\3\4" + struct.pack("<2I", kind, 0x7F83FF19)
        for kind, shaves in stages
    )
    sections.append(section + b"\0" * (-len(section) % 64))
    constants += b"\0" * (-len(constants) % 64)
    starts = [192]
    for section in sections:
        starts.append(starts[-1] + len(section))
    kinds = [kind for kind, _ in stages]
    flags = [
        38 in kinds,
        any(kind not in (38, 19, 119, 120) for kind in kinds),
        any(kind in (19, 119, 120) for kind in kinds),
    ]
    header = [9709, starts[-1] + len(constants), 6, 0, len(inputs), len(outputs), len(stages)]
    header += [buffer, buffer, 1, 0, 4, 4, *map(int, flags), *starts]
    data = b"\x7felf".ljust(52, b"\0") + struct.pack("<20I", *header)
    return data.ljust(192, b"\0") + b"".join(sections) + constants


def test_reads_a_compiled_blob():
    found = blob.read(SHUFFLE)
    assert (found.version, found.shaves, found.slices, found.batch) == ((6, 0), 5, 5, 1)
    assert found.size_bytes == len(SHUFFLE)
    (image,) = found.inputs
    assert (image.name, image.precision, image.shape) == ("image", "U8", (1, 3, 16, 20))
    assert (image.order, image.strides, image.offset) == ("NCHW", (960, 320, 20, 1), 0)
    (mask,) = found.outputs
    assert (mask.name, mask.precision, mask.shape) == ("mask", "FP16", (1, 2, 32, 40))
    assert mask.strides == (5120, 2560, 80, 2)
    assert mask.dense and mask.size_bytes == 2 * 2 * 32 * 40
    assert [(s.type, s.engine, s.shaves) for s in found.stages] == [
        ("Convert", "SHAVE", 5),
        ("Copy", "DMA", 0),
        ("MyriadXHwOp", "NCE", 0),
        ("Sigmoid", "SHAVE", 2),
        ("Permute", "SHAVE", 5),
    ]


def test_reads_several_inputs_of_other_ranks():
    found = blob.read(GAZE)
    assert [(t.name, t.shape, t.order) for t in found.inputs] == [
        ("angle", (1, 2), "NC"),
        ("eyes", (1, 2, 12, 16), "NCHW"),
    ]
    assert [(t.name, t.shape) for t in found.outputs] == [
        ("corrected", (1, 2, 12, 16)),
        ("score", (1, 2)),
    ]
    assert found.inputs[1].offset == 64, "inputs lie apart in one buffer"


@pytest.mark.parametrize(
    ("order", "dims", "shape", "letters"),
    [
        (0x3, (7,), (7,), "C"),
        (0x43, (7, 2), (2, 7), "NC"),
        (0x321, (5, 4, 3), (3, 4, 5), "CHW"),
        (0x4321, (5, 4, 3, 2), (2, 3, 4, 5), "NCHW"),
        (0x4213, (3, 5, 4, 2), (2, 3, 4, 5), "NHWC"),
        (0x43521, (5, 4, 6, 3, 2), (2, 3, 6, 4, 5), "NCDHW"),
        (0x654321, (6, 5, 4, 3, 2, 1), (1, 2, 3, 4, 5, 6), "654321"),
    ],
)
def test_shapes_are_in_the_networks_order_whatever_the_order_in_memory(order, dims, shape, letters):
    strides = [2 * math.prod(dims[:axis]) for axis in range(len(dims))]
    found = blob.read(assemble(inputs=[tensor("x", 0, order, dims, strides)])).inputs[0]
    assert (found.shape, found.order) == (shape, letters)
    assert found.dense == (letters != "NHWC")


def test_a_tensor_with_gaps_is_not_dense():
    data = assemble(inputs=[tensor("x", 1, 0x43, (3, 2), (1, 16))])
    (found,) = blob.read(data).inputs
    assert (found.shape, found.strides, found.dense, found.size_bytes) == (
        (2, 3),
        (16, 1),
        False,
        19,
    )


# ------------------------------------------------------------------------------- hostile


def first_stage(data):
    return words(data, SECTIONS + 8, 1)[0]


def constants(data):
    return words(data, SECTIONS + 12, 1)[0]


def first_input(data):
    return words(data, SECTIONS, 1)[0]


X = assemble(
    inputs=[tensor("x", 0, 0x43, (3, 2), (2, 6)), tensor("z", 0, 0x3, (1,), (2,), offset=64)],
    outputs=[tensor("y", 0, 0x43, (3, 2), (2, 6))],
    stages=[(0, 4), (19, 0)],
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes are too few for a blob: its header takes 132"),
        (b"\x7fELF" + X[4:], "not a blob: it starts with b'\\x7fELF' instead of b'\\x7felf'"),
        (patched(X, 52, 9708), "magic number 9708 instead of 9709"),
        (X[:-1], f"it says it has {len(X)} bytes, and has {len(X) - 1}"),
        (X + b"\0", f"it says it has {len(X)} bytes, and has {len(X) + 1}"),
        (patched(X, VERSION, 5), "format 5.0; this reader knows format 6"),
        (patched(X, SHAVES, 17), "17 shaves; the chip has 16"),
        (patched(X, SHAVES - 4, 1 << 31), "2147483648 slices; the chip has 16"),
        (patched(X, FLAGS, 2), "flags (2, 1, 1) that are neither 0 nor 1"),
        (patched(X, FLAGS, 1), "the header claims NCE stages, its stages say otherwise"),
        (patched(X, FLAGS + 8, 0), "the header denies DMA stages, its stages say otherwise"),
        (
            patched(X, SECTIONS + 4, 128),
            "sections at (192, 128, 384, 448) are out of order or out of the file",
        ),
        (
            patched(X, SECTIONS + 12, 1 << 31),
            "sections at (192, 320, 384, 2147483648) are out of order or out of the file",
        ),
        (patched(X, 68, 1 << 31), "input 2 is numbered 0"),
        (patched(X, STAGES, 1 << 31), "stage 2 is 0 bytes long, with 16 left in its section"),
        (patched(X, STAGES, 1), "40 bytes after the last stage that belong to none"),
        (patched(X, first_input(X), 1), "input 0 is numbered 1"),
        (
            patched(X, first_input(X) + 4, -2, "<i"),
            "input `x` takes 12 bytes from -2 on, of 1048576",
        ),
        (patched(X, first_input(X) + 4, 1 << 20), "input `x` takes 12 bytes from 1048576 on"),
        (patched(X, first_input(X) + 8, 1 << 30), "the name of input 0 has 1073741824 bytes"),
        (patched(X, first_input(X) + 12, 0xFF), "the name of input 0 is not UTF-8"),
        (patched(X, first_input(X) + 12, 0), "input 0 has no name"),
        (patched(X, first_input(X) + 56 + 12, ord("x")), "two inputs are named `x`"),
        (patched(X, first_input(X) + 28, 5), "input `x` has the unknown element type 5"),
        (patched(X, first_input(X) + 32, 0x403), "input `x` has the impossible order 0x403"),
        (patched(X, first_input(X) + 32, 0x33), "input `x` has the impossible order 0x33"),
        (patched(X, first_input(X) + 32, 0), "input `x` has the impossible order 0x0"),
        (patched(X, first_input(X) + 36, 3), "input `x` has 3 dimensions in an order of 2"),
        (patched(X, first_input(X) + 40, 4), "input `x` has a shape that is not fixed in the blob"),
        (
            patched(X, first_input(X) + 44, 1 << 31),
            "dimensions of input `x` runs out of its section",
        ),
        (patched(X, constants(X), 0), "input `x` has dimensions (0, 2), strides (2, 6)"),
        (patched(X, constants(X), 1 << 31), "of 1048576 there are"),
        (patched(X, first_stage(X), 8), "stage 0 is 8 bytes long, with 64 left in its section"),
        (patched(X, first_stage(X), 1 << 31), "stage 0 is 2147483648 bytes long"),
        (patched(X, first_stage(X) + 4, 7), "stage 0 does not end as a stage of type 7 does"),
        (patched(X, first_stage(X) + 8, 5), "stage 0 wants 5 of 4 SHAVEs"),
        (
            patched(patched(X, first_stage(X) + 4, 7), first_stage(X) + 16, 7),
            "stage 0 has the unknown type 7",
        ),
    ],
)
def test_says_what_is_wrong(data, message):
    with pytest.raises(BlobError) as caught:
        blob.read(data)
    assert message in caught.value.message


def test_says_where_it_is_wrong():
    with pytest.raises(BlobError) as caught:
        blob.read(patched(X, first_stage(X) + 8, 5))
    assert str(caught.value) == (
        f"error: stage 0 wants 5 of 4 SHAVEs\n  at  byte {first_stage(X) + 8:#x}"
    )


@pytest.mark.parametrize("data", [SHUFFLE, GAZE], ids=["shuffle", "gaze"])
def test_no_part_of_a_blob_reads_as_a_blob(data):
    for size in range(len(data)):
        with pytest.raises(BlobError):
            blob.read(data[:size])


def read_or_refuse(data):
    try:
        blob.read(data)
    except BlobError as error:
        assert str(error).startswith("error: ")


@pytest.mark.parametrize("data", [SHUFFLE, GAZE], ids=["shuffle", "gaze"])
@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_any_flipped_byte_is_read_or_refused(data, flip):
    changed = bytearray(data)
    for at in range(len(data)):
        changed[at] ^= flip
        read_or_refuse(bytes(changed))
        changed[at] ^= flip


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_change_is_read_or_refused(data):
    changed = bytearray(data.draw(st.sampled_from([SHUFFLE, GAZE, X])))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(changed) // 4 - 1)) * 4
        near = st.sampled_from([0, 1, 2, 3, 16, 64, 255, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
        struct.pack_into("<I", changed, at, data.draw(near | st.integers(0, 0xFFFFFFFF)))
    struct.pack_into("<I", changed, SIZE, len(changed))
    read_or_refuse(bytes(changed))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=512))
def test_any_bytes_are_refused(data):
    with pytest.raises(BlobError):
        blob.read(data)


def test_counts_of_billions_take_no_memory():
    hostile = patched(patched(patched(X, 68, 0xFFFFFFFF), 72, 0xFFFFFFFF), STAGES, 0xFFFFFFFF)
    tracemalloc.start()
    try:
        read_or_refuse(hostile)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000

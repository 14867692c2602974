"""BLOB: names, types and shapes of a MyriadX blob's inputs and outputs, and its stages, as JSON.

By the struct definitions of Intel's compiler: a header of 20 words behind an ELF-like one of 52 bytes.
Tensors: index, offset, length of the name, name, then type, order, number of dimensions, where those are.
Stages: length in bytes, type.
"""

import json
import struct
import sys
from collections import Counter
from pathlib import Path

data = Path(sys.argv[1]).read_bytes()
words = struct.unpack_from("<20I", data, 52)
assert words[0] == 9709 and words[1] == len(data)
version, counts, starts = words[2:4], words[4:7], words[16:20]


def tensors(at, count):
    rows = []
    for _ in range(count):
        length = struct.unpack_from("<I", data, at + 8)[0]
        name = data[at + 12 : at + 12 + length].rstrip(b"\0").decode()
        kind, _, rank, _, place = struct.unpack_from("<5I", data, at + 12 + length)
        dims = struct.unpack_from(f"<{rank}I", data, starts[3] + place)
        rows.append([name, ("float16", "uint8", "int32", "float32", "int8")[kind], dims[::-1]])
        at += 12 + length + 28
    return rows


def stage_types(at, count):
    for _ in range(count):
        length, kind = struct.unpack_from("<2I", data, at)
        yield kind
        at += length


# StageType: MyriadXHwOp = 38; Copy = 19, LoopStart, LoopEnd = 119, 120 move data; all else is a program.
engines = Counter(
    "NCE" if kind == 38 else "DMA" if kind in (19, 119, 120) else "SHAVE"
    for kind in stage_types(starts[2], counts[2])
)
print(
    json.dumps(
        {
            "version": version,
            "inputs": tensors(starts[0], counts[0]),
            "outputs": tensors(starts[1], counts[1]),
            "engines": engines,
        }
    )
)

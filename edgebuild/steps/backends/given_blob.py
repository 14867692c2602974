"""A MyriadX blob that somebody else compiled: verified as far as its bytes tell, published byte by byte.

Its contract, stages, version and size are read from the blob. Nothing on this machine can execute a
blob, and the arithmetic of a model that might be another one would prove nothing: parity and quality
are unproven. Say with `types` what the blob takes and gives (`uint8`, `float16`).
"""

from __future__ import annotations

import math
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

from edgebuild.formats import blob, contract_file, naming, placement
from edgebuild.formats.blob import BlobTensor
from edgebuild.formats.naming import Port
from edgebuild.myriad import contract, stages
from edgebuild.step import Call, Contract, File, ProjectFile, StepKind, Tensor, param
from edgebuild.steps import examples, given
from edgebuild.steps.given import GivenError, Interface

_COPY = 19


@dataclass(frozen=True, kw_only=True)
class Params(Interface):
    """The artifact, and how its interface differs from the manifest's."""

    blob: File = param("the blob, by path or by URL and sha256")


def run(call: Call) -> None:
    """Read it, hold it to the manifest, list its stages."""
    path = call.inputs["blob"]
    found = blob.read(path.read_bytes())
    for tensor in (*found.inputs, *found.outputs):
        if not tensor.dense:
            raise GivenError(
                f"`{tensor.name}` of {path.name} does not lie in memory as its shape says",
                fields={"order": tensor.order, "strides": str(list(tensor.strides))},
            )
    wanted = given.promised(call.params, Contract.from_json(call.facts["contract"]))
    made, names = given.bind(
        path.name,
        [_port(tensor) for tensor in found.inputs],
        [_port(tensor) for tensor in found.outputs],
        call.params,
        wanted,
    )
    shutil.copyfile(path, call.outputs["blob"])
    contract_file.save(call.outputs["contract"], made)
    naming.save(call.outputs["names"], names)
    placement.save(call.outputs["placement"], stages.without_graph(found))


def _port(tensor: BlobTensor) -> Port:
    return Port(names=(tensor.name,), shape=tensor.shape, dtype=contract.DTYPES[tensor.precision])


def example(folder: Path) -> Call:
    """A blob of one copy."""
    (folder / "theirs.blob").write_bytes(_copying())
    tensor = Tensor(shape=(1, 3, 6, 4), layout="NCHW", color="RGB")
    mask = Tensor(shape=(1, 2, 6, 4), layout="NCHW")
    return examples.call(
        folder,
        KIND,
        params=Params(
            blob=ProjectFile(path="theirs.blob"), types={"image": "uint8", "mask": "float16"}
        ),
        facts={"contract": Contract(inputs={"image": tensor}, outputs={"mask": mask}).to_json()},
        inputs={"blob": folder / "theirs.blob"},
    )


def _copying() -> bytes:
    """Bytes in, float16 out, and one stage between them that copies: no compiler made it."""
    tensors, constants = [], b""
    for name, code, dims, size in (("image", 1, (4, 6, 3, 1), 1), ("mask", 0, (4, 6, 2, 1), 2)):
        strides = [math.prod(dims[:i]) * size for i in range(4)]
        places = (3, len(constants), 3, len(constants) + 16)
        constants += struct.pack("<8I", *dims, *strides)
        head = struct.pack("<IiI", 0, 0, 16) + name.encode().ljust(16, b"\0")
        tensors.append((head + struct.pack("<7I", code, 0x4321, 4, *places)).ljust(64, b"\0"))
    stage = struct.pack("<5I", 20, _COPY, 0, _COPY, 0x7F83FF19).ljust(64, b"\0")
    sections = (192, 256, 320, 384)
    header = (9709, 384 + len(constants), 6, 0, 1, 1, 1, 72, 96, 1, 0, 1, 1, 0, 0, 1, *sections)
    data = b"\x7felf".ljust(52, b"\0") + struct.pack("<20I", *header)
    return data.ljust(192, b"\0") + b"".join(tensors) + stage + constants


KIND = StepKind(
    role="backend",
    run=run,
    tools="python",
    produces={
        "blob": "model.blob",
        "contract": "contract.json",
        "names": "names.json",
        "placement": "placement.json",
    },
    params=Params,
    facts=("contract",),
    contract=given.promised,
    probes={"timings": ("timings_depthai",), "ranges": ()},
    floats="float16",
)

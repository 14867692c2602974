"""What an artifact's own bytes say it was made with: the names that a target's `firmware:` may have."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgebuild.errors import EdgebuildError
from edgebuild.formats import dlc, ir, onnx_header
from edgebuild.formats.version_range import bounds_of, holds, parse


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A name in `firmware:`. `files` are the ports of artifacts that can tell it."""

    doc: str
    files: tuple[str, ...]


FIRMWARE: Mapping[str, Entry] = {
    "blob": Entry(doc="Formats of MyriadX blobs", files=("blob",)),
    "openvino": Entry(doc="Releases of OpenVINO whose blobs or IRs it runs", files=("blob", "xml")),
    "openvino_ir": Entry(doc="Versions of OpenVINO's IR", files=("xml",)),
    "openvino_opset": Entry(doc="Op sets of OpenVINO's IR", files=("xml",)),
    "onnx_opset": Entry(doc="Versions of ONNX's default op set", files=("onnx",)),
    "onnx_ir": Entry(doc="Versions of ONNX's file format", files=("onnx",)),
    "qnn": Entry(doc="Releases of QNN (QAIRT) whose DLCs it runs", files=("dlc",)),
    "dlc": Entry(doc="Formats of DLCs", files=("dlc",)),
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """Versions an artifact tells. Firmware runs it if its range has `all` of them, `any` of them, or
    any release `from` the one on. `where` says how it is known. `why` alone: it is not known."""

    versions: tuple[str, ...] = ()
    how: Literal["all", "any", "from"] = "all"
    where: str = ""
    why: str = ""

    def runs(self, bounds: str) -> bool:
        """Whether firmware that runs this range of versions runs the artifact."""
        if self.how == "all":
            return all(holds(bounds, version) for version in self.versions)
        if self.how == "any":
            return any(holds(bounds, version) for version in self.versions)
        (first,) = self.versions
        later = [v for v in bounds_of(bounds) if parse(v) >= parse(first)]
        return any(holds(bounds, version) for version in (first, *later, _NEWEST))

    def __str__(self) -> str:
        if self.why:
            return self.why
        first, last = self.versions[0], self.versions[-1]
        if self.how == "any" and first != last:
            text = f"{first} to {last}"
        else:
            text = f"{first} or later" if self.how == "from" else ", ".join(self.versions)
        return f"{text} ({self.where})"


def told(files: Mapping[str, Path]) -> dict[str, Told]:
    """By firmware name, all that artifacts of these files can tell (port -> file). A file that cannot
    be read tells why."""
    found: dict[str, Told] = {}
    for port, read in _READERS.items():
        if port not in files:
            continue
        try:
            found |= read(files[port])
        except EdgebuildError as error:
            names = [name for name, entry in FIRMWARE.items() if port in entry.files]
            why = f"{files[port].name} cannot be read: {error.message}"
            found |= {name: Told(why=why) for name in names}
    return found


_NEWEST = "999999"

# luxonis/depthai-core, src/openvino/OpenVINO.cpp (MIT), `blobVersionToOpenvinoMapping`: releases whose blobs
# have this format, which firmware takes for one another.
_BLOB_RELEASES: Mapping[tuple[int, int], tuple[str, ...]] = {
    (5, 0): ("2020.3",),
    (6, 0): ("2020.4", "2021.1", "2021.2", "2021.3", "2021.4", "2022.1"),
}
# docs.openvino.ai, "Available Operation Sets": the release that brought each.
_OPSETS = (
    "2020.1", "2020.2", "2020.4", "2021.1", "2021.2", "2021.3", "2021.4", "2022.1", "2022.2", "2022.3",
    "2023.0", "2023.1", "2023.2", "2024.0", "2024.5",
)  # fmt: skip
# docs.openvino.ai, "OpenVINO IR format".
_IR_RELEASES: Mapping[int, str] = {10: "2020.1", 11: "2022.1"}


def _blob(path: Path) -> dict[str, Told]:
    with path.open("rb") as file:
        head = file.read(68)
    if len(head) < 68 or head[:4] != b"\x7felf":
        raise EdgebuildError("it is no MyriadX blob")
    major, minor = struct.unpack_from("<2I", head, 60)
    releases = _BLOB_RELEASES.get((major, minor))
    form = f"blob format {major}.{minor}"
    return {
        "blob": Told(versions=(f"{major}.{minor}",), where=f"header of {path.name}"),
        "openvino": Told(versions=releases, how="any", where=form)
        if releases
        else Told(why=f"{form} belongs to no known release"),
    }


def _xml(path: Path) -> dict[str, Told]:
    root = ir.parse(path.read_bytes(), path.name)
    version = _whole(root.attrib.get("version", ""))
    if version is None:
        raise EdgebuildError("it does not say its version")
    opset = max(filter(None, map(_opset, root.iter("layer"))), default=0)
    opsets = Told(versions=(str(opset),), where=f"layers of {path.name}")
    return {
        "openvino_ir": Told(versions=(str(version),), where=f"head of {path.name}"),
        "openvino_opset": opsets if opset else Told(why="no layer names an op set"),
        "openvino": _openvino(root, version, opset),
    }


def _openvino(root: ET.Element, version: int, opset: int) -> Told:
    """Who wrote it, if it says so; else the first release that knows all that is in it."""
    for path in ("rt_info/Runtime_version", "rt_info/MO_version", "meta_data/MO_version"):
        element = root.find(path)
        written = (element.attrib.get("value", "") if element is not None else "").partition("-")[0]
        if written[:1].isdigit():
            return Told(versions=(written,), where=path.partition("/")[2])
    if version not in _IR_RELEASES or not 0 < opset <= len(_OPSETS):
        return Told(why=f"which release IR {version} with opset{opset} needs is not known")
    first = max(_IR_RELEASES[version], _OPSETS[opset - 1], key=parse)
    return Told(versions=(first,), how="from", where=f"IR {version}, opset{opset}")


def _opset(layer: ET.Element) -> int | None:
    return _whole(layer.attrib.get("version", "").removeprefix("opset"))


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None


def _onnx(path: Path) -> dict[str, Told]:
    header = onnx_header.read_file(path)
    opset = Told(versions=(str(header.opset),), where=f"opset_import of {path.name}")
    return {
        "onnx_opset": opset
        if header.opset
        else Told(why="it names no version of the default op set"),
        "onnx_ir": Told(versions=(str(header.ir_version),), where=f"head of {path.name}"),
    }


def _dlc(path: Path) -> dict[str, Told]:
    found = dlc.read(path.read_bytes())
    where = f"metadata of {path.name}"
    return {
        "dlc": Told(versions=("4",), where=f"members of {path.name}"),
        "qnn": Told(versions=found.converters, where=where)
        if found.converters
        else Told(why="its metadata names no converter"),
    }


_READERS: Mapping[str, Callable[[Path], dict[str, Told]]] = {
    "blob": _blob,
    "xml": _xml,
    "onnx": _onnx,
    "dlc": _dlc,
}

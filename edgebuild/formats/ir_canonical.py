"""The canonical form of an IR's .xml: no trace of how it was made, no name that chance gave."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Collection

from edgebuild.formats import ir


def canonical(data: bytes, known: Collection[str], name: str = "model.xml") -> bytes:
    """`data` with the net called `main`, without the net's `rt_info` (source file, version,
    parameters of the conversion), and with every layer and tensor that OpenVINO numbered itself
    called by its type and its place.

    `known` are the names of the ONNX it was made of; they stay, also with what OpenVINO adds to
    them (`conv1/WithoutBiases`). The weights are not touched.
    """
    root = ir.parse(data, name)
    root.attrib["name"] = "main"
    for tag in ("rt_info", "meta_data", "statistics"):
        for element in root.findall(tag):
            root.remove(element)
    taken: set[str] = set()
    for graph in root.iter():
        for layer in graph.findall("layers/layer"):
            _rename(layer, known, taken)
    ET.indent(root, "\t")
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def stem(name: str) -> str:
    """A layer's name without what OpenVINO adds to that of the node it came from."""
    return re.sub(r"(/WithoutBiases|/sink_port_\d+|_compressed)+$", "", name)


def _rename(layer: ET.Element, known: Collection[str], taken: set[str]) -> None:
    own = layer.attrib["name"]
    if not _is_known(own, known):
        own = f"{layer.attrib['type']}.{layer.attrib['id']}"
    name, number = own, 1
    while name in taken:
        number += 1
        name = f"{own}.{number}"
    taken.add(name)
    layer.attrib["name"] = name
    for port in layer.iter("port"):
        if "names" in port.attrib:
            parts = re.split(r"(?<!\\),", port.attrib["names"])
            kept = sorted(part for part in parts if part.replace("\\,", ",") in known)
            port.attrib["names"] = ",".join(kept)
            if not kept:
                del port.attrib["names"]


def _is_known(name: str, known: Collection[str]) -> bool:
    """Itself, or up to one of OpenVINO's own endings."""
    return name in known or stem(name) in known

"""What is wrong with an OpenVINO IR: what its reader refuses, text behind its end, ops of extensions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from edgebuild.formats import ir
from edgebuild.formats.flaws.flaw import Flaw, short

# Versions of layers that OpenVINO itself brings; others need a library of somebody's.
_OWN = re.compile(r"opset[1-9]\d?|experimental|type_relaxed_opset|util|ie_internal_opset", re.ASCII)


def flaws(xml: Path, weights: Path) -> Iterator[Flaw]:
    """IrError where the two are no sound IR."""
    data = xml.read_bytes()
    root = ir.parse(data, xml.name)
    behind = data[data.rfind(b"</net>") + len(b"</net>") :].strip()
    if behind:
        yield Flaw(kind="hidden", text=f"{len(behind):,} bytes behind the end of {xml.name}")
    for layer in root.iter("layer"):
        version = layer.attrib.get("version", "")
        if not _OWN.fullmatch(version):
            name, kind = short(layer.attrib.get("name", "")), short(layer.attrib.get("type", ""))
            needs = f"extension `{short(version)}`" if version else "no op set"
            yield Flaw(kind="outside", text=f"layer `{name}` ({kind}) is of {needs}")
    ir.load(xml, weights)

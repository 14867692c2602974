"""Qualcomm chips by QNN's number (`soc_model`): name, Hexagon version, whether it has floats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgebuild.qnn import QnnError


@dataclass(frozen=True, kw_only=True)
class Soc:
    """A chip. `has_floats`: its HTP takes float16 and float32; else all has to be quantised."""

    model: int
    name: str
    hexagon: int
    has_floats: bool

    def __str__(self) -> str:
        return f"{self.name} (soc_model {self.model}, Hexagon v{self.hexagon})"


def soc_of(device: Mapping[str, Any]) -> Soc:
    """The chip of a target's `device` section. QnnError if it names none that QNN knows."""
    model = device.get("soc_model")
    if isinstance(model, bool) or not isinstance(model, int):
        raise QnnError(
            "the target does not say which Qualcomm chip it has",
            fields={"device": ", ".join(f"{k}: {v}" for k, v in device.items()) or "(empty)"},
            hint="give `soc_model` in the target's `device`, such as 21 for SM8250; `doit kinds "
            "kind=qnn_dlc` names more",
        )
    if model not in SOCS:
        raise QnnError(
            f"QNN has no chip with soc_model {model} that edgebuild knows",
            hint="known are " + ", ".join(f"{s.model} ({s.name})" for s in SOCS.values()),
        )
    return SOCS[model]


# Names and Hexagon versions as the HTP library of QNN 2.51 reports them for each number (where it
# does not name a chip: as in ExecuTorch's public table); floats as measured with it: a float
# convolution and a Relu offered to the HTP under each number, all of which take 8 bits.
_WITH_FLOATS = """
30 SM8350 68, 36 SM8450 69, 39 SA8295 68, 41 SM7450 69, 42 SM8475 69, 43 SM8550 73, 52 SA8255 73,
53 SXR2230P 69, 57 SM8650 75, 60 SC8380XP 73, 62 SA8540 68, 66 QCS8550 73, 67 SA8620P 75,
69 SM8750 79, 72 SA8797 81, 75 SXR2330P 79, 77 QCS9100 73, 82 QCS8300 75, 87 SM8850 81,
88 SC8480XP 81, 89 QCM8538 73, 90 QCS8625 75, 92 SM8850L 81, 94 SC8440XP 81, 97 SM8845 81
"""
_WITHOUT_FLOATS = """
12 SM8150 66, 16 SM6150 66, 18 QCS405 66, 19 SM6125 66, 20 QCS403 66, 21 SM8250 66, 25 SM7250 66,
26 SA8195 66, 27 SM6250 66, 28 SM4250 66, 29 SM6350 66, 31 SM4350 66, 32 SM7350 68, 33 QCS410 66,
34 SM8325 68, 35 SM7325 68, 37 SC8280X 68, 38 SM7315 68, 40 SM6225 66, 45 SXR1230P 73,
46 SSG2115P 73, 48 QCS6125 66, 49 QRB4210 66, 50 SM6450 73, 51 QCS7230 66, 54 SM7475 69,
55 SM4375 66, 56 QCM4325 66, 58 SSG2125P 73, 61 SM7435 73, 64 SM7550 73, 68 SM8635 73,
70 SM7675 73, 73 SM7635 73, 74 SM6650 73, 76 SM6475 73, 78 QCM6690 73, 85 SM8735 73, 86 SM7750 73,
91 SM7775 73, 93 QCS6490 68, 95 SAR2230P 81, 96 SW6100 81
"""


def _parse(text: str, has_floats: bool) -> list[Soc]:
    rows = [row.split() for row in text.replace("\n", " ").split(",")]
    return [
        Soc(model=int(model), name=name, hexagon=int(hexagon), has_floats=has_floats)
        for model, name, hexagon in rows
    ]


SOCS: Mapping[int, Soc] = {
    soc.model: soc
    for soc in sorted(
        [*_parse(_WITH_FLOATS, True), *_parse(_WITHOUT_FLOATS, False)], key=lambda s: s.model
    )
}

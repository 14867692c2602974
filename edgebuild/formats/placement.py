"""Where each op or stage of a compiled model runs, as JSON: rows of name, op, engine, and the source layer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One op or stage. `engine`: NCE, SHAVE, DMA (Myriad X); HTP, CPU (Qualcomm); CPU (host).

    `layer` is the name of the ONNX node it came from, where that is known; `reason` why it fell
    back, where it did.
    """

    name: str
    op: str
    engine: str
    layer: str = ""
    fallback: bool = False
    reason: str = ""


def save(path: Path, stages: Iterable[Stage]) -> None:
    path.write_text(json.dumps([asdict(s) for s in stages], indent=1))


def load(path: Path) -> list[Stage]:
    return [Stage(**row) for row in json.loads(path.read_text())]

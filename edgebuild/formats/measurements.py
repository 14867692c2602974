"""What a check writes: figures, and details for the report, as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgebuild.step import Measurement


def save(
    path: Path, measurements: Sequence[Measurement], details: Mapping[str, Any] | None = None
) -> None:
    """`details` is free JSON that the report may draw (tables, per-layer figures)."""
    rows = [dataclasses.asdict(m) for m in measurements]
    for row in rows:
        value = row["value"]
        if value is not None and value != value:  # NaN measured is no measurement
            row.update(value=None, detail=row["detail"] or "not a number")
        for key, nothing in (("interval", None), ("quantiles", ()), ("drop_quantiles", ())):
            if any(figure != figure for figure in row[key] or ()):
                row[key] = nothing
    document = {"measurements": rows, "details": dict(details or {})}
    path.write_text(json.dumps(_finite(document), indent=1, sort_keys=True, allow_nan=False))


def load(path: Path) -> tuple[list[Measurement], dict[str, Any]]:
    document = json.loads(path.read_text())
    return [from_json(row) for row in document["measurements"]], document["details"]


def from_json(row: Mapping[str, Any]) -> Measurement:
    """One row of the file; infinities are text there."""
    read: dict[str, Any] = dict(row)
    for key in ("value", "baseline"):
        if isinstance(row[key], str):
            read[key] = float(row[key])
    for key in ("interval", "quantiles", "drop_quantiles"):
        if row.get(key) is not None:
            read[key] = tuple(map(float, row[key]))
    return Measurement(**read)


def _finite(value: Any) -> Any:
    """JSON has no infinity: written as the string `inf` or `-inf`, read back by `float`; NaN is null."""
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value

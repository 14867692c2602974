"""`accept:` and `waivers:` of a manifest -> limits and waivers."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from edgebuild.manifest.document import Document, ManifestError, Path, quoted
from edgebuild.manifest.units import size_bytes
from edgebuild.step import LIMIT_FIELDS, Limit, Waiver


def read_limits(
    document: Document, value: Mapping[str, Any], path: Path, problems: list[ManifestError]
) -> tuple[Limit, ...]:
    """One limit a metric, in the order they are written in."""
    limits = []
    for metric, line in value.items():
        if not line:
            continue
        at = document.key((*path, metric))
        limit = Limit(
            metric=metric,
            min=_number(line.get("min")),
            max=_number(line.get("max")),
            max_drop=line.get("max_drop"),
            confidence=line.get("confidence"),
            evidence=tuple(e for e in line.get("evidence", ()) if e),
            params={name: item for name, item in line.items() if name not in LIMIT_FIELDS},
            declared_at=at,
        )
        if limit.min is not None and limit.max is not None and limit.min > limit.max:
            message = f"no value of `{metric}` is at least {line['min']} and at most {line['max']}"
            problems.append(ManifestError(message, position=at))
        if limit.confidence is not None and not metric.startswith("quality."):
            message = f"nothing says how sure a figure of `{metric}` is"
            where = document.key((*path, metric, "confidence"))
            hint = "`confidence` can be asked for of quality metrics, whose samples are drawn again"
            problems.append(ManifestError(message, position=where, hint=hint))
        limits.append(limit)
    return tuple(limits)


def read_waivers(
    document: Document, value: Iterable[Any], path: Path, problems: list[ManifestError]
) -> tuple[Waiver, ...]:
    """One waiver a metric."""
    waivers: dict[str, Waiver] = {}
    for i, line in enumerate(value):
        if not line or not {"metric", "reason", "owner", "expires"} <= line.keys():
            continue
        waiver = Waiver(**line)
        try:
            datetime.date.fromisoformat(waiver.expires)
        except ValueError:
            at = document.at((*path, i, "expires"))
            message = f"there is no day {quoted(waiver.expires)}"
            problems.append(ManifestError(message, position=at))
        if waivers.setdefault(waiver.metric, waiver) is not waiver:
            at = document.at((*path, i, "metric"))
            message = f"`{waiver.metric}` is waived twice"
            problems.append(ManifestError(message, position=at))
    return tuple(waivers.values())


def _number(value: Any) -> float | None:
    return size_bytes(value) if isinstance(value, str) else value

"""A few evaluation samples: what goes in, the source's and the artifact's answers, their difference.

Drawn from port `gallery` (edgebuild.formats.gallery). A picture is held once and shown as often as it
is needed; boxes are drawn over it as lines, which stay sharp.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgebuild.report.charts.bars import lollipops
from edgebuild.report.figures import figure, numbers
from edgebuild.report.markup import element
from edgebuild.report.sections.words import dim

_IN_A_ROW = 5
_BASE64 = re.compile(r"[A-Za-z0-9+/=]+")


def section(report: Mapping[str, Any]) -> list[ET.Element]:
    """Empty where no samples are shown."""
    gallery = report["shown"].get("gallery") or {}
    samples = gallery.get("samples") or []
    if not samples:
        return []
    pictures = {name: p for name, p in (gallery.get("pictures") or {}).items() if _is_picture(p)}
    held = [
        element(
            "image", id=f"picture-{name}", width=str(p["width"]), height=str(p["height"]),
            href=f"data:image/png;base64,{p['png']}", preserveAspectRatio="none",
        )
        for name, p in pictures.items()
    ]  # fmt: skip
    store = element(
        "svg", element("defs", *held), width="0", height="0", class_="held", aria_hidden="true"
    )
    return [
        *([dim(gallery["note"])] if gallery.get("note") else []),
        store,
        *(_sample(s, pictures) for s in samples),
    ]


def _sample(s: Mapping[str, Any], pictures: Mapping[str, Any]) -> ET.Element:
    notes = "; ".join(map(str, s.get("notes") or ()))
    rows = [
        element(
            "div",
            *(made for v in group if (made := _view(v, pictures)) is not None),
            class_="views",
        )
        for group in _grouped(s.get("views") or ())
    ]
    return element(
        "div",
        element("h3", f"Sample {s['index']}"),
        dim(notes) if notes else None,
        *rows,
        class_="sample",
    )


def _grouped(views: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """A row for each thing that is answered (`boxes: source`, `boxes: artifact`); the inputs go before the
    first of them if there is room."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for v in views:
        groups.setdefault(str(v.get("title", "")).rpartition(": ")[0], []).append(v)
    inputs = groups.pop("", [])
    first = next(iter(groups), None)
    if first is not None and len(inputs) + len(groups[first]) <= _IN_A_ROW:
        groups[first] = [*inputs, *groups[first]]
    elif inputs:
        yield inputs
    yield from groups.values()


def _view(v: Mapping[str, Any], pictures: Mapping[str, Any]) -> ET.Element | None:
    title = str(v.get("title", ""))
    drawn: ET.Element | None = None
    if v.get("pairs"):
        drawn = _pairs(title, v["pairs"])
    elif figure(v.get("width")) and figure(v.get("height")):
        drawn = _picture(title, v, pictures)
    elif not v.get("note"):
        return None
    note = element("span", f" {v['note']}", class_="dim") if v.get("note") else None
    return element("figure", drawn, element("figcaption", title, note), class_=_kind(v))


def _kind(v: Mapping[str, Any]) -> str:
    return "pairs" if v.get("pairs") else "view"


def _picture(title: str, v: Mapping[str, Any], pictures: Mapping[str, Any]) -> ET.Element:
    wide, tall = float(v["width"]), float(v["height"])
    layers = []
    for name in v.get("layers") or ():
        p = pictures.get(str(name))
        if p is not None:
            scale = f"scale({wide / p['width']:.6g} {tall / p['height']:.6g})"
            layers.append(element("use", href=f"#picture-{name}", transform=scale))
    boxes = [_box(b) for b in v.get("boxes") or () if len(numbers(b.get("at"))) == 4]
    return element(
        "svg", *layers, *boxes, viewBox=f"0 0 {wide:g} {tall:g}", role="img", aria_label=title,
        class_="picture",
    )  # fmt: skip


def _box(b: Mapping[str, Any]) -> ET.Element:
    x1, y1, x2, y2 = numbers(b["at"])
    score = figure(b.get("score"))
    words = f"class {b.get('class')}" + ("" if score is None else f", score {score:.3g}")
    label = figure(b.get("class")) or 0.0
    return element(
        "rect", element("title", words), x=f"{x1:.1f}", y=f"{y1:.1f}",
        width=f"{max(x2 - x1, 0):.1f}", height=f"{max(y2 - y1, 0):.1f}",
        class_=f"box k{int(label) % 4} {b.get('side', '')}",
    )  # fmt: skip


def _pairs(title: str, pairs: Sequence[Any]) -> ET.Element:
    rows = [(str(p[0]), _finite(p[1]), _finite(p[2])) for p in pairs if len(p) == 3]
    words = "; ".join(f"{name}: source {_told(a)}, artifact {_told(b)}" for name, a, b in rows[:12])
    names = element(
        "ol",
        *(element("li", f"{name} ", element("span", f"{_told(a)} / {_told(b)}", class_="num"))
          for name, a, b in rows),
    )  # fmt: skip
    return element("div", names, lollipops(rows, label=f"{title}. {words}"), class_="listed")


def _finite(value: Any) -> float | None:
    """None for what is no number, and what has no end."""
    found = figure(value)
    return found if found is not None and math.isfinite(found) else None


def _told(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"


def _is_picture(p: Any) -> bool:
    return (
        isinstance(p, Mapping)
        and isinstance(p.get("png"), str)
        and _BASE64.fullmatch(p["png"]) is not None
        and all(isinstance(p.get(k), int) and p[k] > 0 for k in ("width", "height"))
    )

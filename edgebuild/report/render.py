"""A report document as the files that lie beside an artifact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edgebuild.report import html, junit, markdown
from edgebuild.report.figures import plain

HTML = "report.html"


def text(document: Mapping[str, Any]) -> str:
    """The document as JSON: a line for each of its parts, and for each element of a part that is a list.
    (What `json` lays out itself takes it ten times as long.)"""
    parts = []
    for key, value in sorted(document.items()):
        if isinstance(value, list) and value:
            rows = ",\n  ".join(map(_compact, value))
            parts.append(f"{_compact(key)}: [\n  {rows}\n ]")
        else:
            parts.append(f"{_compact(key)}: {_compact(value)}")
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def page(
    document: Mapping[str, Any], siblings: Mapping[str, Mapping[str, Any]], home: str
) -> bytes:
    """report.html; `siblings` and `home` as for `html.page`."""
    return html.page(document, siblings, home).encode()


def files(
    document: Mapping[str, Any],
    siblings: Mapping[str, Mapping[str, Any]] | None = None,
    home: str = "",
) -> dict[str, bytes]:
    """File name -> content: report.json (the document itself), report.html, report.md, junit.xml."""
    return {
        "report.json": text(document).encode(),
        HTML: page(document, siblings or {}, home),
        "report.md": markdown.comment(document).encode(),
        "junit.xml": junit.suite(document),
    }


def _compact(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except ValueError:  # infinite, in a report that was read
        return json.dumps(plain(value), sort_keys=True, allow_nan=False)

"""A report document as the files that lie beside an artifact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edgebuild.report import html, junit, markdown
from edgebuild.report.figures import plain

HTML = "report.html"


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
    text = json.dumps(plain(document), indent=1, sort_keys=True, allow_nan=False)
    return {
        "report.json": f"{text}\n".encode(),
        HTML: page(document, siblings or {}, home),
        "report.md": markdown.comment(document).encode(),
        "junit.xml": junit.suite(document),
    }

"""A report document as the files that lie beside an artifact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edgebuild.report import html, junit


def files(document: Mapping[str, Any]) -> dict[str, bytes]:
    """File name -> content: report.json (the document itself), report.html, junit.xml."""
    return {
        "report.json": (json.dumps(document, indent=1, sort_keys=True) + "\n").encode(),
        "report.html": html.page(document).encode(),
        "junit.xml": junit.suite(document),
    }

"""A report as one self-contained page (being drawn)."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any


def page(document: Mapping[str, Any]) -> str:
    """The whole page; no network, no other file."""
    return f"<!doctype html><pre>{html.escape(json.dumps(document, indent=1))}</pre>\n"

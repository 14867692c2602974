"""How pages look and what little they do: the style sheets and the script beside this file."""

from __future__ import annotations

from pathlib import Path


def _read(*names: str) -> str:
    return "\n".join(Path(__file__).with_name(name).read_text("utf-8") for name in names)


STYLE = _read("page.css", "charts.css", "narrow.css")
INDEX_STYLE = _read("index.css")
INDEX_SCRIPT = _read("index.js")

"""HTML built as a tree, so that nothing a model or manifest says can break out of its place."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from typing import TypeAlias

# What XML 1.0 cannot hold, however it is escaped; what a terminal obeys; what turns around the text behind it.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)

# Elements that have no end, and those whose text is no markup: both are ours.
_VOID = frozenset({"meta", "input", "br"})
_RAW = frozenset({"style", "script"})

Cell: TypeAlias = ET.Element | str


def element(tag: str, *children: ET.Element | str | None, **attributes: str) -> ET.Element:
    """`element("td", "text", class_="num")`; a trailing underscore is dropped, `_` becomes `-`.
    None children are left out."""
    made = ET.Element(tag, {_attribute(k): clean(v) for k, v in attributes.items()})
    last: ET.Element | None = None
    for child in children:
        if child is None:
            continue
        if isinstance(child, str):
            if last is None:
                made.text = (made.text or "") + clean(child)
            else:
                last.tail = (last.tail or "") + clean(child)
        else:
            made.append(child)
            last = child
    return made


def table(head: Sequence[Cell], rows: Iterable[ET.Element], **attributes: str) -> ET.Element:
    """A table with a header row, in a box that scrolls sideways on a phone. A heading is text, or made
    by `num` where the column's figures stand to the right."""
    cells = (h if isinstance(h, ET.Element) else element("th", h, scope="col") for h in head)
    body = element("tbody", *rows)
    made = element("table", element("thead", element("tr", *cells)), body, **attributes)
    return element("div", made, class_="wide", tabindex="0")


def num(title: str) -> ET.Element:
    """The heading of a column of figures."""
    return element("th", title, scope="col", class_="num")


def row(*cells: Cell, **attributes: str) -> ET.Element:
    return element(
        "tr",
        *(
            c if isinstance(c, ET.Element) and c.tag in ("td", "th") else element("td", c)
            for c in cells
        ),
        **attributes,
    )


def folded(summary: str, *children: ET.Element | None) -> ET.Element:
    """What is shown when asked for."""
    return element("details", element("summary", summary), *children)


def section(title: str, *children: ET.Element | str | None, **attributes: str) -> ET.Element:
    return element("section", element("h2", title), *children, **attributes)


def document(
    title: str, style: str, *children: ET.Element | None, script: str = "", main: str = ""
) -> str:
    """A whole page, `children` in its `main` element of that class. It asks nothing of the network, and the
    policy it carries has the browser refuse if it did: style, script and pictures are inside."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy += f"; script-src 'sha256-{digest}'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", style),
    )
    body = element(
        "body", element("main", *children, class_=main), element("script", script) if script else None
    )  # fmt: skip
    page = element("html", head, body, lang="en")
    out = ["<!doctype html>\n"]
    _write(page, out)
    return "".join([*out, "\n"])


def _write(node: ET.Element, out: list[str]) -> None:
    """As HTML; a third of the time that ElementTree takes, which knows namespaces."""
    tag = node.tag
    attributes = "".join(f' {key}="{_quoted(value)}"' for key, value in node.items())
    out.append(f"<{tag}{attributes}>")
    if tag in _VOID:
        return
    if node.text:
        out.append(node.text if tag in _RAW else html.escape(node.text, quote=False))
    for child in node:
        _write(child, out)
        if child.tail:
            out.append(html.escape(child.tail, quote=False))
    out.append(f"</{tag}>")


def _quoted(value: str) -> str:
    return html.escape(value, quote=False).replace('"', "&quot;")


@functools.cache
def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def clean(text: str) -> str:
    """Text with what no XML can hold, or shows otherwise than it is, replaced by `?`."""
    return text if text.isascii() and text.isprintable() else _FORBIDDEN.sub("?", text)

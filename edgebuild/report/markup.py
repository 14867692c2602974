"""HTML built as a tree, so that nothing a model or manifest says can break out of its place."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

# What XML 1.0 cannot hold, however it is escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(tag: str, *children: ET.Element | str | None, **attributes: str) -> ET.Element:
    """`element("td", "text", class_="num")`; a trailing underscore is dropped, `_` becomes `-`.
    None children are left out."""
    made = ET.Element(
        tag, {k.rstrip("_").replace("_", "-"): clean(v) for k, v in attributes.items()}
    )
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


def table(head: Iterable[str], rows: Iterable[ET.Element], **attributes: str) -> ET.Element:
    """A table with a header row, in a box that scrolls sideways on a phone."""
    headers = element("tr", *(element("th", text) for text in head))
    body = element("tbody", *rows)
    made = element("table", element("thead", headers), body, **attributes)
    return element("div", made, class_="wide")


def row(*cells: ET.Element | str, **attributes: str) -> ET.Element:
    return element(
        "tr",
        *(c if isinstance(c, ET.Element) and c.tag == "td" else element("td", c) for c in cells),
        **attributes,
    )


def section(title: str, *children: ET.Element | None) -> ET.Element:
    return element("section", element("h2", title), *children)


def document(title: str, style: str, *children: ET.Element | None) -> str:
    """A whole page. It asks nothing of the network: style inside, no script, no font, no image."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", style),
    )
    page = element("html", head, element("body", element("main", *children)), lang="en")
    return "<!doctype html>\n" + ET.tostring(page, encoding="unicode", method="html") + "\n"


def clean(text: str) -> str:
    """Text with what no XML can hold replaced by `?`."""
    return _FORBIDDEN.sub("?", text)

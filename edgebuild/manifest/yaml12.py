"""YAML 1.2 read strictly: bytes -> plain values with places, or every reason why not.

PyYAML supplies the events, `builder` decides what they mean. libyaml's parser is used where it is
there, for speed, on the plain part of the language on which it and PyYAML's own agree. Whatever is
rare (anchors, tags, tabs) and whatever libyaml refuses goes to PyYAML's own parser, which gives
the messages: so the result is the same with and without libyaml.
"""

from __future__ import annotations

import re

from yaml import YAMLError
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from edgebuild.manifest import nesting, syntax
from edgebuild.manifest.builder import Builder, RareError, StopReadingError
from edgebuild.manifest.document import Document, ManifestError

try:
    from yaml._yaml import CParser
except ImportError:  # PyYAML was built without libyaml
    CParser = None  # type: ignore[assignment,misc]

LARGEST_BYTES = 1 << 20


def parse(data: bytes, file: str) -> tuple[Document | None, list[ManifestError]]:
    """The document, as far as it could be read, and every problem found in it.

    None where nothing can be said of the rest: not UTF-8, too deep, a syntax error, empty.
    """
    refusal = syntax.refuse(data, file, LARGEST_BYTES)
    if refusal is not None:
        return None, [refusal]
    text = data.decode().removeprefix("\ufeff")
    lines = re.split(r"\r\n|\r|\n", text) if "\r" in text else text.split("\n")
    deep = nesting.too_deep(text)
    if deep is not None:
        return None, [syntax.too_deep(file, lines, *deep)]
    if CParser is not None and "\t" not in text:
        try:
            return Builder(file, lines, CParser(text), plain_only=True).build()
        except (RareError, YAMLError):
            pass  # for the other parser to take or to refuse
    builder = Builder(file, lines, _OwnParser(text), plain_only=False)
    try:
        return builder.build()
    except StopReadingError as stop:
        return None, [*builder.problems, stop.problem]
    except YAMLError as error:
        return None, [*builder.problems, syntax.explain(error, file, lines)]


class _OwnParser(Reader, Scanner, Parser):
    """PyYAML's own parser, up to the events."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)

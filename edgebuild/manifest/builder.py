"""A parser's events -> a document: what they mean, and what of YAML a manifest may not use."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from edgebuild.manifest import syntax
from edgebuild.manifest.document import Document, ManifestError, Mark, Path, place, quoted
from edgebuild.manifest.nesting import LIMIT
from edgebuild.manifest.scalars import NotFiniteError, resolve
from edgebuild.manifest.wording import shown

# Values that aliases may repeat in one file: they save little writing, and blow up fast.
MOST_REPEATED = 1000

_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*(\s+#|\s*\Z)")
# First letters of which no word but text begins.
_PLAIN = frozenset("abcdeghijklmopqrsuvwxyzABCDEGHIJKLMOPQRSUVWXYZ_")
_Extent = tuple[int, int, int]


class RareError(Exception):
    """Something on which libyaml's and PyYAML's parsers may differ."""


class StopReadingError(Exception):
    """A problem behind which nothing more can be read."""

    def __init__(self, problem: ManifestError) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass
class _Anchor:
    """An anchored value; `mark` is None while it is still being read."""

    value: Any = None
    mark: Mark | None = None


@dataclass
class Builder:
    """Builds one document. `plain_only`: RareError at what parsers may differ on."""

    file: str
    lines: list[str]
    parser: Any
    plain_only: bool
    problems: list[ManifestError] = field(default_factory=list)
    spoilt: set[Path] = field(default_factory=set)
    anchors: dict[str, _Anchor] = field(default_factory=dict)
    path: list[str | int] = field(default_factory=list)
    depth: int = 0
    flow: int = 0
    repeated: int = 0

    def build(self) -> tuple[Document | None, list[ManifestError]]:
        """The document and its problems; YAMLError or StopReadingError where reading ends."""
        self.parser.get_event()
        start = self.parser.get_event()
        root = None if type(start) is StreamEndEvent else self.parser.get_event()
        if root is None or (type(root) is ScalarEvent and not root.value):
            self._rare()
            empty = ManifestError("the file is empty", position=place(self.file, [], 0, 0))
            return None, [empty]
        value, mark = self._node(root)
        self.parser.get_event()
        after = self.parser.get_event()
        if type(after) is not StreamEndEvent:
            self._rare()
            self._problem("a second document begins here", _extent(after, self.lines))
        document = Document(
            file=self.file,
            lines=self.lines,
            value=value,
            mark=mark,
            spoilt=frozenset(self.spoilt),
        )
        return document, self.problems

    def _node(self, event: Any) -> tuple[Any, Mark]:
        kind = type(event)
        if kind is AliasEvent:
            return self._alias(event)
        anchor = self._anchor(event) if event.anchor is not None else None
        if event.tag is not None:
            self._tag(event)
        if kind is ScalarEvent:
            value, mark = self._scalar(event)
        else:
            self._enter(event)
            value, mark = self._mapping(event) if kind is MappingStartEvent else self._list(event)
            self.depth -= 1
            self.flow -= bool(event.flow_style)
        if anchor is not None:
            anchor.value, anchor.mark = value, mark
        return value, mark

    def _enter(self, event: Any) -> None:
        at = event.start_mark
        if self.depth == LIMIT:
            self._rare()
            raise StopReadingError(syntax.too_deep(self.file, self.lines, at.line, at.column))
        self.depth += 1
        self.flow += bool(event.flow_style)

    def _mapping(self, event: Any) -> tuple[dict[str, Any], Mark]:
        values: dict[str, Any] = {}
        keys: dict[str, tuple[_Extent, Mark]] = {}
        next_event, path, lines = self.parser.get_event, self.path, self.lines
        key_event = next_event()
        while type(key_event) is not MappingEndEvent:
            extent = _extent(key_event, lines)
            key = key_event.value if _is_plain_key(key_event) else self._key(key_event, extent)
            path.append(key or "")
            value_event = next_event()
            value, mark = self._node(value_event)
            if type(value_event) is ScalarEvent and not value_event.value:
                # Where nothing is written, parsers differ on the place: it is the key's.
                mark = Mark(*(extent if not value_event.style else mark[:3]))
            path.pop()
            if key in keys:
                first = place(self.file, lines, *keys[key][0])
                self._problem(f"duplicate key {quoted(key)}", extent, first=str(first))
            elif key is not None:
                values[key] = value
                keys[key] = extent, mark
            key_event = next_event()
        at = event.start_mark
        return values, Mark(at.line, at.column, 1, (), keys)

    def _list(self, event: Any) -> tuple[list[Any], Mark]:
        values: list[Any] = []
        marks: list[Mark] = []
        next_event, path = self.parser.get_event, self.path
        item = next_event()
        while type(item) is not SequenceEndEvent:
            if type(item) is ScalarEvent and not item.value:
                self._rare()
            path.append(len(values))
            value, mark = self._node(item)
            path.pop()
            values.append(value)
            marks.append(mark)
            item = next_event()
        at = event.start_mark
        return values, Mark(at.line, at.column, 1, tuple(marks))

    def _scalar(self, event: Any) -> tuple[Any, Mark]:
        value: Any = event.value
        style = event.style
        extent = _extent(event, self.lines)
        if not style:
            if self.flow and "?" in value:
                self._rare()
            if value[:1] in _PLAIN:
                return value, Mark(*extent)
            try:
                value = resolve(value)
            except NotFiniteError:
                self._spoil(f"{quoted(value)} is not a finite number", extent)
                value = None
        elif style == '"':
            if found := syntax.DECEPTIVE.search(value):
                self._rare()
                self._spoil(syntax.not_allowed(found.group()), extent)
                value = None
        elif style in "|>" and not _BLOCK_HEADER.match(self.lines[extent[0]], extent[1]):
            self._rare()
        return value, Mark(*extent)

    def _key(self, event: Any, extent: _Extent) -> str | None:
        """A key's text; None, with its problem noted, if it is anything else."""
        if type(event) is not ScalarEvent:
            self._rare()
            self._node(event)
            what = "an alias" if type(event) is AliasEvent else "a list or a mapping"
            self._problem(f"a key must be text, not {what}", extent)
            return None
        if not event.value:
            self._rare()
        before = len(self.problems)
        key, _ = self._node(event)
        if key == "<<" and not event.style:
            hint = "merge keys are not part of YAML 1.2: write the fields out"
            self._problem("merge key `<<`", extent, hint=hint)
        elif isinstance(key, str):
            return key
        elif len(self.problems) == before:
            hint = f'put quotes around it: "{event.value}"'
            self._problem(f"a key must be text, not {shown(key)}", extent, hint=hint)
        return None

    def _anchor(self, event: Any) -> _Anchor:
        self._rare()
        anchor = self.anchors[event.anchor] = _Anchor()
        return anchor

    def _alias(self, event: Any) -> tuple[Any, Mark]:
        self._rare()
        extent = _extent(event, self.lines)
        anchor = self.anchors.get(event.anchor)
        name = quoted(f"*{event.anchor}")
        if anchor is None:
            self._spoil(f"alias {name} without an anchor `&{event.anchor}` before it", extent)
        elif anchor.mark is None:
            self._spoil(f"alias {name} is within the value it stands for", extent)
        else:
            self.repeated += _size(anchor.mark)
            if self.repeated <= MOST_REPEATED:
                return anchor.value, anchor.mark
            raise StopReadingError(
                ManifestError(
                    f"aliases repeat more than {MOST_REPEATED:,} values",
                    position=place(self.file, self.lines, *extent),
                )
            )
        return None, Mark(*extent)

    def _tag(self, event: Any) -> None:
        self._rare()
        hint = "remove it; text that begins with `!` needs quotes"
        self._spoil("tags are not supported", _extent(event, self.lines), hint=hint)

    def _rare(self) -> None:
        if self.plain_only:
            raise RareError

    def _spoil(self, message: str, extent: _Extent, hint: str | None = None) -> None:
        self.spoilt.add(tuple(self.path))
        self._problem(message, extent, hint=hint)

    def _problem(
        self, message: str, extent: _Extent, *, hint: str | None = None, **fields: str
    ) -> None:
        at = place(self.file, self.lines, *extent)
        self.problems.append(ManifestError(message, position=at, fields=fields, hint=hint))


def _is_plain_key(event: Any) -> bool:
    """Whether a key is, as nearly all are, a plain word that can mean nothing but itself."""
    return (
        type(event) is ScalarEvent
        and event.value[:1] in _PLAIN
        and "?" not in event.value
        and not event.style
        and event.anchor is None
        and event.tag is None
    )


def _size(mark: Mark) -> int:
    """How many values there are at and below a place."""
    below = [*mark.items, *(value for _, value in mark.keys.values())]
    return 1 + sum(map(_size, below))


def _extent(event: Any, lines: list[str]) -> _Extent:
    """Line and column (from 0) and width on its first line."""
    start, end = event.start_mark, event.end_mark
    line, column = start.line, start.column
    if end.line == line:
        return line, column, end.column - column
    return line, column, len(lines[line]) - column if line < len(lines) else 1

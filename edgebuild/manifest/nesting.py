"""How deep a YAML text nests, found without a parser: deep nesting crashes some of them."""

from __future__ import annotations

import re

LIMIT = 64

# Two levels fit into one column at best (`a:` over `-`), so this much indentation or
# these many dashes precede a block of more than 64 levels.
_INDENTED = re.compile(r"^[ \-?]{31}", re.MULTILINE)
_BLOCK_SCALAR = re.compile(r"(?:^|[\s:\-?])[|>][-+0-9]*[ \t]*(?:[ \t]#.*)?\Z")
_KEY = re.compile(r":(?:\s|\Z)")


def too_deep(text: str) -> tuple[int, int] | None:
    """Line and column (from 0) of the first bracket or block beyond 64 levels, if there is one.

    Counts structure only, not brackets within quotes, comments or text. The builder of
    `yaml12` counts again, exactly; this count is what keeps the parser out of it.
    """
    if text.count("[") + text.count("{") <= LIMIT and _INDENTED.search(text) is None:
        return None
    return _scan(text)


def _scan(text: str) -> tuple[int, int] | None:
    blocks: list[tuple[int, str]] = []
    flow = 0
    quote = ""
    scalar_indent: int | None = None
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text)):
        column = len(line) - len(line.lstrip(" "))
        if scalar_indent is not None:
            if column > scalar_indent or not line.strip():
                continue
            scalar_indent = None
        if not quote and not flow:
            column = _enter_blocks(line, column, blocks)
            if len(blocks) > LIMIT:
                return number, blocks[LIMIT][0]
        flow, quote, deep = _enter_brackets(line, column, flow, quote, LIMIT - len(blocks))
        if deep is not None:
            return number, deep
        if not quote and not flow and _BLOCK_SCALAR.search(line):
            scalar_indent = blocks[-1][0] if blocks else -1
    return None


def _enter_blocks(line: str, column: int, blocks: list[tuple[int, str]]) -> int:
    """Note the dashes and the key a line begins with; the column of what follows the dashes."""
    if column == len(line) or line[column] == "#":
        return column
    while blocks and blocks[-1][0] > column:
        blocks.pop()
    while column < len(line):
        rest = line[column:]
        dash = rest[0] in "-?" and (len(rest) == 1 or rest[1] in " \t")
        if not dash and not _KEY.search(rest):
            break
        sign = rest[0] if dash else "key"
        if blocks and blocks[-1] == (column, "-") and sign != "-":
            blocks.pop()
        if (column, sign) not in blocks[-2:]:
            blocks.append((column, sign))
        if not dash:
            break
        column += 1 + len(rest[1:]) - len(rest[1:].lstrip())
        if column - 1 >= len(line) or len(blocks) > LIMIT:
            break
    return column


def _enter_brackets(
    line: str, column: int, flow: int, quote: str, room: int
) -> tuple[int, str, int | None]:
    """Brackets open and quote open after a line, and the column at which they are too many."""
    starts = True  # whether a value may start here
    while column < len(line):
        char = line[column]
        if quote:
            if char == "\\" and quote == '"':
                column += 1
            elif char == quote:
                quote = ""
        elif char in " \t":
            pass
        elif char == "#" and (column == 0 or line[column - 1] in " \t"):
            break
        elif starts and char in "\"'":
            quote, starts = char, False
        elif starts and char in "&!":  # an anchor or a tag: the value comes behind it
            while column + 1 < len(line) and line[column + 1] not in " \t":
                column += 1
        elif char in "[{" and (flow or starts):
            flow, starts = flow + 1, True
            if flow > room:
                return flow, quote, column
        elif flow and char in "]}":
            flow, starts = flow - 1, False
        elif flow:
            starts = char in ",:-?"
        else:
            starts = char == ":" and line[column + 1 : column + 2] in ("", " ", "\t")
        column += 1
    return flow, quote, None

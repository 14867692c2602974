"""What the compiler said when it failed, without its noise: the reason, the layer, a hint.

It ends by abort, with the text of a C++ exception on stderr, where source files, classes of errors
and unrelated warnings hide the one sentence that matters.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping

from edgebuild.errors import EdgebuildError


class MyriadCompileError(EdgebuildError):
    """The Myriad X compiler did not make a blob of a model, with the reason it gave."""


REFUSED = 3  # exit code of a worker that gave its reason in our own words


def error(log: str, code: int, nodes: Mapping[str, str]) -> MyriadCompileError:
    """The error behind the log of a process that ended with `code` (negative: a signal).

    `nodes` names the ONNX node of each tensor, since the compiler calls a layer by its output.
    """
    text = _plain(log)
    if code == REFUSED:
        return MyriadCompileError(text)
    if code == -signal.SIGABRT and text:
        return _complaint(text, nodes)
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return MyriadCompileError(
        f"the Myriad X compiler crashed ({how})",
        fields={"it said": text} if text else {},
        hint="if memory ran out, build fewer steps at once" if code == -signal.SIGKILL else None,
    )


def _complaint(text: str, nodes: Mapping[str, str]) -> MyriadCompileError:
    fields: dict[str, str] = {}
    reason = text
    for place in _PLACES:
        if found := place.search(reason):
            fields |= found.groupdict()
            reason = reason[found.end() :]
    if found := _UNKNOWN.search(reason):
        fields["op"] = found[1]
        reason = f"its reader does not know {found[1]}"
    elif found := _NO_STAGE.search(reason):
        fields["op"] = found[1]
        reason = f"the chip has no stage for {found[1]}"
    node = nodes.get(fields.get("layer", ""))
    if node:
        fields["node"] = node
    return MyriadCompileError(
        f"the Myriad X compiler refused the model: {reason}",
        fields=fields,
        hint=next((hint for sign, hint in _HINTS if re.search(sign, text)), None),
    )


def _plain(log: str) -> str:
    """One line: the exception's text, or all there is if no exception was thrown."""
    lines = [line.strip() for line in _COLOUR.sub("", log).splitlines()]
    text = " ".join(line for line in lines if line and not _NOISE.search(line))
    text = _THROWN.sub("", text)
    return " ".join(_SOURCE.sub("", text).split())


_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NOISE = re.compile(r"\[Warning\]|\[ncAPI\]|^what\(\): +Check '.*' failed at ")
_THROWN = re.compile(r"^.*terminate called after throwing an instance of '[^']*'( what\(\):)?")
# Classes of errors, and the source files of those who built the compiler.
_SOURCE = re.compile(r"\[ [A-Z_]+ \]|\[Internal Error\]:|/[\w./-]+\.[ch]pp:\d+")
# Where it failed: stripped from the reason in this order.
_PLACES = (
    re.compile(r'^Failed to compile layer "(?P<layer>.*?)": '),
    re.compile(r"^(?P<layer>\S+) of type (?P<stage>\w+): "),
    re.compile(r"^While validating ONNX node '<Node\((?P<op>\w+)\): (?P<layer>.*?)>': "),
)
_UNKNOWN = re.compile(r"does not support the following ONNX operations: (.*)")
_NO_STAGE = re.compile(r'^unsupported layer type "(\w+)"$')
_HINTS = (
    (
        r"ONNX operations|unsupported layer|validating ONNX node|types check",
        "put the pass `legalize` into the recipe: it rewrites what this compiler does not read",
    ),
    (r"[Dd]ynamic", "Myriad X needs shapes that depend on no values; `simplify` fixes many"),
    (r"networkInputs\.empty", "the whole model is constant: nothing depends on its inputs"),
    (r"bytes to allocate|[Mm]emory", "make the model or its input smaller: it must fit the chip"),
)

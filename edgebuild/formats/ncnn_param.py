"""NCNN's text .param: layers, inputs and outputs of a network, checked for being one.

The format (https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure): a magic number,
the counts of layers and blobs, then a line a layer: type, name, counts of what it reads and makes, their
names, and `key=value` parameters. Needs the standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgebuild.errors import EdgebuildError

_MAGIC = "7767517"
_LONGEST_NAME = 255  # NCNN reads names with `%255s`
_LONGEST_COUNT = 9  # digits


class NcnnError(EdgebuildError):
    """A .param or .bin that is not a sound network of NCNN."""


@dataclass(frozen=True, kw_only=True)
class NcnnLayer:
    """A layer, in order of execution."""

    type: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NcnnParam:
    """A network. `inputs` are what Input layers make (the sizes these may name bind nothing: NCNN does
    not read them), `outputs` what no layer reads."""

    layers: tuple[NcnnLayer, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def load(path: Path) -> NcnnParam:
    """Read and check a file. NcnnError, with the line, for anything that contradicts itself."""
    try:
        lines = path.read_bytes().decode().splitlines()
    except UnicodeDecodeError as error:
        raise NcnnError(
            f"{path.name} is not text", hint="the binary .param.bin is not read; give the .param"
        ) from error
    if not lines or lines[0].strip() != _MAGIC:
        raise NcnnError(f"{path.name} does not begin with {_MAGIC}, as a .param of NCNN does")
    counts = lines[1].split() if len(lines) > 1 else []
    if len(counts) != 2 or not all(map(_is_count, counts)):
        raise NcnnError(f"{path.name}, line 2: not the counts of layers and blobs")
    layers = [
        _layer(line, f"{path.name}, line {number}")
        for number, line in enumerate(lines[2:], 3)
        if line.strip()
    ]
    made, read = _edges(layers, path.name)
    if (len(layers), len(made)) != (int(counts[0]), int(counts[1])):
        raise NcnnError(
            f"{path.name} has {len(layers)} layers and {len(made)} blobs, its second line says "
            f"{counts[0]} and {counts[1]}",
            hint="it is cut short, or was edited by hand",
        )
    return NcnnParam(
        layers=tuple(layers),
        inputs=tuple(blob for layer in layers if layer.type == "Input" for blob in layer.outputs),
        outputs=tuple(name for name in made if name not in read),
    )


def _layer(line: str, where: str) -> NcnnLayer:
    words = line.split()
    if len(words) < 4 or not all(map(_is_count, words[2:4])):
        raise NcnnError(f"{where}: not a layer")
    reads, makes = int(words[2]), int(words[3])
    names, params = words[4 : 4 + reads + makes], words[4 + reads + makes :]
    wrong = [*(n for n in names if "=" in n), *(p for p in params if "=" not in p)]
    if len(names) != reads + makes or wrong:
        raise NcnnError(f"{where}: layer `{words[1]}` does not name {reads} + {makes} blobs")
    if max(map(len, (words[0], words[1], *names))) > _LONGEST_NAME:
        raise NcnnError(f"{where}: a name of more than {_LONGEST_NAME} characters")
    return NcnnLayer(
        type=words[0],
        name=words[1],
        inputs=tuple(names[:reads]),
        outputs=tuple(names[reads:]),
    )


def _is_count(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= _LONGEST_COUNT


def _edges(layers: list[NcnnLayer], name: str) -> tuple[list[str], set[str]]:
    """What is made, in order, and what is read; each made once, before it is read, and read once."""
    made: dict[str, None] = {}
    read: set[str] = set()
    for layer in layers:
        for blob in layer.inputs:
            if blob not in made or blob in read:
                why = "two layers read it" if blob in read else "no layer before makes it"
                raise NcnnError(f"{name}: layer `{layer.name}` reads `{blob}`, but {why}")
            read.add(blob)
        for blob in layer.outputs:
            if blob in made:
                raise NcnnError(f"{name}: two layers make `{blob}`")
            made[blob] = None
    return list(made), read

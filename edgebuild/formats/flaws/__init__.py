"""What is wrong with a model's files before anybody runs them: damage, things hidden in them, programs.

`of_files` reads bytes that may come from anywhere: it raises nothing, whatever they are. Each file is
judged by its name's ending: .onnx, .xml with .bin, .blob, .dlc, .tflite, .safetensors; all others, and what
is inside of archives, only for programs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from edgebuild.errors import EdgebuildError
from edgebuild.formats import blob
from edgebuild.formats.flaws import archives, dlcs, irs, onnx_files, programs, safetensors, tflites
from edgebuild.formats.flaws.flaw import Flaw

__all__ = ["Flaw", "of_files"]


def of_files(files: Mapping[str, Path]) -> list[tuple[str, Flaw]]:
    """Every flaw with the port of its file; files that belong together are given together."""
    return [(port, flaw) for port in sorted(files) for flaw in _of_file(files[port], files)]


def _of_file(path: Path, files: Mapping[str, Path]) -> Iterator[Flaw]:
    try:
        yield from _read(path, files)
    except EdgebuildError as error:
        yield Flaw(kind="damaged", text=_sentence(error))


def _read(path: Path, files: Mapping[str, Path]) -> Iterator[Flaw]:
    suffix = path.suffix.lower()
    if suffix == ".xml" and (weights := _beside(files, ".bin")):
        yield from irs.flaws(path, weights)
        return
    if suffix == ".bin" and _beside(files, ".xml"):
        return  # read with its .xml
    data = path.read_bytes()
    if suffix == ".onnx":
        yield from onnx_files.flaws(data)
    elif suffix == ".blob":
        blob.read(data)
    elif suffix == ".dlc":
        yield from dlcs.flaws(data)
    elif suffix == ".tflite":
        yield from tflites.flaws(path)
    elif suffix == ".safetensors":
        yield from safetensors.flaws(data)
    elif data[:2] == b"PK":
        yield from archives.flaws(data)
    elif found := programs.found(data):
        yield Flaw(kind="program", text=f"it is {found}")


def _beside(files: Mapping[str, Path], suffix: str) -> Path | None:
    return next((path for path in files.values() if path.suffix.lower() == suffix), None)


def _sentence(error: EdgebuildError) -> str:
    where = error.fields.get("at")
    return f"{error.message}, at {where}" if where else error.message

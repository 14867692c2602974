"""Calling functions and classes of a project's own Python files inside a step."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgebuild.errors import EdgebuildError, Position, suggest
from edgebuild.step import Call


class UserCodeError(EdgebuildError):
    """A project's own file that does not do what its manifest says."""


@contextmanager
def attribute(call: Call, name: str, port: str = "file") -> Iterator[Callable[..., Any]]:
    """The function or class `name` of the file at `port`, callable inside the `with` block.

    The files at ports `modules.*` can be imported by their names, wherever the project has them.
    Whatever the code raises, on import or in the block, becomes a UserCodeError with its line.
    """
    files = [call.inputs[port], *_modules(call)]
    folder = call.folder / "project"
    folder.mkdir()
    for file in files:
        _refuse_shadow(file)
        _refuse_twin(file, folder)
        shutil.copyfile(file, folder / file.name)
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(files[0].stem)
        yield _named(module, name, files[0].name)
    except EdgebuildError:
        raise
    except Exception as error:
        raise _located(error, folder) from error
    finally:
        sys.path.remove(str(folder))
        for key in set(sys.modules) - before:
            if str(folder) in str(getattr(sys.modules[key], "__file__", "")):
                del sys.modules[key]


def _modules(call: Call) -> list[Path]:
    count = sum(port.startswith("modules.") for port in call.inputs)
    return [call.inputs[f"modules.{i}"] for i in range(count)]


def _refuse_shadow(file: Path) -> None:
    if file.suffix != ".py" or not file.stem.isidentifier():
        raise UserCodeError(
            f"{file.name} cannot be imported",
            hint="name it as a Python module: letters, digits and `_`, then `.py`",
        )
    if file.stem in sys.modules or importlib.util.find_spec(file.stem) is not None:
        raise UserCodeError(
            f"{file.name} has the name of a module of Python or of the tool environment",
            hint="give it another name",
        )


def _refuse_twin(file: Path, folder: Path) -> None:
    twin = folder / file.name
    if twin.exists() and twin.read_bytes() != file.read_bytes():
        raise UserCodeError(
            f"two of the step's Python files are called {file.name}, from whatever folders they come",
            hint="they are imported by their names alone, so give one of them another",
        )


def _named(module: Any, name: str, file: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if not callable(found):
        near = suggest(name, (n for n in vars(module) if callable(getattr(module, n))))
        raise UserCodeError(
            f"{file} has no function or class `{name}`",
            hint=f"did you mean `{near}`?" if near else "define it at the top of the file",
        )
    called: Callable[..., Any] = found
    return called


def _located(error: Exception, folder: Path) -> UserCodeError:
    traceback.print_exception(error)  # into the step's log
    place = None
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).parent == folder:
        text = (error.text or "").rstrip("\n")
        column = error.offset or 1
        place = Position(
            file=Path(error.filename).name, line=error.lineno or 1, column=column, text=text
        )
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).parent == folder:
            line = frame.line or ""
            place = Position(
                file=Path(frame.filename).name,
                line=frame.lineno or 1,
                column=1,
                text=line,
                width=len(line),
            )
    where = place.file if place else "the project's code"
    return UserCodeError(
        f"{where} failed: {type(error).__name__}: {error}".replace(f"{folder}/", ""),
        position=place,
        hint="the step's log has the whole traceback",
    )

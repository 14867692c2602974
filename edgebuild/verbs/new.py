"""`doit new model=NAME file=PATH.onnx [target=NAME]`: a manifest for an ONNX file, that builds at once."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from edgebuild.errors import EdgebuildError
from edgebuild.formats import onnx_header
from edgebuild.formats.onnx_header import OnnxHeader, OnnxValue
from edgebuild.verbs import Context

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
# ONNX's names of types -> those of manifests.
_DTYPES = {
    "FLOAT": "float32",
    "FLOAT16": "float16",
    "UINT8": "uint8",
    "INT8": "int8",
    "INT32": "int32",
    "INT64": "int64",
    "BOOL": "bool",
}
_HEAD = """\
kind: model
name: {name}
version: 1.0.0
license: {license}
description: {name}, made from {file}
source:
  onnx: {{model: {file}}}
inputs:
{inputs}
outputs:
{outputs}
data:
  # Noise shows that the artifact computes what the source does, no more. Replace it with data like
  # the device will see; `doit kinds kind=data/python` says how.
  evaluation: {{file: data.py, function: evaluation, samples: 8, seed: 11}}
recipe:
  - simplify
targets:
  {target}:
    accept:
      parity.sqnr_db: {{min: 20}}
"""
_DATA = '''"""Evaluation data for {name}: uniform noise, until there is better."""

import numpy as np

SHAPES = {shapes}


def evaluation(samples, seed, files):
    """Arrays [samples, *shape] for each input, in 0..1."""
    random = np.random.default_rng(seed)
    return {{
        "inputs": {{
            name: random.random((samples, *shape), np.float32) for name, shape in SHAPES.items()
        }}
    }}
'''


def run(
    context: Context,
    model: str | None = None,
    file: str | None = None,
    target: str | None = None,
) -> bool:
    """Write `manifests/models/NAME/` with the ONNX file, its manifest and a data.py. EdgebuildError if
    something is there already or the file cannot be described."""
    if not model or not file:
        raise EdgebuildError(
            "say the model's name and its ONNX file", hint="doit new model=NAME file=PATH.onnx"
        )
    if not _NAME.match(model):
        raise EdgebuildError(
            f"`{model}` cannot be a model's name", hint="lower-case letters, digits and `-`"
        )
    folder = context.root / "manifests/models" / model
    if folder.exists():
        raise EdgebuildError(f"{folder.relative_to(context.root)} is there already")
    source = Path(file)
    if not source.is_file():
        raise EdgebuildError(f"there is no file {file}")
    header = onnx_header.read_file(source)
    chosen = target or _some_target(context.root)
    text = _HEAD.format(
        name=model,
        license="LicenseRef-unknown",
        file=source.name,
        inputs=_tensors(header.inputs),
        outputs=_tensors(header.outputs),
        target=chosen,
    )
    folder.mkdir(parents=True)
    shutil.copyfile(source, folder / source.name)
    (folder / "manifest.yaml").write_text(text)
    (folder / "data.py").write_text(_DATA.format(name=model, shapes=_shapes(header)))
    context.say(f"wrote {folder.relative_to(context.root)}/manifest.yaml, data.py, {source.name}")
    context.say(f"next: doit build target={chosen} model={model}")
    return True


def _some_target(root: Path) -> str:
    """`desktop` or `host-cpu` if declared, for they need no vendor's tool; else the first there is."""
    names = sorted(path.stem for path in (root / "manifests/targets").glob("*.yaml"))
    for name in ("desktop", "host-cpu", *names):
        if name in names:
            return name
    raise EdgebuildError(
        "no target is declared", hint="write manifests/targets/NAME.yaml; README.md shows one"
    )


def _tensors(values: tuple[OnnxValue, ...]) -> str:
    return "\n".join(
        f"  {_quoted(value.name)}: {{shape: {list(_static(value))}, dtype: {_dtype(value)}}}"
        for value in values
    )


def _shapes(header: OnnxHeader) -> str:
    shapes = {value.name: _static(value) for value in header.inputs if _dtype(value) == "float32"}
    if len(shapes) != len(header.inputs):
        raise EdgebuildError(
            "this model has inputs that are not float32",
            hint="write its manifest by hand; README.md shows how",
        )
    return repr(shapes)


def _static(value: OnnxValue) -> tuple[int, ...]:
    """The shape with 1 for what the file leaves open; a source with a declared shape is fixed to it."""
    if value.shape is None:
        raise EdgebuildError(
            f"the file does not say the shape of `{value.name}`",
            hint="run onnx.shape_inference on it first",
        )
    return tuple(size or 1 for size in value.shape)


def _dtype(value: OnnxValue) -> str:
    if value.dtype not in _DTYPES:
        raise EdgebuildError(f"`{value.name}` is of type {value.dtype}, which manifests do not have")
    return _DTYPES[value.dtype]


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][\w/-]*", name) else f'"{name}"'

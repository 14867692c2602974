"""`doit new model=NAME file=PATH.onnx [target=NAME]`: a manifest for an ONNX file, that builds at once."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from edgebuild.errors import EdgebuildError, suggest
from edgebuild.formats import onnx_header
from edgebuild.formats.onnx_header import OnnxHeader, OnnxValue
from edgebuild.manifest.load import MODELS, TARGETS, load
from edgebuild.manifest.model import Target
from edgebuild.plan.expand import UnknownName
from edgebuild.qnn import socs
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
# Words that readers of YAML 1.1 or 1.2 take for something else than text.
_NO_WORDS = ("null", "true", "false", "yes", "no", "on", "off")
_HEAD = """\
kind: model
name: {name}
version: 1.0.0
license: {license}
description: {description}
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
{calibration}recipe:
  - simplify
targets:
  {target}:
{recipe}    accept:
      parity.sqnr_db: {{min: {least}}}
"""
_CALIBRATION = "  calibration: {file: data.py, function: evaluation, samples: 32, seed: 7}\n"
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
    something is there already or the file cannot be described; then nothing is written."""
    if not model or not file:
        raise EdgebuildError(
            "say the model's name and its ONNX file", hint="doit new model=NAME file=PATH.onnx"
        )
    if not _NAME.match(model):
        raise EdgebuildError(
            f"`{model}` cannot be a model's name", hint="lower-case letters, digits and `-`"
        )
    folder = context.root / MODELS / model
    if folder.exists():
        raise EdgebuildError(f"{folder.relative_to(context.root)} is there already")
    source = Path(file)
    if not source.is_file():
        raise EdgebuildError(f"there is no file {file}")
    header = onnx_header.read_file(source)
    if header.external_data:
        raise EdgebuildError(
            f"{source.name} keeps its weights in other files",
            hint="save it as one file: onnx.save(onnx.load(PATH), NEW_PATH)",
        )
    chosen = _target(context.root, target)
    # What it is called elsewhere must not be the name of one of the other files.
    copy = source.name if source.suffix == ".onnx" else f"{model}.onnx"
    manifest = _manifest(model, copy, _declared(context, chosen), header)
    texts = {"manifest.yaml": manifest, "data.py": _data(model, header)}
    _write(context, folder, source, copy, texts, chosen)
    context.say(f"wrote {folder.relative_to(context.root)}/manifest.yaml, data.py, {copy}")
    context.say(f"next: doit build target={chosen} model={model}")
    return True


def _write(
    context: Context, folder: Path, source: Path, copy: str, texts: Mapping[str, str], target: str
) -> None:
    """Make the model's folder whole or not at all: in a project of its own first, where it must load."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as scratch:
        made = Path(scratch) / MODELS / folder.name
        made.mkdir(parents=True)
        shutil.copyfile(source, made / copy)
        for name, text in texts.items():
            (made / name).write_text(text, encoding="utf-8")
        (Path(scratch) / TARGETS).mkdir(parents=True)
        shutil.copyfile(
            context.root / TARGETS / f"{target}.yaml", Path(scratch) / TARGETS / f"{target}.yaml"
        )
        load(Path(scratch), context.kinds)
        made.rename(folder)


def _target(root: Path, wanted: str | None) -> str:
    """The target asked for; else `desktop` or `host-cpu` if declared, for they need no vendor's tool; else
    the first there is."""
    names = sorted(path.stem for path in (root / TARGETS).glob("*.yaml"))
    if not names:
        raise EdgebuildError(
            "no target is declared", hint="write manifests/targets/NAME.yaml; README.md shows one"
        )
    if wanted and wanted not in names:
        near = suggest(wanted, names)
        raise UnknownName(
            f"unknown target `{wanted}`",
            hint=f"did you mean `{near}`?" if near else f"there are: {', '.join(names)}",
        )
    return wanted or next(name for name in ("desktop", "host-cpu", *names) if name in names)


def _declared(context: Context, name: str) -> Target:
    """The target as its manifest says; ManyErrors if that is wrong."""
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / TARGETS).mkdir(parents=True)
        shutil.copyfile(
            context.root / TARGETS / f"{name}.yaml", Path(scratch) / TARGETS / f"{name}.yaml"
        )
        return load(Path(scratch), context.kinds).targets[name]


def _manifest(model: str, file: str, target: Target, header: OnnxHeader) -> str:
    """With what the target's compiler needs of every network."""
    integers = _integers_only(target)
    recipe = ""
    if any(name.startswith("myriad_blob") for name in target.backends):
        recipe = "    recipe: [legalize]\n"
    if integers:
        recipe = "    recipe:\n      - quantize_int8: {target: qnn}\n"
    return _HEAD.format(
        name=_quoted(model),
        license="LicenseRef-unknown",
        description=_quoted(f"{model}, made from {file}"),
        file=_quoted(file),
        inputs=_tensors(header.inputs),
        outputs=_tensors(header.outputs),
        target=_quoted(target.name),
        recipe=recipe,
        calibration=_CALIBRATION if integers else "",
        least=15 if integers else 20,
    )


def _integers_only(target: Target) -> bool:
    """Whether it is a Qualcomm chip without floating point."""
    model = target.device.get("soc_model")
    known = socs.SOCS.get(model) if isinstance(model, int) else None
    return (
        known is not None
        and not known.has_floats
        and any(name.startswith("qnn_dlc") for name in target.backends)
    )


def _data(model: str, header: OnnxHeader) -> str:
    return _DATA.format(name=model, shapes=_shapes(header))


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
        raise EdgebuildError(
            f"`{value.name}` is of type {value.dtype}, which manifests do not have"
        )
    return _DTYPES[value.dtype]


def _quoted(text: str) -> str:
    """A text as YAML, in quotes unless it is a plain word in every YAML there is."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./-]*", text) and text.lower() not in _NO_WORDS:
        return text
    # JSON is YAML, but for characters beyond 16 bits, which its escapes cut in two.
    inner = "".join(c if ord(c) > 0xFFFF else json.dumps(c)[1:-1] for c in text)
    return f'"{inner}"'

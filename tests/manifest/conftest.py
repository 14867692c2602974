"""A registry of small kinds, and a project whose one model uses all of the manifest language."""

import sys
import types
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest

from edgebuild.errors import ManyErrors
from edgebuild.kinds import Kinds
from edgebuild.manifest.load import load
from edgebuild.step import File, Metric, NoParams, StepKind, param


@dataclass(frozen=True, kw_only=True)
class TorchSource:
    file: File = param("Python file that has the class")
    class_: str = param("name of the class")
    weights: File | None = param("weights", None)
    exporter: Literal["dynamo", "torchscript"] = param("torch's exporter", "dynamo")
    opset: int = param("opset to export", 18, minimum=7)


@dataclass(frozen=True, kw_only=True)
class OnnxSource:
    model: File = param("the file")


@dataclass(frozen=True, kw_only=True)
class PythonData:
    file: File = param("Python file that has the function")
    function: str = param("name of the function")
    samples: int = param("number of samples", minimum=1)
    seed: int = param("seed", 0, minimum=0)
    files: dict[str, File] = field(default_factory=dict, metadata={"doc": "files it reads"})


@dataclass(frozen=True, kw_only=True)
class Training:
    file: File = param("Python file that has the function")
    function: str = param("name of the function")
    modules: tuple[File, ...] = param("what it imports", ())
    seed: int = param("seed", 0)


@dataclass(frozen=True, kw_only=True)
class Embed:
    inputs: tuple[str, ...] = param("names of the inputs")


@dataclass(frozen=True, kw_only=True)
class Blob:
    shaves: int = param("SHAVE cores", 4, minimum=1, maximum=16)
    input_precision: Literal["U8", "FP16"] = param("how images are fed", "FP16")


@dataclass(frozen=True, kw_only=True)
class Dlc:
    io: Literal["float", "quantized"] = param("type of inputs and outputs")


@dataclass(frozen=True, kw_only=True)
class Peak:
    peak: float = param("largest value", 1.0, minimum=0)


KINDS = {
    "source/torch": {"params": TorchSource},
    "source/onnx": {"params": OnnxSource},
    "data/python": {"params": PythonData},
    "training/torch": {"params": Training},
    "pass/simplify": {},
    "pass/fold_constants": {},
    "pass/legalize": {},
    "pass/quantize": {"consumes": ("model", "calibration")},
    "pass/embed_preprocessing": {"params": Embed},
    "backend/myriad_blob": {"params": Blob, "runtime": "host", "produces": {"blob": "m.blob"}},
    "backend/qnn_dlc": {"params": Dlc, "runtime": "host", "produces": {"dlc": "m.dlc"}},
    "backend/onnx": {"runtime": "host", "produces": {"onnx": "m.onnx"}},
    "runtime/host": {},
    "check/parity": {"metrics": {"sqnr_db": Metric(doc="ratio", unit="dB")}},
    "check/size": {"metrics": {"bytes": Metric(doc="size", unit="bytes", better="lower")}},
    "check/latency": {"metrics": {"ms_p95": Metric(doc="time", unit="ms", better="lower")}},
}


def fake(name: str, **names: object) -> str:
    module = types.ModuleType(f"manifest_tests_{name.replace('/', '_')}")
    module.__doc__ = f"What {name} does.\n\nAnd how."
    vars(module).update(names)
    sys.modules[module.__name__] = module
    return module.__name__


@pytest.fixture(scope="session")
def kinds() -> Kinds:
    modules = {}
    for name, given in KINDS.items():
        kind = StepKind(
            role=name.partition("/")[0],
            run=print,
            tools="onnx",
            **{"params": NoParams, **given},
        )
        modules[name] = fake(name, KIND=kind)
    metric = Metric(doc="noise", unit="dB", params=Peak)
    psnr = fake("metric/psnr_db", METRIC=metric, statistics=print, score=print)
    return Kinds(modules=modules, quality={"psnr_db": psnr})


MODEL = """\
kind: model
name: gaze
version: 1.2.0
license: Apache-2.0
description: looks where you look
source:
  torch: {file: network.py, class: Gaze, weights: weights.bin, exporter: dynamo, opset: 17}
inputs:
  eyes: {shape: [1, 2, 48, 64], layout: NCHW, color: GRAY, mean: [0.5, 0], scale: [0.5, 1]}
  angle: {shape: [1, 2], dtype: float16, unit: radian}
outputs:
  corrected: {shape: [1, 2, 48, 64], layout: NCHW}
data:
  calibration: {file: data.py, function: calibration, samples: 128, seed: 7}
  evaluation: {file: data.py, function: evaluation, samples: 256, files: {faces: faces.txt}}
  decode: {file: data.py, function: decode}
training: {file: train.py, function: train, modules: [network.py], seed: 3}
recipe:
  - simplify
  - embed_preprocessing: {inputs: [eyes]}
targets:
  oak:
    recipe: [legalize]
    compile: {input_precision: U8}
    accept:
      parity.sqnr_db: {min: 40}
      quality.psnr_db: {min: 30, max_drop: 0.5}
      latency.ms_p95: {max: 33.3, evidence: [device, estimated]}
      size.bytes: {max: 2 MB}
    waivers:
      - {metric: size.bytes, reason: new camera, owner: ada, expires: 2026-12-31}
    matrix:
      shaves: [1, 2]
      precision:
        fp16: {}
        int8:
          recipe: [quantize]
          compile: {input_precision: U8}
          accept:
            parity.sqnr_db: {min: 25}
  bar:
    refused: its compiler has no GridSample
"""

OAK = """\
kind: target
name: oak
description: a camera
device: {vendor: Intel, soc: Myriad X, shaves: 16, poe: false}
backend: myriad_blob
firmware: {openvino: ">=2020.3,<=2022.1"}
budget: {frame_rate_fps: 30}
roofline: {peak_gops: {fp16: 1400}, bandwidth_gb_s: 10.5, source: a data sheet}
"""

BAR = """\
kind: target
name: bar
description: a video bar
device: {vendor: Qualcomm, soc: QCS8250, soc_model: 21}
backends: [qnn_dlc, onnx]
isa: AVX2
"""


class Folder:
    """A project below `root`; `load` gives it loaded, `errors` the text of what is wrong."""

    def __init__(self, root: Path, kinds: Kinds) -> None:
        self.root, self.kinds = root, kinds
        self.model, self.target = MODEL, OAK
        for name in ("network.py", "data.py", "train.py", "weights.bin", "faces.txt"):
            self.write(f"manifests/models/gaze/{name}", "x")
        self.write("manifests/models/gaze/manifest.yaml", MODEL)
        self.write("manifests/targets/oak.yaml", OAK)
        self.write("manifests/targets/bar.yaml", BAR)

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def edit(self, *changes: tuple[str, str]) -> None:
        """The model's manifest with parts replaced, each of which must be there."""
        for old, new in changes:
            assert old in self.model, old
            self.model = self.model.replace(old, new)
        self.write("manifests/models/gaze/manifest.yaml", self.model)

    def edit_target(self, old: str, new: str) -> None:
        assert old in self.target
        self.target = self.target.replace(old, new)
        self.write("manifests/targets/oak.yaml", self.target)

    def load(self, **options):
        return load(self.root, self.kinds, **options)

    def errors(self) -> str:
        """The whole text of every problem."""
        with pytest.raises(ManyErrors) as caught:
            self.load()
        return str(caught.value)

    def error(self) -> str:
        """The whole text of the only problem."""
        text, _, count = self.errors().rpartition("\n\n")
        assert count == "1 problem found", f"{text}\n\n{count}"
        return text + "\n"


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    """Valid manifests."""
    return {"model": MODEL, "target": OAK, "two backends": BAR}


@pytest.fixture
def project(tmp_path, kinds) -> Folder:
    return Folder(tmp_path, kinds)


@pytest.fixture
def expect():
    """Indented text of a message -> as it is printed."""
    return lambda text: dedent(text).removeprefix("\n")

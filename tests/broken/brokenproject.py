"""A project of small networks broken in ten ways, a model each, beside three that are sound."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from edgebuild.settings import from_environment

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

TARGETS = {
    "host": "device: {vendor: any, soc: x86-64}\nbackend: onnx",
    "vpu": "device: {vendor: Intel, soc: Myriad X, shaves: 16}\nbackend: myriad_blob",
    "npu": "device: {vendor: Qualcomm, soc: QCS8250, soc_model: 21}\nbackend: qnn_dlc",
}
HOST = "    accept: {parity.sqnr_db: {min: 60}, quality.miou: {min: 0.95, max_drop: 0.01}}"
VPU = (
    "    recipe: [legalize]\n"
    "    compile: {shaves: 4, input_precision: U8}\n"
    "    accept: {parity.sqnr_db: {min: 40}, numeric.fp16_overflow: {max: 0}}"
)
NPU = (
    "    recipe: [quantize_int8: {target: qnn}]\n"
    "    accept: {parity.sqnr_db: {min: 15}, quality.miou: {min: 0.9, max_drop: 0.03},"
    " numeric.clip_share: {max: 0.01}}"
)
NORMAL = ", mean: [123.675, 116.28, 103.53], scale: [58.395, 57.12, 57.375]"

# name: target, what it accepts there, and what is not as it should be.
FRUITS = {
    "sound-host": ("host", HOST, {}),
    "sound-vpu": ("vpu", VPU, {}),
    "sound-npu": ("npu", NPU, {}),
    "colours": ("host", HOST, {"evaluation": "blue_first"}),
    "mean": ("host", HOST, {"normal": ", scale: [58.395, 57.12, 57.375]"}),
    "saturated": ("npu", NPU.replace("]", ", sabotage: {how: saturate}]", 1), {}),
    "overflow": ("vpu", VPU, {"first": "sabotage: {how: magnify}"}),
    "resize": ("host", HOST, {"first": "sabotage: {how: resize}"}),
    "transposed": ("host", HOST, {"evaluation": "channels_last"}),
    "calibration": ("npu", NPU, {"calibration": "noise"}),
    "renamed": ("host", f"    recipe: [sabotage: {{how: rename}}]\n{HOST}", {}),
}
# A network that computes no numbers of raw pixels: Open Model Zoo's open-closed-eye-0001.
EYES = """\
kind: model
name: nan
version: 1.0.0
license: Apache-2.0
source:
  onnx:
    model:
      url: https://raw.githubusercontent.com/FalchLucas/WebCamGazeEstimation/97abc280f7c194c615a57e51882914b5b9587385/intel/open-closed-eye-0001/open-closed-eye.onnx
      sha256: 4daa100034482525a26c9afb9297c16580a531189e66e3d2b2ac7d32becfd593
      size_bytes: 46164
inputs:
  input.1: {shape: [1, 3, 32, 32], layout: NCHW, color: BGR}
outputs:
  "19": {shape: [1, 2, 1, 1]}
data:
  evaluation: {file: fruits.py, function: eyes, samples: 16, seed: 11}
recipe: [simplify]
targets:
  host:
    accept: {parity.sqnr_db: {min: 60}}
"""


def write(root):
    """Manifests of all of them below `root`."""
    for name, text in TARGETS.items():
        _put(root / f"manifests/targets/{name}.yaml",
             f"kind: target\nname: {name}\ndescription: a target\n{text}\n")  # fmt: skip
    for name, (target, accept, broken) in FRUITS.items():
        _model(root, name, _manifest(name, target, accept, **broken))
    _model(root, "nan", EYES)
    _stale(root / "manifests/models/stale")
    _put(root / "dodo.py", "from edgebuild.tasks import *\n")


def build(root, target):
    """What the real `doit` says, with a store of its own below `root` and the user's tools."""
    home = root / "home"
    if not home.exists():
        tools = from_environment(os.environ).tools
        tools.mkdir(parents=True, exist_ok=True)
        home.mkdir()
        (home / "tools").symlink_to(tools)
    return subprocess.run(
        [sys.executable, "-m", "doit", "-n", "2", "--continue", "build", f"target={target}"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(HERE / "plugin"), "EDGEBUILD_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def _manifest(
    name, target, accept, *, normal=NORMAL, evaluation="evaluation", calibration="calibration", first=""
):  # fmt: skip
    recipe = ", ".join(filter(None, ("simplify", first, "embed_preprocessing: {inputs: [image]}")))
    samples = 4 if target == "npu" else 16  # the emulator takes half a second each
    return f"""\
kind: model
name: {name}
version: 1.0.0
license: Apache-2.0
source: {{onnx: {{model: fruits.onnx}}}}
inputs:
  image: {{shape: [1, 3, 64, 96], layout: NCHW, color: RGB{normal}}}
outputs:
  ripe: {{shape: [1, 1, 64, 96], layout: NCHW}}
data:
  calibration: {{file: fruits.py, function: {calibration}, samples: 32, seed: 7}}
  evaluation: {{file: fruits.py, function: {evaluation}, samples: {samples}, seed: 11}}
recipe: [{recipe}]
targets:
  {target}:
{accept}
"""


def _model(root, name, manifest):
    folder = root / "manifests/models" / name
    _put(folder / "manifest.yaml", manifest)
    for file in ("fruits.onnx", "fruits.py"):
        shutil.copy(HERE / file, folder)


def _stale(folder):
    """A shipped network whose weights are not those that its record tells of."""
    shutil.copytree(ROOT / "manifests/models/body-segmentation", folder)
    weights = folder / "weights.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-4] + b"\0\0\0\0")
    text = (folder / "manifest.yaml").read_text().replace("name: body-segmentation", "name: stale")
    text = text.replace("samples: 64", "samples: 2")
    _put(folder / "manifest.yaml", text[: text.index("targets:")] + "targets: {host: {}}\n")


def _put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

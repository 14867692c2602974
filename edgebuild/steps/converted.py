"""The tiny model of `edgebuild.steps.examples` as converters to other formats leave it."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

from edgebuild.formats import dataset, naming
from edgebuild.formats.naming import Naming
from edgebuild.step import Contract, Tensor
from edgebuild.steps import examples

# A TFLite file is NHWC, and its converter gives names of its own.
TFLITE_NAMES = Naming(
    inputs={"image": "serving_default_image:0"}, outputs={"mask": "StatefulPartitionedCall:0"}
)
_IMAGE = examples.CONTRACT.inputs["image"]
TFLITE_CONTRACT = Contract(
    inputs={
        "image": Tensor(
            shape=(1, 6, 4, 3), layout="NHWC", color="RGB", mean=_IMAGE.mean, scale=_IMAGE.scale
        )
    },
    outputs={"mask": Tensor(shape=(1, 6, 4, 2), layout="NHWC")},
)
# The same as a source, which the manifest describes by its own names.
TFLITE_SOURCE = Contract(
    inputs={TFLITE_NAMES.inputs["image"]: TFLITE_CONTRACT.inputs["image"]},
    outputs={TFLITE_NAMES.outputs["mask"]: TFLITE_CONTRACT.outputs["mask"]},
)

# The batch is open in it; compressed.
_TFLITE = (
    "eNp9VDFME2EU/ttegdRLxeSikjRAAgMsRqgD0f7/oEQcGERNXJqQw15J41EQWzSwMNi5m0kJG04OxIGhidwNuDiUmcUYmWEENz2/"
    "d/eOuxAqydf//v+9973vvff/9AkhXjyezWf/eJ6B7+9JIX4AuR4hUtingS/Yb5IfkAM04KPnebT2iejvM5+N+btNtz3YcJoH5/Kw"
    "M+s2D+r7G8YdtdUacMeL1+XujKkOOx3nJ8cYXWKE6EEODb9B3lwy8KNY+Ejy3zB25dHOiqI4rC72ZIPPLNaOJJ43MqOQ0yUNn1Yk"
    "aXBIC7FhVaQJ5wp2l7TBn/IXwKGetQfdzNHOV/CTtsLp3JRCXvl7rEhx4NhUMnPk4FyOF5sOfOVQ47UaapxQbvd0ru00TuaI1yk2"
    "D+C6s98eTKtyuex+Ox9TxeZD8I84x+sGeF5SXiefz1ONqF8o2AqAMnZnXID25E828inAF7XXJWIVONwnx+uo9Rg6RuRWq4U6WxK5"
    "6EzC5kIDtLZJG2l0oJXqc6BdogYHAiX1GLUp1OjPBOfQdb5PPYbvA/REUY+hXaEGf1aoiXgK1GPUKlHzxbyv7m0wQ+pxbIZOOEPq"
    "cThD6nE4Q+pxOEPqcThD6rEmNP+e3ACs0qK1UK/YpWHrvbm0Yls4S1zctay4ja9+ofv3K8vndL/JSQP6EsGdWzIrVTqm97ANTAP9"
    "PkfmIj6Dnc7nCUYPr2nOd9O36+Ia58sFzyYxjJ9R5tP9NxXwJWJIc36N117mNLpwjvI71H1FpLHX5yZbnDfk47JF8pJ2wW+8jU0N"
    "mAYMoIOzD5yDOPb+ep7O3zrzLExGnNtsJ31T7Ien74XvmnwGgOc1s2aV6/ZTc7VWqVWWq1bpkWnb9++yX6gtjDmL8Y524aXevVqu"
    "rk124Zjy/s+RZqxadn3iCg6y7TFHKlb/u8koR3yOv9g3Ge/VRGTX/YkG90Bnn0ScdyLKm4rB4Ljov7Lm34+wtntX1EZxt4C31upa"
    "pbo4X7LKZt2uzVeWzEULXb9ca4o1DPP+DFzZIFlW9+9hkFeP7lXqHz2uggo="
)

_NCNN_PARAM = """7767517
4 4
Input            in0      0 1 in0 0=4 1=6 2=3
Convolution      conv1    1 1 in0 c1 0=5 1=3 4=1 5=1 6=135 9=1
Convolution      conv2    1 1 c1 c2 0=2 1=1 5=0 6=10
Sigmoid          sigmoid  1 1 c2 out0
"""
NCNN_NAMES = Naming(inputs={"image": "in0"}, outputs={"mask": "out0"})


def tflite_files(folder: Path) -> dict[str, Path]:
    """The inputs of a kind that runs TFLite, but for the data."""
    naming.save(folder / "names.json", TFLITE_NAMES)
    return {"tflite": write_tflite(folder / "model.tflite"), "names": folder / "names.json"}


def ncnn_files(folder: Path) -> dict[str, Path]:
    """The inputs of a kind that runs NCNN, but for the data."""
    files = {"param": "model.param", "weights": "model.bin", "names": "names.json"}
    found = {port: folder / name for port, name in files.items()}
    write_ncnn(found["param"], found["weights"])
    naming.save(found["names"], NCNN_NAMES)
    return found


def write_tflite(path: Path) -> Path:
    """CONV_2D with ReLU, CONV_2D, LOGISTIC."""
    path.write_bytes(zlib.decompress(base64.b64decode("".join(_TFLITE))))
    return path


def write_ncnn(param: Path, weights: Path) -> None:
    """Convolution with ReLU, Convolution, Sigmoid; weights as float32."""

    def values(count: int) -> bytes:
        return struct.pack(f"<{count}f", *(((i * 37 % 101) - 50) / 200 for i in range(count)))

    param.write_text(_NCNN_PARAM)
    as_float32 = bytes(4)
    weights.write_bytes(as_float32 + values(135) + values(5) + as_float32 + values(10))


def nhwc_images(path: Path) -> Path:
    """`examples.images` as TFLITE_SOURCE takes them."""
    images = dataset.load(examples.images(path))["inputs"]["image"]
    name = TFLITE_NAMES.inputs["image"]
    dataset.save(path, {"inputs": {name: images.transpose(0, 1, 3, 4, 2)}})
    return path

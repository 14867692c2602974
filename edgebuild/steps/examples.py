"""A tiny model with its contract and data: what the kinds' own examples are made of."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebuild.formats import dataset
from edgebuild.step import Call, Contract, StepKind, Tensor

if TYPE_CHECKING:
    import onnx

CONTRACT = Contract(
    inputs={
        "image": Tensor(
            shape=(1, 3, 6, 4),
            layout="NCHW",
            color="RGB",
            mean=(127.5, 120.0, 110.0),
            scale=(64.0, 60.0, 50.0),
        )
    },
    outputs={"mask": Tensor(shape=(1, 2, 6, 4), layout="NCHW")},
)


# onnx_file.to_bytes(model()), compressed
_MODEL = (
    "eNrNUz1s00AUtl2nMSehRsYgNUKJVJY0QyU7QoqK7wmFIShiSRmQUJak+ZFp04ZGoVK7sGT2HMSAFFYyR8LnIazp"
    "HNbM7RpmvtfAghgY8el05/e+73vfO5+tpH2n1ey0GoPguJnW9r9visciEXTrnZYwzl1hNFzbOHTTicPTk3fujvkM"
    "S/6eMHv1Zv+pvh5vtE96UtwXwNnGGbBnreMBsAdYxLZACFIeZLy1jLeWEQ/B8GyzW+8fpZP9oNM9DZo7yZfrDceD"
    "k/wX00pYGzxSegmGKh9NTXsfTzNDFc5W8mr+Ig5ng+jS2aMPo+14t7YlJ+U6Xc3n6tKZyMW4FwOj3kpBn3sy1vBg"
    "JbxznPMEnAKeecxX0EFsj3V9YAh1FOpJ1KXdWqiyw2s5vK7GYjGOvq1ydDDNALvyf+RqJMVCIS7BjaEHXoJqYYmx"
    "X2+qRfC3YqwyOzyim+pU1cKZbLfbyD9SywuHCoUC731nUiZYZQ/y+fICvY3UpLyUUryC73kEDGHy3keMkIPvEWOZ"
    "o8AlaLBWBE2CNu+5FvzMFGqzB/ai4AleiuzxCbwSPLN37gE1xgo9SfTGPUboldAzY32cAeEswA/l//JN8hkrwRel"
    "4Vacv3nKFy0DF0q39Nvr5FVy/+r8dfbXb2E/EI6l2ylhWDrmBuYmptnIiNur/Efe+J0vmUJL3f0JlLFMNA=="
)


def model() -> onnx.ModelProto:
    """Conv, Relu, Conv, Sigmoid from `image` [1, 3, 6, 4] to `mask` [1, 2, 6, 4], opset 13."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    def weights(name: str, *shape: int) -> TensorProto:
        count = int(np.prod(shape))
        values = ((np.arange(count) * 37 % 101) - 50) / 200
        return numpy_helper.from_array(values.astype(np.float32).reshape(shape), name)

    pads = [1, 1, 1, 1]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "w1", "b1"], ["c1"], "conv1", pads=pads),
            helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
            helper.make_node("Conv", ["r1", "w2"], ["c2"], "conv2"),
            helper.make_node("Sigmoid", ["c2"], ["mask"], "sigmoid"),
        ],
        "main",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 6, 4])],
        [helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 2, 6, 4])],
        [weights("w1", 5, 3, 3, 3), weights("b1", 5), weights("w2", 2, 5, 1, 1)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def write_model(path: Path) -> Path:
    """`model()` in canonical bytes, for environments without the `onnx` package."""
    path.write_bytes(zlib.decompress(base64.b64decode("".join(_MODEL))))
    return path


def images(path: Path, samples: int = 3) -> Path:
    """A dataset of raw RGB images in 0..255 for the model, without truth."""
    import numpy as np

    values = np.random.default_rng(5).integers(0, 256, (samples, 1, 3, 6, 4))
    dataset.save(path, {"inputs": {"image": values.astype(np.uint8)}})
    return path


def answers(path: Path, noise: float = 0.0, samples: int = 3) -> Path:
    """A dataset of the model's outputs, such as a runtime makes; `noise` is their error."""
    import numpy as np

    random = np.random.default_rng(6)
    values = random.random((samples, 1, 2, 6, 4))
    values += noise * np.random.default_rng(7).standard_normal(values.shape)
    dataset.save(path, {"outputs": {"mask": values.astype(np.float32)}})
    return path


def call(
    folder: Path,
    kind: StepKind,
    *,
    params: Any = None,
    facts: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Path] | None = None,
    tools: Path = Path(),
) -> Call:
    """A call of `kind`: outputs in a fresh folder `folder/out`, work in `folder/work`.

    What the kind reads and is not given is made: the tiny model, three images, answers with and
    without a hundredth of noise; each contract that it asks for is the tiny model's.
    """
    out, work = folder / "out", folder / "work"
    out.mkdir()
    work.mkdir()
    given = dict(inputs or {})
    for port in kind.consumes:
        if port in _MADE and port not in given:
            file, make = _MADE[port]
            given[port] = make(folder / file)
    contracts = {name: CONTRACT.to_json() for name in kind.facts if name.endswith("contract")}
    return Call(
        params=kind.params() if params is None else params,
        facts=contracts | dict(facts or {}),
        inputs=given,
        outputs={port: out / name for port, name in kind.produces.items()},
        folder=work,
        tools=tools,
    )


_MADE: Mapping[str, tuple[str, Callable[[Path], Path]]] = {
    "model": ("model.onnx", write_model),
    "onnx": ("model.onnx", write_model),
    "source_model": ("model.onnx", write_model),
    "calibration": ("calibration.npz", images),
    "evaluation": ("evaluation.npz", images),
    "expected": ("expected.npz", answers),
    "actual": ("actual.npz", lambda path: answers(path, noise=0.01)),
}

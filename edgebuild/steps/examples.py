"""A tiny model with its contract and data: what the kinds' own examples are made of."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
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
    "eNrNUz1s00AUtl27MSehRsYgNUKJVJY0Q6U4QoqK7wmFIShiSRmQkJek+VFo04ZGoVK7sGT2HMSAFFYyR8LnIazp"
    "HNbM7RpmvtfAghgY8el05/e+73vfO59t27nTbLSb9UHnuJHS9r9visfC6nRr7aYwzvPCqOcd4zCfsg5PT97ld8xn"
    "WHL3hNmrNfpP9fV4o33SE+K+AM4xzoA9ax4PgD3AIrYFQpDyIOOtZby1jHgIhueY3Vr/KJXod9rd005jJ/FyveF4"
    "5yT3xbQte4NHUi/BUOWjqWnv42l6qMLZSl7NX8ThbBBdunv0YbQd7wZbclKu0dV8ri7diVyMezEw6q0U9LknYw0P"
    "VsI7xzlPwCngmcd8BR3E9ljXB4ZQR6GeRF3aDUKVGV7L4XU1Fotx9G2VpYNpGtiV/yMbkBQLhbgEN4YeeBYFYYmx"
    "X2+qRfC3YqwyMzyim+pUBeFMtlot5B+p5YVLhUKB9747KROssgf5fHmB3kZqUl5KKV7B9zwChjB57yNGyMH3iLHM"
    "UeASNFgrgiZBm/dcC35mCrXZA3tR8AQvRfb4BF4Jntk794AaY4WeJHrjHiP0SuiZsT7OgHAW4Ifyf/kmubRt8UWp"
    "5yvu3zzliraBC6Xb+u118irZf3X+OvPrt3AeCNfWnaQwbB1zA3MT06ynxe1V/iNv/M6XTKEl7/4EmCBMNQ=="
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
    """A call of `kind`: outputs in a fresh folder `folder/out`, work in `folder/work`."""
    out, work = folder / "out", folder / "work"
    out.mkdir()
    work.mkdir()
    return Call(
        params=kind.params() if params is None else params,
        facts=facts or {},
        inputs=inputs or {},
        outputs={port: out / name for port, name in kind.produces.items()},
        folder=work,
        tools=tools,
    )

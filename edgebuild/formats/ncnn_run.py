"""Answers of an NCNN network on this machine's CPU, in float32 throughout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats.ncnn_param import NcnnError

if TYPE_CHECKING:
    import ncnn
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]


def network(param: Path, weights: Path, threads: int = 1) -> ncnn.Net:
    """The network, loaded. NcnnError if NCNN refuses a file, or the .bin is too long for the .param."""
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    # By default it stores and computes in 16 bits wherever the CPU can.
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
        setattr(net.opt, option, False)
    for option in ("use_bf16_packed", "use_bf16_storage"):
        setattr(net.opt, option, False)
    if net.load_param(str(param)) != 0:
        raise NcnnError(
            f"NCNN cannot load {param.name}", hint="its log names the layer it does not know"
        )
    if net.load_model(str(weights)) != 0:
        raise NcnnError(
            f"{weights.name} has not the weights that {param.name} asks for",
            hint="it is cut short, or of another network",
        )
    return net


def check_length(param: Path, weights: Path, folder: Path) -> None:
    """NcnnError if the .bin has bytes that no layer reads: without its last byte it must not load.

    NCNN itself stops reading where the last layer does. `folder` is for a copy.
    """
    import ncnn

    shorter = folder / "shorter.bin"
    shorter.write_bytes(weights.read_bytes()[:-1])
    net = ncnn.Net()
    net.load_param(str(param))
    if net.load_model(str(shorter)) == 0:
        raise NcnnError(
            f"{weights.name} has bytes that no layer of {param.name} reads",
            hint="it is of another network, or something was added to it",
        )
    shorter.unlink()


def executor(net: ncnn.Net, outputs: Mapping[str, Sequence[int]]) -> Callable[[Arrays], Arrays]:
    """A function from inputs to `outputs`, given with the shapes they are to have, by the network's names.

    NCNN knows no batch: a leading 1 of a shape is left out for it, and put before its answers.
    """
    import numpy as np

    def execute(feeds: Arrays) -> Arrays:
        found = {}
        for name, answer in infer(net, mats(feeds), outputs).items():
            array = np.array(answer)
            whole = tuple(outputs[name])
            found[name] = array[None] if whole == (1, *array.shape) else array
        return found

    return execute


def mats(feeds: Mapping[str, NDArray[Any]]) -> dict[str, ncnn.Mat]:
    """Inputs in NCNN's own memory, which is aligned, without a batch."""
    import ncnn
    import numpy as np

    return {n: ncnn.Mat(np.ascontiguousarray(_unbatched(a))).clone() for n, a in feeds.items()}


def infer(
    net: ncnn.Net, feeds: Mapping[str, ncnn.Mat], wanted: Iterable[str]
) -> dict[str, ncnn.Mat]:
    """One run. NcnnError if NCNN has no such input or output, or cannot compute it."""
    extractor = net.create_extractor()
    for name, mat in feeds.items():
        if extractor.input(name, mat) != 0:
            raise NcnnError(f"NCNN has no input `{name}`")
    found = {}
    for name in wanted:
        code, found[name] = extractor.extract(name)
        if code != 0:
            raise NcnnError(f"NCNN cannot compute `{name}`", hint="its log says why")
    return found


def _unbatched(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim > 1 and array.shape[0] == 1:
        return array[0]
    if array.ndim > 1:
        raise NcnnError(f"NCNN takes one sample at a time, not a batch of {array.shape[0]}")
    return array

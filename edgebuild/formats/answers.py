"""A model's answers on a dataset, sample by sample, as a dataset of group `outputs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.errors import EdgebuildError
from edgebuild.formats import dataset
from edgebuild.formats.feed import arranged, feed
from edgebuild.step import Contract, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]


class AnswerError(EdgebuildError):
    """A model that answers otherwise than its contract says."""


def answers(
    execute: Callable[[Arrays], Mapping[str, NDArray[Any]]],
    data: dataset.Groups,
    source: Contract,
    stage: Contract,
) -> dict[str, Arrays]:
    """`execute` on every sample of `data`, each brought from `source` into the form of `stage`.

    Gives `{"outputs": {name: [N, *shape]}}` with the outputs of `stage`, in their order, and in the
    layout that `source` has them in. An output that is of integers in `source` is so here, too: a class
    that a chip gives as 2.0 is class 2, not a score of two.
    AnswerError if the data lacks an input, or an answer lacks an output or has another shape or
    type than declared.
    """
    import numpy as np

    inputs = data.get("inputs", {})
    missing = [name for name in stage.inputs if name not in inputs]
    if missing:
        raise AnswerError(
            f"the data has no values for input `{missing[0]}`",
            fields={"has": ", ".join(inputs)},
        )
    gathered: dict[str, list[NDArray[Any]]] = {name: [] for name in stage.outputs}
    for i in range(dataset.length(data)):
        feeds = {
            name: feed(inputs[name][i], source.inputs[name], tensor)
            for name, tensor in stage.inputs.items()
        }
        found = execute(feeds)
        for name, tensor in stage.outputs.items():
            if name not in found:
                raise _lacks(name, tensor, found, stage)
            array = np.asarray(found[name])
            if array.shape != tensor.shape or array.dtype != np.dtype(tensor.dtype):
                raise AnswerError(
                    f"output `{name}` is not what the contract says",
                    fields={
                        "has": f"{list(array.shape)} {array.dtype}",
                        "declared": f"{list(tensor.shape)} {tensor.dtype}",
                    },
                )
            gathered[name].append(arranged(array, tensor, source.outputs.get(name, tensor)))
    return {
        "outputs": {
            name: _integers(np.stack(arrays), source.outputs.get(name))
            for name, arrays in gathered.items()
        }
    }


def _integers(array: NDArray[Any], wanted: Tensor | None) -> NDArray[Any]:
    """Floats that stand for the integers of output `wanted`, as these; as they are if any is beyond them."""
    import numpy as np

    if wanted is None or array.dtype.kind != "f" or np.dtype(wanted.dtype).kind not in "iu":
        return array
    whole, ends = np.rint(array.astype(np.float64)), np.iinfo(wanted.dtype)
    # No number is beyond them, too: all comparisons with it are false.
    if not ((whole >= ends.min) & (whole <= ends.max) & (whole < 2.0**63)).all():
        return array
    return whole.astype(wanted.dtype)


def _lacks(
    name: str, tensor: Tensor, found: Mapping[str, NDArray[Any]], stage: Contract
) -> AnswerError:
    """An output that is not there; what may be it under another name."""
    others = [n for n in found if n not in stage.outputs]
    alike = [n for n in others if tuple(getattr(found[n], "shape", ())) == tensor.shape]
    hint = f"`{alike[0]}` has its shape: a pass or a converter renamed it" if alike else None
    return AnswerError(
        f"the model gave no output `{name}`", fields={"gave": ", ".join(found)}, hint=hint
    )

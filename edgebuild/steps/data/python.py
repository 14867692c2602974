"""Data that a function of the project makes, for calibration and evaluation.

The function is called as `function(samples=128, seed=7, files={"images": Path})` and returns
`{"inputs": {name: array}, "truth": {name: array}}`: raw values, samples along axis 0, and behind
it the whole shape of the model's input. `truth` may be left out; its arrays may be of any shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebuild.errors import suggest
from edgebuild.formats import dataset
from edgebuild.step import Call, Contract, File, ProjectFile, StepKind, param
from edgebuild.steps import examples, user_code
from edgebuild.steps.user_code import UserCodeError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Params:
    """Which function, and what it is given."""

    file: File = param("Python file that has the function")
    function: str = param("name of the function")
    samples: int = param("number of samples to make", minimum=1)
    seed: int = param("seed for whatever is random", 0, minimum=0)
    files: dict[str, File] = field(
        default_factory=dict,
        metadata={
            "doc": "files the function reads, by the names it uses",
            "minimum": None,
            "maximum": None,
        },
    )
    modules: tuple[File, ...] = param("more Python files that the file imports", ())


def run(call: Call) -> None:
    """Call the function; write what it returns, if that is what the manifest declares."""
    params: Params = call.params
    files = {
        port.removeprefix("files."): path
        for port, path in call.inputs.items()
        if port.startswith("files.")
    }
    with user_code.attribute(call, params.function) as function:
        made = function(samples=params.samples, seed=params.seed, files=files)
    contract = Contract.from_json(call.facts["contract"])
    dataset.save(call.outputs["dataset"], _checked(made, contract, params))


def _checked(made: Any, contract: Contract, params: Params) -> dict[str, dict[str, NDArray[Any]]]:
    import numpy as np

    where = f"`{params.function}`"
    if not isinstance(made, Mapping) or not {"inputs"} <= set(made) <= {"inputs", "truth"}:
        raise UserCodeError(
            f"{where} must return a dict with `inputs` and `truth`",
            hint='return {"inputs": {name: array}, "truth": {name: array}}',
        )
    groups: dict[str, dict[str, NDArray[Any]]] = {}
    for group, arrays in made.items():
        groups[group] = {}
        for name, values in arrays.items():
            array = np.asarray(values)
            _check_array(array, f"{where} {group} `{name}`", params.samples)
            groups[group][name] = array
    inputs = groups["inputs"]
    for name in contract.inputs:
        if name not in inputs:
            near = suggest(name, inputs)
            raise UserCodeError(
                f"{where} gives no values for input `{name}`",
                hint=f"it gives `{near}`: use the manifest's name" if near else None,
            )
    for name, array in inputs.items():
        if name not in contract.inputs:
            raise UserCodeError(f"{where} gives values for `{name}`, which is no input")
        want = contract.inputs[name].shape
        if array.shape[1:] != want:
            raise UserCodeError(
                f"{where} gives values of the wrong shape for input `{name}`",
                fields={"has": str(list(array.shape)), "wanted": str([params.samples, *want])},
                hint="samples come first, then the whole shape of the input, batch included",
            )
    return groups


def _check_array(array: NDArray[Any], what: str, samples: int) -> None:
    import numpy as np

    if array.dtype.kind not in "biuf":
        raise UserCodeError(f"{what} is not an array of numbers: {array.dtype}")
    if array.ndim == 0 or len(array) != samples:
        count = "no" if array.ndim == 0 else str(len(array))
        raise UserCodeError(f"{what} has {count} samples instead of {samples}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise UserCodeError(f"{what} has {bad} values that are not finite")


_EXAMPLE = """
import numpy as np
from shading import shade

def images(samples, seed, files):
    base = int(files["base"].read_text())
    random = np.random.default_rng(seed)
    values = shade(random.integers(0, base, (samples, 1, 3, 6, 4)))
    return {"inputs": {"image": values}, "truth": {"mask": values[:, :, :2] / np.float32(255)}}
"""


def example(folder: Path) -> Call:
    """Random images, through a module beside the file."""
    files = {"file": "pictures.py", "modules.0": "shading.py", "files.base": "base.txt"}
    inputs = {port: folder / name for port, name in files.items()}
    inputs["file"].write_text(_EXAMPLE)
    inputs["modules.0"].write_text("def shade(values):\n    return values.astype('uint8')\n")
    inputs["files.base"].write_text("256")
    return examples.call(
        folder,
        KIND,
        params=Params(file=ProjectFile(path="pictures.py"), function="images", samples=4, seed=3),
        facts={"contract": examples.CONTRACT.to_json()},
        inputs=inputs,
    )


KIND = StepKind(
    role="data",
    run=run,
    tools="onnx",
    produces={"dataset": "dataset.npz"},
    params=Params,
    facts=("contract",),
    platform=("isa",),  # numpy's sin, exp and pow round differently from one to the other
)

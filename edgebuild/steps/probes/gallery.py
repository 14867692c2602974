"""A few evaluation samples for the report: what goes in, both answers side by side, and their difference.

Shown are the two samples whose answers differ most, then the first ones. Images are shown as images, sound as
spectrograms, answers as masks over the image, as maps, as bars; boxes `[N, K, 6]` of class, score, x1, y1, x2,
y2 (in pixels of the first image) that `decode` makes are drawn on the image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import dataset, gallery
from edgebuild.formats.gallery import Gallery
from edgebuild.step import Call, Contract, File, StepKind, param
from edgebuild.steps import agreement, examples, user_code
from edgebuild.steps.sample_views import Answers, Boxes, views

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]

_SHOWN = 4
_LARGEST, _SMALLEST = 256, 16  # sides of pictures in pixels


@dataclass(frozen=True, kw_only=True)
class Params:
    """How answers become boxes."""

    decode: File | None = param("Python file with the decoding function", None)
    decode_function: str = param("name of the decoding function", "decode")
    modules: tuple[File, ...] = param("more Python files that the file imports", ())


def run(call: Call) -> None:
    """Choose samples, draw them as large as there is room for."""
    data = dataset.load(call.inputs["evaluation"])
    expected, actual = (dataset.load(call.inputs[p])["outputs"] for p in ("expected", "actual"))
    order, agreements = _order(expected, actual)
    chosen = order[:_SHOWN]
    boxes = _boxes(call, chosen, (expected, actual), data.get("truth", {}))
    side = _LARGEST
    while True:
        made = Gallery(note=_note(len(order), len(chosen)))
        for place, i in enumerate(chosen):
            one = Answers(
                inputs={name: array[i] for name, array in data["inputs"].items()},
                source={name: array[i] for name, array in expected.items()},
                artifact={name: array[i] for name, array in actual.items()},
                truth={name: array[i] for name, array in data.get("truth", {}).items()},
                boxes=boxes[place] if boxes else None,
                contract=Contract.from_json(call.facts["source_contract"]),
            )
            made.samples.append(
                {"index": i, "notes": agreements[i], "views": views(made, one, side)}
            )
        size = len(made.to_json().encode())
        if size <= gallery.MOST_BYTES:
            break
        if side == _SMALLEST:
            made = Gallery(note="The samples are too large to be shown here.")
            break
        # Bytes go with the area, and a small picture has more of them a pixel.
        side = max(_SMALLEST, int(side * min(0.9, 0.9 * math.sqrt(gallery.MOST_BYTES / size))))
    gallery.save(call.outputs["gallery"], made)


def _order(expected: Arrays, actual: Arrays) -> tuple[list[int], list[list[str]]]:
    """All samples, the two worst and then the others in their order; how well each agrees."""
    both = [n for n in expected if n in actual and expected[n].shape == actual[n].shape]
    count = len(next(iter(expected.values())))
    figures: list[dict[str, float]] = []
    for i in range(count):
        found = {name: agreement.sqnr(expected[name][i], actual[name][i]) for name in both}
        figures.append({name: db for name, db in found.items() if not math.isnan(db)})
    worst = sorted(range(count), key=lambda i: min(figures[i].values(), default=math.inf))[:2]
    rest = [i for i in range(count) if i not in worst]
    return [*worst, *rest], [
        [", ".join(f"{name} {_decibels(db)}" for name, db in row.items())] if row else []
        for row in figures
    ]


def _decibels(value: float) -> str:
    if math.isinf(value):
        return "equal" if value > 0 else "not finite"
    return f"{value:.1f} dB"


def _note(count: int, shown: int) -> str:
    if count <= shown:
        return f"All {count} samples, those first whose answers differ most."
    return f"The 2 of {count} samples whose answers differ most, then the first of the others."


def _boxes(
    call: Call, chosen: Sequence[int], answers: tuple[Arrays, Arrays], truth: Arrays
) -> list[Boxes] | None:
    """Boxes of the chosen samples, if the manifest's `decode` makes such."""
    import numpy as np

    if "decode" not in call.inputs:
        return None
    rows = list(chosen)
    with user_code.attribute(call, call.params.decode_function, "decode") as function:
        made = [
            function({n: _wide(array[rows]) for n, array in outputs.items()}) for outputs in answers
        ]
    found = [np.asarray(one.get("boxes") if isinstance(one, dict) else None) for one in made]
    # What else it makes is not drawn; check `quality` says what is wrong with it.
    if any(b.shape[:1] + b.shape[2:] != (len(rows), 6) or b.dtype.kind not in "iuf" for b in found):
        return None
    source, artifact = (b.astype(np.float64) for b in found)
    real = truth.get("boxes")
    known = real is not None and real.ndim == 3 and real.shape[2] == 5
    return [
        Boxes(
            source=source[k],
            artifact=artifact[k],
            truth=np.asarray(real[i], np.float64) if known and real is not None else None,
        )
        for k, i in enumerate(rows)
    ]


def _wide(array: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    return array.astype(np.float32) if array.dtype == np.float16 else array


def example(folder: Path) -> Call:
    """Three images and their masks."""
    inputs = {"actual": examples.answers(folder / "masks.npz", noise=0.1)}
    return examples.call(folder, KIND, inputs=inputs)


KIND = StepKind(
    role="probe",
    run=run,
    tools="onnx",
    consumes=("evaluation", "expected", "actual"),
    produces={"gallery": "gallery.json"},
    params=Params,
    facts=("source_contract",),
    platform=("isa",),  # the project's decode function computes
)

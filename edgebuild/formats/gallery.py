"""A few evaluation samples with both answers, for the report, as JSON.

An object of `note`, `pictures` and `samples`. `pictures` maps a name to `width`, `height` and `png` (base64),
so that one that is shown several times is there once. A sample has `index`, `notes` (texts) and `views`, in
the order in which they are shown. A view has `title`, `note` and either

    width, height   the room it shows, in pixels of the input
    layers          names of pictures, each stretched over that room, the first lowest
    boxes           `at` [x1, y1, x2, y2] in that room, `class`, `score` (null in the truth)

or `pairs`, rows of name, the source's value and the artifact's; or nothing else: the note has the values.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import png
from edgebuild.formats.png import Color

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]

# All of the file: a report is read on a phone.
MOST_BYTES = 300_000


@dataclass(kw_only=True)
class Gallery:
    """Collects what `save` writes; equal pictures are kept once."""

    note: str = ""
    pictures: dict[str, dict[str, Any]] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)
    _names: dict[bytes, str] = field(default_factory=dict)

    def picture(self, pixels: Array, palette: Sequence[Color] = ()) -> str:
        """The name of a picture; pixels as for `png.encode`."""
        data = png.encode(pixels, palette)
        if data not in self._names:
            name = self._names[data] = str(len(self._names))
            height, width = pixels.shape[:2]
            text = base64.b64encode(data).decode()
            self.pictures[name] = {"width": width, "height": height, "png": text}
        return self._names[data]

    def to_json(self) -> str:
        document = {"note": self.note, "pictures": self.pictures, "samples": self.samples}
        return json.dumps(document, ensure_ascii=False, allow_nan=False)


def save(path: Path, gallery: Gallery) -> None:
    path.write_text(gallery.to_json())

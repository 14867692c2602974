"""A dataset: groups of named arrays with samples along the first axis, in one .npz with fixed bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgebuild.errors import EdgebuildError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Groups = dict[str, dict[str, NDArray[np.generic]]]


class DatasetError(EdgebuildError):
    """Arrays that are no dataset."""


def save(path: Path, groups: Mapping[str, Mapping[str, NDArray[np.generic]]]) -> None:
    """Write `{group: {name: array}}`; equal arrays give equal bytes.

    Groups in use: `inputs` and `truth` (made by data functions), `outputs` (made by runtimes).
    Every array of every group has the same length N along axis 0: array i is sample i, with
    the full shape of the model's tensor behind it (`[N, 1, 2, 48, 64]`). DatasetError otherwise.
    """
    import numpy as np

    flat: dict[str, NDArray[np.generic]] = {}
    lengths = set()
    for group, arrays in groups.items():
        for name, array in arrays.items():
            array = np.ascontiguousarray(array)
            if array.ndim == 0 or array.dtype.hasobject:
                raise DatasetError(f"`{group}/{name}` is not an array with samples along axis 0")
            lengths.add(array.shape[0])
            flat[f"{group}/{name}"] = array
    if len(lengths) != 1:
        raise DatasetError(f"arrays differ in their number of samples: {sorted(lengths)}")
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **dict(sorted(flat.items())))


def load(path: Path) -> Groups:
    """The inverse of `save`. Never unpickles. DatasetError if the file is not a dataset."""
    import zipfile

    import numpy as np

    groups: Groups = {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            for key in archive.files:
                group, slash, name = key.partition("/")
                if not slash:
                    raise DatasetError(f"`{key}` belongs to no group")
                groups.setdefault(group, {})[name] = archive[key]
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path.name} is not a dataset: {error}") from error
    return groups


def length(groups: Groups) -> int:
    """Number of samples."""
    return next(len(a) for arrays in groups.values() for a in arrays.values())

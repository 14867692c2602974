"""The tiny model of `edgebuild.steps.examples` by arithmetic, in float64."""

import numpy as np

from edgebuild.steps import examples


def answers(raw):
    """Of raw images [N, 1, 3, 6, 4]: masks [N, 1, 2, 6, 4]."""
    return np.stack([_answer(sample) for sample in raw.astype(np.float64)])


def _answer(raw):
    tensor = examples.CONTRACT.inputs["image"]

    def weights(count):
        return ((np.arange(count) * 37 % 101) - 50) / 200

    x = (raw - np.reshape(tensor.mean, (1, 3, 1, 1))) / np.reshape(tensor.scale, (1, 3, 1, 1))
    padded = np.pad(x[0], ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    inner = np.einsum("chwij,ocij->ohw", windows, weights(135).reshape(5, 3, 3, 3))
    inner = np.maximum(inner + weights(5)[:, None, None], 0)
    return 1 / (1 + np.exp(-np.einsum("chw,oc->ohw", inner, weights(10).reshape(2, 5))))[None]

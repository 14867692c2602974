"""Inputs of each network as each of its files wants them: FOLDER PHOTO writes FOLDER/<name>.npz.

Arrays are [N, ...] by the name the file has for its input. What a device would have to do to the values
(mean, scale, layout, type) is done here.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np

folder, photo = map(Path, sys.argv[1:3])
spec = importlib.util.spec_from_file_location(
    "photos", Path(__file__).parents[1] / "manifests/data/photos.py"
)
photos = importlib.util.module_from_spec(spec)
spec.loader.exec_module(photos)
files = {"photo": photo}


def save(name, **arrays):
    np.savez(folder / f"{name}.npz", **{k: np.ascontiguousarray(v) for k, v in arrays.items()})


raw = photos.faces_320x240(3, 11, files)["inputs"]["input"]
plain = ((raw.astype(np.float64) - 127) / 128).astype(np.float32)
save("ultraface", input=plain)
save("ultraface-nhwc", input_1=plain.transpose(0, 1, 3, 4, 2))

raw = photos.eyes_32x32(8, 5, files)["inputs"]["input.1"]
save("eyes-raw", **{"input.1": raw})
save("eyes", **{"input.1": ((raw.astype(np.float64) - 127) / 255).astype(np.float32)})

faces = photos.faces_300x300(4, 3, files)
save("faces", **faces["inputs"])
save("faces-truth", **faces["truth"])

pair = photos.image_pair(1, 2, files)
small = pair["inputs"]["input_1"]
save("edsr", input_1=small)
save("edsr-uint8", input_1=np.rint(small).astype(np.uint8))
save("edsr-int8", serving_default_input_1=(np.rint(small) - 128).astype(np.int8))
save("edsr-truth", **pair["truth"])

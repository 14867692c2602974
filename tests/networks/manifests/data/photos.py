"""Samples for networks that see faces and photographs, cut from one public-domain photo.

NASA's portrait of Eileen Collins, 512 x 512. numpy and Pillow only: the independent scripts read it, too.
"""

import numpy as np
from PIL import Image

FACE = np.array([178, 62, 269, 176])  # left, top, right, bottom, in pixels
EYES = ((207, 112), (246, 109))  # middles


def faces_320x240(samples, seed, files):
    """`input` [N, 1, 3, 240, 320], RGB, 0..255."""
    crops, _ = _around_the_face(files["photo"], samples, seed, 320, 240)
    return {"inputs": {"input": crops}}


def faces_300x300(samples, seed, files):
    """`data` [N, 1, 3, 300, 300], BGR, 0..255; `boxes` [N, 1, 5]: class 1, corners as shares."""
    crops, boxes = _around_the_face(files["photo"], samples, seed, 300, 300)
    rows = np.concatenate([np.ones((samples, 1, 1), np.float32), boxes[:, None]], 2)
    return {"inputs": {"data": crops[:, :, ::-1].copy()}, "truth": {"boxes": rows}}


def eyes_32x32(samples, seed, files):
    """`input.1` [N, 1, 3, 32, 32], BGR, 0..255: eyes, and places beside them."""
    random = np.random.default_rng(seed)
    photo = _photo(files["photo"])
    batch = np.empty((samples, 1, 3, 32, 32), np.float32)
    for number in range(samples):
        x, y = EYES[number % 2] + random.integers(-10, 11, 2)
        patch = photo[y - 16 : y + 16, x - 16 : x + 16, ::-1]
        batch[number, 0] = patch.transpose(2, 0, 1)
    return {"inputs": {"input.1": batch}}


def image_pair(samples, seed, files):
    """`input_1` [N, 1, 540, 960, 3], 0..255, and `image`, what it was reduced from, in 0..1."""
    random = np.random.default_rng(seed)
    photo = Image.fromarray(np.tile(_photo(files["photo"]), (3, 4, 1)))
    small = np.empty((samples, 1, 540, 960, 3), np.float32)
    large = np.empty((samples, 1, 1080, 1920, 3), np.float32)
    for number in range(samples):
        x, y = random.integers(0, (128, 456))
        cut = photo.crop((x, y, x + 1920, y + 1080))
        large[number, 0] = np.asarray(cut, np.float32) / 255
        small[number, 0] = np.asarray(cut.resize((960, 540), Image.Resampling.BICUBIC))
    return {"inputs": {"input_1": small}, "truth": {"image": large}}


def _around_the_face(path, samples, seed, width, height):
    """Crops [N, 1, 3, height, width] RGB that hold the face, and its box in each as shares [N, 4]."""
    random = np.random.default_rng(seed)
    photo = Image.fromarray(_photo(path))
    crops = np.empty((samples, 1, 3, height, width), np.float32)
    boxes = np.empty((samples, 4), np.float32)
    for number in range(samples):
        tall = random.uniform(200, 380)
        size = np.array([tall * width / height, tall])
        corner = random.uniform(np.maximum(FACE[2:] - size, 0), np.minimum(FACE[:2], 512 - size))
        cut = photo.resize((width, height), Image.Resampling.BILINEAR, (*corner, *(corner + size)))
        crops[number, 0] = np.asarray(cut, np.float32).transpose(2, 0, 1)
        boxes[number] = (FACE - np.tile(corner, 2)) / np.tile(size, 2)
    return crops, boxes


def _photo(path):
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))

"""Drawn pictures of fruits, red ones ripe and others not, on tinted ground: what the network to be broken sees.

image  [N, 1, 3, 64, 96]  RGB, whole values 0..255
ripe   [N, 1, 1, 64, 96]  1 where a ripe fruit is
"""

import numpy as np

HEIGHT, WIDTH = 64, 96
_RIPE = ((200, 40, 30), (225, 75, 45), (170, 25, 45))
_OTHER = ((45, 70, 205), (70, 160, 70), (35, 130, 190), (120, 70, 200), (150, 160, 60))


def calibration(samples, seed, files):
    return _dataset(samples, 1, seed)


def evaluation(samples, seed, files):
    return _dataset(samples, 2, seed)


def blue_first(samples, seed, files):
    """As some libraries read pictures: blue, green, red."""
    data = evaluation(samples, seed, files)
    data["inputs"]["image"] = data["inputs"]["image"][:, :, ::-1]
    return data


def channels_last(samples, seed, files):
    """As cameras give pictures, only called by the other shape."""
    data = evaluation(samples, seed, files)
    image = data["inputs"]["image"]
    data["inputs"]["image"] = image.transpose(0, 1, 3, 4, 2).reshape(image.shape)
    return data


def noise(samples, seed, files):
    """What somebody calibrates with who has no pictures at hand."""
    random = np.random.default_rng((3, seed))
    image = random.normal(127.5, 8, (samples, 1, 3, HEIGHT, WIDTH))
    return {"inputs": {"image": image.clip(0, 255).astype(np.float32)}}


def eyes(samples, seed, files):
    """Crops for a network that looks at 32 by 32 pixels."""
    images, _ = draw(samples, 2, seed)
    return {"inputs": {"input.1": images[:, None, :, 16:48, 32:64]}}


def draw(samples, stream, seed):
    """Images [N, 3, 64, 96] and masks [N, 1, 64, 96]."""
    random = np.random.default_rng((stream, seed))
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    images = np.empty((samples, 3, HEIGHT, WIDTH), np.float32)
    masks = np.zeros((samples, 1, HEIGHT, WIDTH), np.uint8)
    for image, mask in zip(images, masks, strict=True):
        slope = random.normal(0, 0.6, (3, 2, 1, 1))
        image[:] = (
            random.uniform(70, 170, (3, 1, 1)) + slope[:, 0] * (y - 32) + slope[:, 1] * (x - 48)
        )
        for _ in range(random.integers(4, 9)):
            ripe = random.random() < 0.5
            colors = _RIPE if ripe else _OTHER
            color = np.array(colors[random.integers(len(colors))]) + random.normal(0, 10, 3)
            top, left = random.uniform(0, HEIGHT), random.uniform(0, WIDTH)
            far = np.hypot((y - top) / random.uniform(6, 14), (x - left) / random.uniform(6, 14))
            inside = far < 1
            shade = (1.15 - 0.45 * far)[inside]
            image[:, inside] = color[:, None] * shade
            mask[0, inside] = ripe
        image += random.normal(0, 4, image.shape)
    return images.clip(0, 255).round(), masks


def _dataset(samples, stream, seed):
    images, masks = draw(samples, stream, seed)
    return {"inputs": {"image": images[:, None]}, "truth": {"ripe": masks[:, None]}}

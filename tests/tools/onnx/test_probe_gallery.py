"""The gallery shows what goes in, both answers and how they differ."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from edgebuild.formats import dataset, gallery, png
from edgebuild.step import Contract, ProjectFile, Tensor
from edgebuild.steps import drawing, examples
from edgebuild.steps.probes import gallery as probe

RNG = np.random.default_rng(3)


def shown(tmp_path, inputs, source, artifact, contract, truth=None, decode=None):
    """What the probe makes of arrays [N, *shape] by name; pictures as arrays."""
    dataset.save(
        tmp_path / "evaluation.npz", {"inputs": inputs, **({"truth": truth} if truth else {})}
    )
    dataset.save(tmp_path / "expected.npz", {"outputs": source})
    dataset.save(tmp_path / "actual.npz", {"outputs": artifact})
    files = {port: tmp_path / f"{port}.npz" for port in ("evaluation", "expected", "actual")}
    params = probe.Params()
    if decode:
        (tmp_path / "decoding.py").write_text(decode)
        files["decode"] = tmp_path / "decoding.py"
        params = probe.Params(decode=ProjectFile(path="decoding.py"))
    call = examples.call(
        tmp_path, probe.KIND, params=params, facts={"source_contract": contract.to_json()}, inputs=files
    )  # fmt: skip
    probe.run(call)
    data = call.outputs["gallery"].read_bytes()
    assert len(data) <= gallery.MOST_BYTES
    made = json.loads(data)
    for picture in made["pictures"].values():
        image = Image.open(io.BytesIO(base64.b64decode(picture["png"])))
        assert image.size == (picture["width"], picture["height"])
        picture["pixels"] = np.asarray(image.convert("RGBA")).astype(int)
    return made


def titles(sample):
    return [view["title"] for view in sample["views"]]


def contract(shape, color="RGB", layout="NCHW", **outputs):
    return Contract(
        inputs={"image": Tensor(shape=shape, layout=layout, color=color)},
        outputs={name: Tensor(shape=s, layout="NCHW") for name, s in outputs.items()},
    )


@pytest.mark.parametrize("color", ["RGB", "BGR"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_an_image_has_its_colours_whatever_their_order(tmp_path, color, layout):
    red = np.zeros((1, 1, 3, 12, 16), np.uint8)
    red[0, 0, 0 if color == "RGB" else 2] = 200
    shape = (1, 3, 12, 16)
    if layout == "NHWC":
        red, shape = red.transpose(0, 1, 3, 4, 2), (1, 12, 16, 3)
    answer = {"angle": np.array([[[0.5, -0.25]]], np.float32)}
    made = shown(
        tmp_path, {"image": red}, answer, answer, contract(shape, color, layout, angle=(1, 2))
    )
    (sample,) = made["samples"]
    assert titles(sample) == ["input image", "angle: source and artifact"]
    pixels = made["pictures"][sample["views"][0]["layers"][0]]["pixels"]
    assert pixels.shape == (12, 16, 4)
    assert np.abs(pixels[..., :3] - [200, 0, 0]).max() <= 4
    assert sample["views"][1]["pairs"] == [["0", 0.5, 0.5], ["1", -0.25, -0.25]]
    assert sample["notes"] == ["angle equal"]


def test_a_mask_lies_over_the_image_beside_its_truth(tmp_path):
    image = RNG.integers(0, 256, (3, 1, 3, 24, 16)).astype(np.uint8)
    mask = np.zeros((3, 1, 1, 24, 16), np.float32)
    mask[:, :, :, :12] = 1
    worse = mask.copy()
    worse[1, :, :, 6:12] = 0.25
    made = shown(
        tmp_path, {"image": image}, {"mask": mask}, {"mask": worse},
        contract((1, 3, 24, 16), mask=(1, 1, 24, 16)), truth={"mask": mask},
    )  # fmt: skip
    first = made["samples"][0]
    assert [s["index"] for s in made["samples"]] == [1, 0, 2]
    assert titles(first) == [
        "input image",
        "mask: truth",
        "mask: source",
        "mask: artifact",
        "mask: difference",
    ]
    image_view, _, source, artifact, difference = first["views"]
    assert source["layers"][0] == image_view["layers"][0]
    overlay = made["pictures"][source["layers"][1]]["pixels"]
    assert overlay[3, 3, 3] > 150
    assert overlay[20, 3, 3] == 0
    assert 0 < made["pictures"][artifact["layers"][1]]["pixels"][9, 3, 3] < 60
    assert difference["note"] == "brightest 0.75"
    bright = made["pictures"][difference["layers"][0]]["pixels"][..., :3].sum(axis=-1)
    assert bright[8, 5] > bright[2, 5] == 0
    assert made["note"] == "All 3 samples, those first whose answers differ most."


BOXES = """
import numpy as np


def decode(outputs):
    return {"boxes": outputs["raw"][:, 0]}
"""


@pytest.mark.parametrize(
    ("made", "drawn"),
    [
        ("outputs['raw'][:, 0].tolist()", True),
        ("outputs['raw'][:, 0, :, :5]", False),
        ("'none'", False),
    ],
)
def test_boxes_are_drawn_of_lists_too_and_of_nothing_else(tmp_path, made, drawn):
    raw = {"raw": np.array([[[[0, 0.9, 5, 5, 20, 20]]]], np.float32)}
    found = shown(
        tmp_path, {"image": np.zeros((1, 1, 3, 40, 60), np.uint8)}, raw, raw,
        contract((1, 3, 40, 60), raw=(1, 1, 6)),
        decode=f"def decode(outputs):\n    return {{'boxes': {made}}}\n",
    )  # fmt: skip
    assert ("boxes: source" in titles(found["samples"][0])) == drawn


def test_boxes_are_drawn_and_those_without_a_counterpart_are_the_difference(tmp_path):
    image = RNG.integers(0, 256, (1, 1, 3, 40, 60)).astype(np.uint8)
    rows = [
        [0, 0.9, 5, 5, 20, 20],
        [1, 0.8, 30, 10, 50, 30],
        [0, 0.1, 0, 0, 9, 9],
        [-1, 0, 0, 0, 0, 0],
    ]
    moved = [
        [0, 0.85, 6, 5, 20, 22],
        [1, 0.7, 1, 1, 9, 9],
        [0, 0.1, 0, 0, 9, 9],
        [-1, 0, 0, 0, 0, 0],
    ]
    made = shown(
        tmp_path, {"image": image}, {"raw": np.array([[rows]], np.float32)},
        {"raw": np.array([[moved]], np.float32)}, contract((1, 3, 40, 60), raw=(1, 4, 6)),
        truth={"boxes": np.array([[[0, 5, 5, 20, 20], [-1, 0, 0, 0, 0]]], np.float32)}, decode=BOXES,
    )  # fmt: skip
    views = {view["title"]: view for view in made["samples"][0]["views"]}
    assert [b["at"] for b in views["boxes: truth"]["boxes"]] == [[5, 5, 20, 20]]
    assert [(b["class"], b["score"]) for b in views["boxes: source"]["boxes"]] == [
        (0, 0.9),
        (1, 0.8),
    ]
    assert views["boxes: artifact"]["boxes"][0]["at"] == [6, 5, 20, 22]
    assert views["boxes: source"]["layers"] == views["input image"]["layers"]
    alone = views["boxes: difference"]
    assert [(b["side"], b["at"][0]) for b in alone["boxes"]] == [("source", 30), ("artifact", 1)]
    assert alone["note"] == "2 without a counterpart, edges move by up to 2.0 px"


def test_sound_is_a_spectrogram_and_a_long_answer_a_strip(tmp_path):
    time = np.arange(16_000) / 16_000
    sound = np.sin(2 * np.pi * 4000 * time)[None, None].astype(np.float32)
    answer = {"scores": RNG.random((1, 1, 500)).astype(np.float32)}
    speech = Contract(
        inputs={"sound": Tensor(shape=(1, 16_000))}, outputs={"scores": Tensor(shape=(1, 500))}
    )
    made = shown(tmp_path, {"sound": sound}, answer, answer, speech)
    (sample,) = made["samples"]
    assert titles(sample) == [
        "input sound, spectrogram", "scores: source", "scores: artifact", "scores: difference",
    ]  # fmt: skip
    pixels = made["pictures"][sample["views"][0]["layers"][0]]["pixels"]
    loudest = pixels[..., :3].sum(axis=(1, 2)).argmax() / len(pixels)
    assert loudest == pytest.approx(0.5, abs=0.05), "4 kHz is half way up to 8 kHz"


def test_values_that_are_not_finite_are_drawn(tmp_path):
    image = RNG.integers(0, 256, (1, 1, 3, 16, 16)).astype(np.uint8)
    source = RNG.standard_normal((1, 1, 5, 16, 16)).astype(np.float32)
    broken = source.copy()
    broken[0, 0, 0, 0, 0] = np.nan
    broken[0, 0, 1] = np.inf
    made = shown(
        tmp_path, {"image": image}, {"map": source}, {"map": broken},
        contract((1, 3, 16, 16), map=(1, 5, 16, 16)),
    )  # fmt: skip
    assert made["samples"][0]["notes"] == ["map not finite"]
    assert "map: artifact" in titles(made["samples"][0])


def test_large_noisy_images_are_shrunk_until_they_fit(tmp_path):
    image = RNG.integers(0, 256, (6, 1, 3, 480, 640)).astype(np.uint8)
    answer = {"angle": RNG.random((6, 1, 2)).astype(np.float32)}
    made = shown(
        tmp_path, {"image": image}, answer, answer, contract((1, 3, 480, 640), angle=(1, 2))
    )
    assert len(made["samples"]) == 4
    view = made["samples"][0]["views"][0]
    assert (view["width"], view["height"]) == (640, 480)
    assert 60 < made["pictures"][view["layers"][0]]["width"] < 640


def test_an_output_that_the_artifact_lacks_is_left_out(tmp_path):
    image = RNG.integers(0, 256, (1, 1, 3, 16, 16)).astype(np.uint8)
    made = shown(
        tmp_path, {"image": image}, {"a": np.ones((1, 1, 2), np.float32), "b": np.ones((1, 1, 2), np.float32)},
        {"b": np.ones((1, 1, 2), np.float32)}, contract((1, 3, 16, 16), a=(1, 2), b=(1, 2)),
    )  # fmt: skip
    assert titles(made["samples"][0]) == ["input image", "b: source and artifact"]


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (7, 5, 3), (1, 9, 3), (64, 33)])
def test_a_png_has_the_pixels_that_were_put_in(shape):
    pixels = RNG.integers(0, 256, shape).astype(np.uint8)
    image = Image.open(io.BytesIO(png.encode(pixels)))
    assert (np.asarray(image) == pixels).all()
    smooth = np.broadcast_to(np.arange(shape[1], dtype=np.uint8)[None, :], shape[:2])
    assert (
        np.asarray(Image.open(io.BytesIO(png.encode(np.ascontiguousarray(smooth))))) == smooth
    ).all()


def test_a_png_with_a_palette_has_its_colours_and_opacities():
    places = np.array([[0, 1], [2, 1]], np.uint8)
    colors = [(1, 2, 3, 0), (40, 50, 60, 128), (255, 254, 253, 255)]
    image = Image.open(io.BytesIO(png.encode(places, colors))).convert("RGBA")
    assert [[tuple(p) for p in row] for row in np.asarray(image)] == [
        [colors[0], colors[1]], [colors[2], colors[1]],
    ]  # fmt: skip


def test_scales_go_from_dark_to_light():
    for glow in (False, True):
        light = [0.2 * r + 0.7 * g + 0.1 * b for r, g, b, _ in drawing.palette(glow=glow)]
        assert light == sorted(light)

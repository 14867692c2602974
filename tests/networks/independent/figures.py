"""FOLDER: what separates the answers that lie there, as JSON by comparison and output."""

import json
import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])


def load(name):
    return dict(np.load(folder / f"{name}.npz"))


def apart(want, found):
    """SQNR in dB, largest and mean absolute difference, cosine."""
    want, found = want.astype(np.float64).ravel(), found.astype(np.float64).ravel()
    noise = ((want - found) ** 2).sum()
    return {
        "sqnr_db": 10 * np.log10((want**2).sum() / noise) if noise else float("inf"),
        "max_abs": np.abs(want - found).max(),
        "mean_abs": np.abs(want - found).mean(),
        "cosine": want @ found / np.sqrt((want @ want) * (found @ found)),
    }


def psnr(image, truth):
    return 10 * np.log10(1 / ((image.astype(np.float64) / 255 - truth) ** 2).mean())


def average_precision(rows, truth):
    """COCO's at IoU 0.5, one box an image: the highest precision at each of 101 recalls or above, on average;
    rows: score, image, corners."""
    right, found, taken = 0, 0, set()
    curve = []
    for _, image, box in sorted(rows, key=lambda row: -row[0]):
        low, high = np.maximum(box[:2], truth[image][:2]), np.minimum(box[2:], truth[image][2:])
        inside = np.prod(np.clip(high - low, 0, None))
        sizes = [np.prod(b[2:] - b[:2]) for b in (box, truth[image])]
        hit = image not in taken and inside / (sum(sizes) - inside) >= 0.5
        taken |= {image} if hit else set()
        right, found = right + hit, found + 1
        curve.append((right / len(truth), right / found))
    wanted = np.linspace(0, 1, 101)
    highest = [max([p for recall, p in curve if recall >= place], default=0) for place in wanted]
    return float(np.mean(highest))


ultraface = load("ultraface-onnx")
tflite, ncnn = load("ultraface-tflite"), load("ultraface-ncnn")
theirs = {"boxes": "Identity", "scores": "Identity_1"}
raw, eyes, eyes_ir = load("eyes-raw-onnx")["19"], load("eyes-onnx")["19"], load("eyes-ir")["19"]
result = {
    "ultraface tflite": {n: apart(ultraface[n], tflite[t]) for n, t in theirs.items()},
    "ultraface ncnn": {n: apart(ultraface[n], ncnn[n]) for n in theirs},
    "eyes ir": {"19": apart(eyes, eyes_ir)},
    "eyes raw": {"not finite": int((~np.isfinite(raw)).sum()), "nan": int(np.isnan(raw).sum()),
                 "values": raw.size, "not finite in the ir": int((~np.isfinite(eyes_ir)).sum())},
}  # fmt: skip

detections = load("faces-ir")["detection_out"][:, 0, 0]
truth = load("faces-truth")["boxes"][:, 0, 1:]
rows = [(r[2], i, r[3:]) for i, image in enumerate(detections) for r in image if r[2] > 0]
result["faces"] = {"map50": average_precision(rows, truth)}

if (folder / "edsr-fp32.npz").exists():
    large, image = load("edsr-fp32")["Identity"], load("edsr-truth")["image"]
    result["edsr fp32"] = {"psnr_db": psnr(large, image)}
    for name, output in (("qat", "Identity"), ("int8", "StatefulPartitionedCall")):
        found = load(f"edsr-{name}")[output]
        result[f"edsr {name}"] = {**apart(large, found), "psnr_db": psnr(found, image)}
print(json.dumps(result))

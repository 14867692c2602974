"""The metrics against scikit-learn, scikit-image and pycocotools, on random data."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measuring import measure
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn import metrics as sk

from edgebuild.steps.metrics import _labels

QUICK = settings(max_examples=20, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed, classes, size):
    """Labels of predictions and truth, two thirds of them equal, at least one positive in each."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, (size, 3))
    found = np.where(random.random((size, 3)) < 0.6, truth, random.integers(0, classes, (size, 3)))
    truth[0, 0] = found[0, 0] = 1
    truth[0, 1] = 0
    return found, truth


@QUICK
@given(SEEDS, st.integers(2, 5), st.integers(1, 30))
def test_of_labels_is_scikit_learns(seed, classes, size):
    found, truth = drawn(seed, classes, size)
    a, b = truth.ravel(), found.ravel()
    positive = {"labels": list(range(1, classes)), "average": "micro", "zero_division": 0}
    specificity = sk.recall_score(a == 0, b == 0)
    recall = sk.recall_score(a, b, **positive)
    jaccard = sk.jaccard_score(a, b, **positive)
    f1 = sk.f1_score(a, b, **positive)
    wanted = {
        "accuracy": sk.accuracy_score(a, b),
        "precision": sk.precision_score(a, b, **positive),
        "recall": recall,
        "sensitivity": recall,
        "miss_rate": 1 - recall,
        "specificity": specificity,
        "far": 1 - specificity,
        "f1": f1,
        "dice": f1,
        "iou": jaccard,
        "miou": sk.jaccard_score(a, b, average="macro"),
    }
    figures = {name: measure(name, {"y": found}, {"y": truth}) for name in wanted}
    assert figures == pytest.approx(wanted)
    # Tversky's index lies between its corners, which are others' figures.
    corner = {(0.5, 0.5): f1, (1.0, 1.0): jaccard, (0.0, 1.0): recall}
    for (alpha, beta), figure in corner.items():
        index = measure("tversky", {"y": found}, {"y": truth}, alpha=alpha, beta=beta)
        assert index == pytest.approx(figure)


@QUICK
@given(SEEDS, st.integers(2, 6), st.integers(1, 20))
def test_the_confusion_matrix_is_scikit_learns(seed, classes, size):
    found, truth = drawn(seed, classes, size)
    made = _labels.confusion(
        {"source": {"y": truth}, "artifact": {"y": found}}, {"y": truth}, _labels.Params()
    )
    labels = sorted({*found.ravel().tolist(), *truth.ravel().tolist()})
    assert made["labels"] == labels
    assert (
        made["artifact"]
        == sk.confusion_matrix(truth.ravel(), found.ravel(), labels=labels).tolist()
    )
    assert (
        made["source"] == sk.confusion_matrix(truth.ravel(), truth.ravel(), labels=labels).tolist()
    )


@QUICK
@given(SEEDS, st.integers(1, 4), st.integers(1, 30))
def test_top_k_is_scikit_learns(seed, k, size):
    random = np.random.default_rng(seed)
    scores, truth = random.random((size, 6)), random.integers(0, 6, size)
    wanted = sk.top_k_accuracy_score(truth, scores, k=k, labels=range(6))
    assert measure("top_k", {"y": scores[:, None]}, {"y": truth}, k=k) == pytest.approx(wanted)
    if k == 1:
        # ties too: as 8 bit answers have them
        coarse = {"y": np.round(scores * 3)}
        assert measure("top_k", coarse, {"y": truth}, k=1) == measure(
            "accuracy", coarse, {"y": truth}
        )


@QUICK
@given(SEEDS, st.floats(0.05, 0.95))
def test_a_threshold_on_one_score(seed, threshold):
    random = np.random.default_rng(seed)
    scores, truth = random.random(40), random.integers(0, 2, 40)
    truth[0], scores[0] = 1, 1.0
    wanted = sk.precision_score(truth, scores >= threshold)
    assert measure("precision", {"y": scores}, {"y": truth}, threshold=threshold) == pytest.approx(
        wanted
    )


@QUICK
@given(SEEDS, st.integers(1, 8))
def test_errors_are_scikit_learns_and_scikit_images(seed, size):
    random = np.random.default_rng(seed)
    truth = random.random((size, 2, 12, 13))
    found = np.clip(truth + 0.1 * random.standard_normal(truth.shape), 0, 1)
    pair = {"y": found * 255}, {"y": truth * 255}
    a, b = (group["y"].ravel() for group in reversed(pair))
    assert measure("mae", *pair) == pytest.approx(sk.mean_absolute_error(a, b))
    assert measure("rmse", *pair) == pytest.approx(sk.root_mean_squared_error(a, b))
    psnr = peak_signal_noise_ratio(a, b, data_range=255)
    assert measure("psnr_db", *pair, peak=255) == pytest.approx(psnr)


@QUICK
@given(SEEDS)
def test_ssim_is_scikit_images_image_by_image(seed):
    random = np.random.default_rng(seed)
    truth = random.random((3, 1, 2, 14, 17))
    found = np.clip(truth + 0.1 * random.standard_normal(truth.shape), 0, 1)
    planes = [
        (x.reshape(-1, 14, 17), y.reshape(-1, 14, 17)) for x, y in zip(found, truth, strict=True)
    ]
    wanted = [
        structural_similarity(
            a, b, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        for x, y in planes
        for a, b in zip(x, y, strict=True)
    ]
    assert measure("ssim", {"y": found}, {"y": truth}) == pytest.approx(np.mean(wanted))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(1, 3), st.booleans())
def test_boxes_are_pycocotools(seed, size, classes, again):
    """Its own `accumulate` and `summarize` on the samples, each as often as drawn."""
    random = np.random.default_rng(seed)
    found, truth = boxes(random, size, classes)
    times = random.multinomial(size, [1 / size] * size) if again else np.ones(size, int)
    wanted = coco(np.repeat(found, times, axis=0), np.repeat(truth, times, axis=0))
    figures = [
        measure(name, {"boxes": found}, {"boxes": truth}, times) for name in ("map", "map50", "mar")
    ]
    assert figures == pytest.approx(wanted, nan_ok=True, abs=1e-9)


def boxes(random, size, classes):
    """Truth, and predictions near it, some of them doubled, lost or of another class."""
    truth = np.full((size, 6, 5), -1.0)
    found = np.full((size, 14, 6), -1.0)
    for i in range(size):
        for j in range(random.integers(0, 7)):
            corner, extent = random.uniform(0, 80, 2), random.uniform(4, 30, 2)
            truth[i, j] = [random.integers(0, classes), *corner, *(corner + extent)]
        for j in range(14):
            near = truth[i, random.integers(0, 6)]
            if near[0] < 0 or random.random() < 0.2:
                continue
            label = near[0] if random.random() < 0.9 else random.integers(0, classes)
            found[i, j] = [label, random.random(), *(near[1:] + random.normal(0, 2, 4))]
    return found, truth


def coco(found, truth):
    """AP, AP50 and AR of all sizes."""

    def data(rows, scores):
        made = COCO()
        annotations = []
        for image, inside in enumerate(rows):
            for row in inside[inside[:, 0] >= 0]:
                x, y, w, h = *row[-4:-2], *np.maximum(row[-2:] - row[-4:-2], 0)
                annotations.append(
                    {"id": len(annotations) + 1, "image_id": image, "category_id": int(row[0]),
                     "bbox": [x, y, w, h], "area": w * h, "iscrowd": 0,
                     **({"score": row[1]} if scores else {})}
                )  # fmt: skip
        made.dataset = {
            "images": [{"id": i} for i in range(len(rows))],
            "categories": [{"id": c} for c in range(3)],
            "annotations": annotations,
        }
        made.createIndex()
        return made

    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(data(truth, False), data(found, True), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats = evaluation.stats
    return [np.nan if stats[i] < 0 else stats[i] for i in (0, 1, 8)]

"""Artifacts of real networks that others built: the reports say what scripts without edgebuild find.

The scripts are in tests/networks/independent. The networks come from their public URLs, or a mirror folder.
"""

import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))

import shipped

from edgebuild.engine.inputs import Inputs
from edgebuild.engine.toolbox import Toolbox
from edgebuild.settings import from_environment
from edgebuild.step import Fetched
from edgebuild.store.store import Store
from edgebuild.toolchains.progress import Silent

NETWORKS = shipped.ROOT / "tests/networks"
ULTRAFACE = "version-RFB-320_without_postprocessing"
FACES = "face-detection-retail-0004"


class Independent:
    """The scripts, each in the Python of a tool environment, on files in `folder`."""

    def __init__(self, folder, project):
        self.folder, self.project = folder, project
        self.box = Toolbox(settings=from_environment(os.environ), progress=Silent())
        self.box.provide(["onnx", "openvino", "litert", "ncnn", "pytest"])

    def fetch(self):
        """Every file that the manifests name, by the name in its URL."""
        settings = from_environment(shipped.environment(self.project))
        store = Store(root=settings.store).open()
        source = Inputs(root=self.project, store=store, mirrors=settings.mirrors)
        for path in self.project.rglob("manifest.yaml"):
            for file in _files(yaml.safe_load(path.read_text())):
                pinned = Fetched(**file)
                found = source.resolve(pinned)
                source.bring(pinned, found.digest)
                if not (self.folder / found.name).exists():
                    store.materialise(found.digest, self.folder / found.name)

    def run(self, environment, script, *words):
        python = self.box.get(environment).python if environment else sys.executable
        done = subprocess.run(
            [str(python), str(NETWORKS / "independent" / script), *map(str, words)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def figures(self):
        """Of the answers of all files but EDSR's."""
        self.run("onnx", "samples.py", ".", "astronaut.png")
        eyes = "open-closed-eye.onnx"
        answer = {
            "onnxruntime": (
                *(f"{ULTRAFACE}.onnx", "ultraface.npz", "ultraface-onnx.npz"),
                *(eyes, "eyes.npz", "eyes-onnx.npz", eyes, "eyes-raw.npz", "eyes-raw-onnx.npz"),
            ),
            "openvino": (
                *("theirs.xml", "eyes-raw.npz", "eyes-ir.npz"),
                *(f"{FACES}.xml", "faces.npz", "faces-ir.npz"),
            ),
            "litert": (f"{ULTRAFACE}.tflite", "ultraface-nhwc.npz", "ultraface-tflite.npz"),
            "ncnn": ("RFB-320.param", "ultraface.npz", "ultraface-ncnn.npz"),
        }
        for runtime, jobs in answer.items():
            environment = {"onnxruntime": "onnx"}.get(runtime, runtime)
            self.run(environment, f"answer_{runtime}.py", *jobs)
        return json.loads(self.run("onnx", "figures.py", "."))


def _files(value):
    """Mappings with a URL in a manifest."""
    if isinstance(value, dict) and "url" in value:
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _files(item)


@pytest.fixture(scope="module")
def independent(tmp_path_factory):
    """The project, built but for EDSR, and meanwhile the scripts' figures."""
    project = shipped.copy(tmp_path_factory.mktemp("project"), NETWORKS / "manifests")
    made = Independent(tmp_path_factory.mktemp("independent"), project)
    made.fetch()
    made.run("openvino", "make_ir.py", "open-closed-eye.onnx", "theirs.xml", 127, 255)
    for name in ("theirs.xml", "theirs.bin"):
        home = project / "manifests/models/open-closed-eye"
        (home / name).write_bytes((made.folder / name).read_bytes())
    return made


@pytest.fixture(scope="module")
def found(independent):
    with ThreadPoolExecutor() as pool:
        figures = pool.submit(independent.figures)
        built = {}
        for target, model in (
            ("desktop", None),
            ("camera", None),
            ("telephone", "ultraface"),
        ):
            words = [f"target={target}", *([f"model={model}"] if model else [])]
            built[target] = shipped.doit(independent.project, "--continue", "build", *words)
        return figures.result(), built


def report(independent, target, model, label=""):
    home = independent.project / "artifacts" / target / model / label
    path = next(p for p in (home / "report.json", home / "rejected/report.json") if p.exists())
    return json.loads(path.read_bytes())


def measured(report, check):
    """Figures by output and metric; JSON has no infinity, so it is text there."""
    rows = {}
    for row in report["measurements"]:
        group, _, metric = row["metric"].partition(".")
        if group == check and row["value"] is not None:
            rows.setdefault(row["output"], {})[metric] = float(row["value"])
    return rows


def agrees(report, wanted):
    """Every figure of every output, to a thousandth of it or a ten-millionth of what it measures."""
    rows = measured(report, "parity")
    for output, figures in wanted.items():
        for metric, value in figures.items():
            assert rows[output][metric] == pytest.approx(float(value), rel=1e-3, abs=1e-7), (
                output,
                metric,
            )


def test_ultraface_in_tflite_is_further_from_its_onnx_than_in_ncnn(independent, found):
    figures, built = found
    assert built["telephone"].returncode == 0, built["telephone"].stdout
    tflite = report(independent, "telephone", "ultraface")
    ncnn = report(independent, "desktop", "ultraface")
    agrees(tflite, figures["ultraface tflite"])
    agrees(ncnn, figures["ultraface ncnn"])
    assert 1e-4 < measured(tflite, "parity")["boxes"]["max_abs"] < 2e-3
    assert 1e-6 < measured(ncnn, "parity")["boxes"]["max_abs"] < 1e-4


def test_the_published_files_are_the_given_ones(independent, found):
    home = independent.project / "artifacts"
    for target, model, name, given in (
        ("telephone", "ultraface", "model.tflite", f"{ULTRAFACE}.tflite"),
        ("desktop", "ultraface", "model.param", "RFB-320.param"),
        ("desktop", "ultraface", "model.bin", "RFB-320.bin"),
        ("desktop", "face-detection", "model.xml", f"{FACES}.xml"),
        ("camera", "face-detection", "model.blob", f"{FACES}_openvino_2021.2_6shave.blob"),
    ):
        made = (home / target / model / name).read_bytes()
        assert made == (independent.folder / given).read_bytes(), name


def test_open_closed_eye_as_ir_takes_raw_pixels(independent, found):
    figures, _ = found
    made = report(independent, "desktop", "open-closed-eye")
    assert made["accepted"]
    agrees(made, figures["eyes ir"])
    (image,) = made["contract"]["inputs"]
    assert (image["name"], image["mean"], image["scale"]) == ("input.1", [], [])


def test_open_closed_eye_as_onnx_answers_raw_pixels_with_no_numbers(independent, found):
    """The manifest that forgets mean and scale is caught where the source is compared, and on the chip."""
    raw = found[0]["eyes raw"]
    assert raw["nan"] and not raw["not finite in the ir"]
    desktop = report(independent, "desktop", "open-closed-eye-raw")
    (verdict,) = [f for f in desktop["findings"] if f["metric"] == "parity.sqnr_db"]
    assert verdict["verdict"] == "unproven"
    assert verdict["detail"].startswith(
        f"{raw['not finite']} of the source's {raw['values']} values are not finite"
    )
    camera = report(independent, "camera", "open-closed-eye-raw")
    assert not camera["accepted"]
    assert measured(camera, "numeric")[""]["nan_count"] == raw["nan"]


def test_faces_are_found_by_the_given_ir(independent, found):
    made = report(independent, "desktop", "face-detection")
    assert made["accepted"]
    assert measured(made, "quality")[""]["map50"] == pytest.approx(found[0]["faces"]["map50"])
    assert measured(made, "parity")["detection_out"]["max_abs"] == 0


def test_a_given_blob_shows_what_its_bytes_tell_and_nothing_more(independent, found):
    name = f"{FACES}_openvino_2021.2_6shave.blob"
    told = json.loads(independent.run(None, "blob.py", name))
    made = report(independent, "camera", "face-detection")
    assert made["accepted"]
    for side in ("inputs", "outputs"):
        rows = [[t["name"], t["dtype"], t["shape"]] for t in made["contract"][side]]
        assert rows == told[side]
    stages = measured(made, "placement")[""]
    engines = {e: stages[f"{e.lower()}_stages"] for e in ("NCE", "SHAVE", "DMA")}
    assert engines == told["engines"]
    assert measured(made, "size")[""]["bytes"] == (independent.folder / name).stat().st_size
    version = ".".join(map(str, told["version"]))
    assert made["details"]["skew"]["artifact"]["blob"].startswith(f"{version} ")
    assert not measured(made, "parity"), "nothing here can execute a blob"


@pytest.mark.heavy
def test_edsr_loses_little_by_quantisation(independent, found):
    """One image of 960 x 540, enlarged: float, trained for 8 bits, and made 8 bits afterwards."""
    files = ("edsr_f32b5_fp32", "edsr_f32b5_QAT", "edsr_f32b5_full_qint8")
    jobs = zip(files, ("", "-uint8", "-int8"), ("fp32", "qat", "int8"), strict=True)
    words = [w for f, i, o in jobs for w in (f"{f}.tflite", f"edsr{i}.npz", f"edsr-{o}.npz")]
    with ThreadPoolExecutor() as pool:
        answers = pool.submit(independent.run, "litert", "answer_litert.py", *words)
        built = shipped.doit(
            independent.project, "--continue", "build", "target=telephone", "model=edsr"
        )
        answers.result()
    assert built.returncode == 0, built.stdout
    figures = json.loads(independent.run("onnx", "figures.py", "."))
    for label in ("qat", "int8"):
        made = report(independent, "telephone", "edsr", f"precision-{label}")
        wanted = figures[f"edsr {label}"]
        psnr = wanted.pop("psnr_db")
        agrees(made, {"Identity": wanted})
        (quality,) = [m for m in made["measurements"] if m["metric"] == "quality.psnr_db"]
        assert quality["value"] == pytest.approx(psnr, rel=1e-3)
        assert quality["baseline"] == pytest.approx(figures["edsr fp32"]["psnr_db"], rel=1e-3)
        assert math.isfinite(quality["value"])

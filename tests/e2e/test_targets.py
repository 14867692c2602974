"""The shipped targets build with real compilers, their artifacts open elsewhere, and bytes repeat."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import shipped

from edgebuild.engine.toolbox import Toolbox
from edgebuild.formats import blob, dlc
from edgebuild.settings import from_environment
from edgebuild.toolchains.progress import Silent

TARGETS = (
    "host-cpu", "oak1-max", "panacast20", "panacast50", "oak-d-lite", "desktop", "snapdragon-8gen2",
)  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return shipped.copy(tmp_path_factory.mktemp("shipped"))


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_builds_to_accepted_artifacts_and_then_has_nothing_to_do(project, target):
    first = shipped.doit(project, "-n", "2", "--continue", "build", f"target={target}")
    assert first.returncode == 0, first.stdout + first.stderr
    reports = list((project / "artifacts" / target).rglob("report.json"))
    assert reports
    for path in reports:
        report = json.loads(path.read_bytes())
        assert report["accepted"], path
        assert len(report["findings"]) > 1, "a model without gates shows nothing"
    second = shipped.doit(project, "build", f"target={target}")
    assert second.stdout.startswith("ok: nothing to do"), second.stdout


def test_every_blob_opens_in_depthai_which_agrees_on_its_tensors(project):
    blobs = sorted((project / "artifacts").rglob("*.blob"))
    assert len(blobs) >= 5
    settings = from_environment(os.environ)
    box = Toolbox(settings=settings, progress=Silent())
    box.provide(["depthai", "pytest"])
    done = subprocess.run(
        [box.get("depthai").python, "-m", "pytest", "-q", shipped.ROOT / "tests/tools/depthai"],
        cwd=shipped.ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(box.get("pytest").folder), str(shipped.ROOT)]),
            "EDGEBUILD_BLOBS": os.pathsep.join(map(str, blobs)),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


def test_every_artifact_is_what_its_report_says(project):
    """Parsed again here, from the published bytes."""
    seen = set()
    for path in (project / "artifacts").rglob("report.json"):
        report = json.loads(path.read_bytes())
        names = [t["name"] for t in report["contract"]["inputs"]]
        if (made := path.with_name("model.blob")).exists():
            assert {t.name for t in blob.read(made.read_bytes()).inputs} == set(names)
        elif (made := path.with_name("model.dlc")).exists():
            (graph,) = dlc.read(made.read_bytes()).graphs
            assert {t.name for t in graph.inputs} == set(names)
        seen.add(report["backend"])
    assert seen == {"myriad_blob", "qnn_dlc", "onnx", "openvino_ir"}


@pytest.mark.parametrize(
    ("target", "change", "runs", "not_runs"),
    [
        (
            "panacast50",
            ("samples: 64", "samples: 63"),
            ("head-body-detection/calibration", "head-body-detection/panacast50/quantize_int8"),
            ("head-body-detection/source", "head-body-detection/simplify"),
        ),
        (
            "oak1-max",
            ("shaves: 5", "shaves: 6"),
            ("head-body-detection/oak1-max/myriad_blob",),
            ("head-body-detection/oak1-max/legalize", "head-body-detection/oak1-max/run"),
        ),
        ("oak1-max", ("min: 50", "min: 49"), (), ("head-body-detection",)),
    ],
)
def test_a_change_of_a_manifest_reaches_what_depends_on_it(project, target, change, runs, not_runs):
    """As `doit plan` says before anything runs: calibration data, a compile parameter, a threshold."""
    path = project / "manifests/models/head-body-detection/manifest.yaml"
    before = path.read_text()
    path.write_text(before.replace(*change, 1))
    try:
        plan = shipped.doit(project, "plan", f"target={target}", "model=head-body-detection")
    finally:
        path.write_text(before)
    lines = [line.split()[:2] for line in plan.stdout.splitlines()]
    planned = {name for fate, name in (x for x in lines if len(x) == 2) if fate in ("run", "after")}
    assert planned >= set(runs), plan.stdout
    assert not planned & set(not_runs), plan.stdout


@pytest.mark.parametrize(
    ("target", "model"),
    [
        ("host-cpu", "gaze-correction"),
        ("panacast20", "body-segmentation"),
        ("panacast50", "head-body-detection"),
    ],
)
def test_same_inputs_in_two_folders_and_hash_seeds_give_the_same_bytes(
    tmp_path, project, target, model
):
    """ONNX, IR, blob and DLC, built again elsewhere, against what the first test built."""
    twin = shipped.copy(tmp_path)
    with shipped.opened(twin, target, model) as build:
        steps = [f"build:{name}" for name in shipped.making(build)]
    done = shipped.doit(
        twin, *steps, f"target={target}", f"model={model}", PYTHONHASHSEED="7", TZ="Asia/Tokyo"
    )
    assert done.returncode == 0, done.stdout
    assert shipped.outputs(twin, target, model) == shipped.outputs(project, target, model)

"""A whole project loaded, and what is wrong with projects that cannot be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgebuild.errors import ManyErrors
from edgebuild.manifest.document import ManifestError
from edgebuild.manifest.model import Axis, AxisValue, Budget, Use
from edgebuild.step import Contract, Fetched, Limit, ProjectFile, Tensor, Waiver


def at(name):
    return ProjectFile(path=f"manifests/models/gaze/{name}")


def test_a_model_is_what_its_manifest_says(project):
    model = project.load().models["gaze"]
    assert (model.name, model.version, model.license) == ("gaze", "1.2.0", "Apache-2.0")
    assert model.description == "looks where you look"
    assert model.path == "manifests/models/gaze/manifest.yaml"
    assert model.source == Use(
        kind="source/torch",
        params={
            "file": at("network.py"),
            "class_": "Gaze",
            "weights": at("weights.bin"),
            "exporter": "dynamo",
            "opset": 17,
        },
    )
    assert model.contract == Contract(
        inputs={
            "eyes": Tensor(
                shape=(1, 2, 48, 64),
                layout="NCHW",
                color="GRAY",
                mean=(0.5, 0.0),
                scale=(0.5, 1.0),
            ),
            "angle": Tensor(shape=(1, 2), dtype="float16", unit="radian"),
        },
        outputs={"corrected": Tensor(shape=(1, 2, 48, 64), layout="NCHW")},
    )
    assert list(model.contract.inputs) == ["eyes", "angle"]
    assert model.recipe == (
        Use(kind="pass/simplify"),
        Use(kind="pass/embed_preprocessing", params={"inputs": ["eyes"]}),
    )


def test_data_and_training_are_uses_with_their_files(project):
    model = project.load().models["gaze"]
    data = {"file": at("data.py"), "function": "calibration", "samples": 128, "seed": 7}
    assert model.data["calibration"] == Use(kind="data/python", params=data)
    assert model.data["evaluation"].params["files"] == {"faces": at("faces.txt")}
    decode = {"file": at("data.py"), "function": "decode"}
    assert model.decode == Use(kind="decode", params=decode)
    assert model.training == Use(
        kind="training/torch",
        params={
            "file": at("train.py"),
            "function": "train",
            "modules": [at("network.py")],
            "seed": 3,
        },
    )


def test_a_gate_of_quality_can_ask_for_confidence(project):
    project.edit(("{min: 30, max_drop: 0.5}", "{min: 30, max_drop: 0.5, confidence: 0.9, peak: 1}"))
    (limit,) = (
        x
        for x in project.load().models["gaze"].targets["oak"].accept
        if x.metric == "quality.psnr_db"
    )
    assert limit == Limit(
        metric="quality.psnr_db", min=30, max_drop=0.5, confidence=0.9, params={"peak": 1}
    )


def test_a_model_on_a_target_has_passes_parameters_and_gates(project):
    oak = project.load().models["gaze"].targets["oak"]
    assert oak.recipe == (Use(kind="pass/legalize"),)
    assert oak.compile == {"input_precision": "U8"}
    assert oak.accept == (
        Limit(metric="parity.sqnr_db", min=40),
        Limit(metric="quality.psnr_db", min=30, max_drop=0.5),
        Limit(metric="latency.ms_p95", max=33.3, evidence=("device", "estimated")),
        Limit(metric="size.bytes", max=2_000_000),
    )
    waiver = Waiver(metric="size.bytes", reason="new camera", owner="ada", expires="2026-12-31")
    assert oak.waivers == (waiver,)


def test_a_matrix_is_values_of_a_parameter_or_labelled_additions(project):
    shaves, precision = project.load().models["gaze"].targets["oak"].matrix
    assert shaves == Axis(
        name="shaves",
        values=(
            AxisValue(label="1", compile={"shaves": 1}),
            AxisValue(label="2", compile={"shaves": 2}),
        ),
    )
    assert precision.values == (
        AxisValue(label="fp16"),
        AxisValue(
            label="int8",
            recipe=(Use(kind="pass/quantize"),),
            compile={"input_precision": "U8"},
            accept=(Limit(metric="parity.sqnr_db", min=25),),
        ),
    )


def test_a_refused_model_keeps_its_reason(project):
    bar = project.load().models["gaze"].targets["bar"]
    assert bar.refused == "its compiler has no GridSample"


def test_a_target_is_what_its_manifest_says(project):
    targets = project.load().targets
    oak, bar = targets["oak"], targets["bar"]
    assert oak.description == "a camera"
    assert oak.device == {"vendor": "Intel", "soc": "Myriad X", "shaves": 16, "poe": False}
    assert (oak.backends, bar.backends) == (("myriad_blob",), ("qnn_dlc", "onnx"))
    assert oak.firmware == {"openvino": ">=2020.3,<=2022.1"}
    assert oak.budget == Budget(limits=(Limit(metric="budget.frame_rate_fps", min=30),))
    assert str(oak.budget.position) == "manifests/targets/oak.yaml:7:1"
    assert oak.roofline["bandwidth_gb_s"] == 10.5
    assert (oak.isa, bar.isa) == (None, "AVX2")


def test_what_edgebuild_wrote_beside_a_manifest_is_found(project):
    model = project.load().models["gaze"]
    assert (model.released, model.record) == (None, None)
    for name in ("released.json", "training.json"):
        project.write(f"manifests/models/gaze/{name}", "{}")
    model = project.load().models["gaze"]
    assert model.released == ProjectFile(path="manifests/models/gaze/released.json")
    assert model.record == ProjectFile(path="manifests/models/gaze/training.json")


def test_a_record_that_is_no_file_of_the_project_is_refused(project):
    (project.root / "manifests/models/gaze/released.json").symlink_to("/etc/hostname")
    assert project.error().startswith(
        "error: `released.json` lies outside the project\n --> manifests/models/gaze/manifest.yaml:1:1"
    )


def test_everything_knows_where_it_was_written(project):
    model = project.load().models["gaze"]
    oak = model.targets["oak"]
    assert str(model.position) == "manifests/models/gaze/manifest.yaml:2:1"
    assert str(model.source.position) == "manifests/models/gaze/manifest.yaml:7:3"
    assert str(model.recipe[1].position) == "manifests/models/gaze/manifest.yaml:20:5"
    assert str(oak.position) == "manifests/models/gaze/manifest.yaml:22:3"
    assert str(oak.accept[3].declared_at) == "manifests/models/gaze/manifest.yaml:29:7"
    assert oak.accept[3].declared_at.text == "      size.bytes: {max: 2 MB}"


def test_a_file_from_the_net_is_its_digest(project):
    digest = "0" * 64
    project.edit(
        (
            "weights: weights.bin",
            f"weights: {{url: 'https://x.org/w?v=1', sha256: {digest}, size_bytes: 5}}",
        )
    )
    weights = project.load().models["gaze"].source.params["weights"]
    assert weights == Fetched(url="https://x.org/w?v=1", sha256=digest, size_bytes=5)


def test_problems_of_all_files_come_at_once_in_their_order(project):
    project.edit(("license: Apache-2.0", "licence: Apache-2.0"), ("seed: 7", "seed: -7"))
    project.edit_target("kind: target", "kind: target\ncolour: red")
    project.write("manifests/models/other/manifest.yaml", "- a\n- b\n")
    with pytest.raises(ManyErrors) as caught:
        project.load()
    places = [(str(e.position), e.message) for e in caught.value.errors]
    gaze, other = "manifests/models/gaze/manifest.yaml", "manifests/models/other/manifest.yaml"
    assert places == [
        (f"{gaze}:1:1", "missing field `license`"),
        (f"{gaze}:4:1", "unknown field `licence`"),
        (f"{gaze}:14:75", "`data.calibration.seed` must be at least 0, not -7"),
        (f"{other}:1:1", "a manifest must be a mapping, not a list"),
        ("manifests/targets/oak.yaml:2:1", "unknown field `colour`"),
    ]


def test_a_name_is_that_of_its_folder(project, expect):
    project.edit(("name: gaze", "name: gase"))
    assert project.error() == expect("""
        error: the name `gase` is not that of the folder, `gaze`
         --> manifests/models/gaze/manifest.yaml:2:7
          |
        2 | name: gase
          |       ^^^^
        hint: write `name: gaze`, or rename the folder
        """)


def test_two_models_cannot_have_one_name(project, expect):
    project.write("manifests/models/copy/manifest.yaml", project.model)
    for name in ("network.py", "data.py", "train.py", "weights.bin", "faces.txt"):
        project.write(f"manifests/models/copy/{name}", "x")
    assert project.error() == expect("""
        error: the name `gaze` is not that of the folder, `copy`
         --> manifests/models/copy/manifest.yaml:2:7
          |
        2 | name: gaze
          |       ^^^^
        hint: `gaze` is the name of `manifests/models/gaze`: write `name: copy`
        """)


def test_a_targets_name_is_that_of_its_file(project):
    project.edit_target("name: oak", "name: bar")
    assert "the name `bar` is not that of the file, `oak`" in project.error()
    assert "`bar` is the name of `manifests/targets/bar.yaml`" in project.error()


def test_a_model_among_targets_is_told_where_it_belongs(project, expect):
    project.write("manifests/targets/gaze.yaml", project.model)
    assert project.error() == expect("""
        error: a model where a target belongs
         --> manifests/targets/gaze.yaml:1:7
          |
        1 | kind: model
          |       ^^^^^
        hint: models: manifests/models/<name>/manifest.yaml; targets: manifests/targets/<name>.yaml
        """)


def test_files_beside_manifests_do_not_matter(project):
    project.write("manifests/targets/README.md", "x")
    project.write("manifests/models/README.md", "x")
    project.write("manifests/models/_shared/layers.py", "x")
    project.write("manifests/models/.cache/x", "x")
    project.write("manifests/models/gone/__pycache__/network.pyc", "x")
    assert list(project.load().models) == ["gaze"]


def test_a_manifest_by_another_name_is_not_passed_over(project):
    project.write("manifests/models/more/manifest.yml", "x")
    project.write("manifests/targets/box.yml", "x")
    errors = project.errors()
    assert "`manifests/models/more` has no `manifest.yaml`\nhint: rename `manifest.yml`" in errors
    assert "`manifests/targets/box.yml` is not read\nhint: call it `box.yaml`" in errors


def test_a_folder_without_manifests_says_so(tmp_path, kinds, project):
    project.root = tmp_path / "empty"
    project.root.mkdir()
    with pytest.raises(ManifestError, match="there is no folder `manifests` here"):
        project.load()


def test_a_project_may_have_no_models_yet(tmp_path, project):
    project.root = tmp_path / "new"
    (project.root / "manifests").mkdir(parents=True)
    assert project.load().models == {}


def test_what_is_no_regular_file_is_never_opened(project):
    manifest = project.root / "manifests/models/gaze/manifest.yaml"
    manifest.unlink()
    os.mkfifo(manifest)
    assert "`manifests/models/gaze/manifest.yaml` is no regular file" in project.errors()


def test_a_manifest_that_leads_out_of_the_project_is_not_read(project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "manifest.yaml"
    outside.write_text(project.model)
    manifest = project.root / "manifests/models/gaze/manifest.yaml"
    manifest.unlink()
    manifest.symlink_to(outside)
    assert "`manifests/models/gaze/manifest.yaml` lies outside the project" in project.errors()


def test_weights_that_training_is_about_to_make_may_be_absent(project):
    (project.root / "manifests/models/gaze/weights.bin").unlink()
    error = project.error()
    assert error.startswith("error: there is no file `manifests/models/gaze/weights.bin`\n")
    assert error.endswith("hint: `doit train model=gaze` makes the weights\n")
    model = project.load(untrained={"gaze"}).models["gaze"]
    assert model.source.params["weights"] == at("weights.bin")


def test_targets_with_problems_are_no_unknown_targets(project):
    project.edit_target("backend: myriad_blob", "backend: myriad_blop")
    assert "unknown backend `myriad_blop`" in project.error()


def test_valid_manifests_do_not_pay_for_jsonschema(project):
    code = (
        "import sys; from edgebuild.kinds import Kinds; from edgebuild.manifest.load import load;"
        "load(sys.argv[1], Kinds(modules={}));"
        "assert not {'jsonschema', 'numpy', 'onnx', 'torch'} & set(sys.modules)"
    )
    (project.root / "empty/manifests").mkdir(parents=True)
    path = os.pathsep.join(sys.path)
    subprocess.run(
        [sys.executable, "-c", code, str(project.root / "empty")],
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_the_projects_own_targets_load():
    from edgebuild.kinds import load_kinds
    from edgebuild.manifest import yaml12
    from edgebuild.manifest.read_target import read_target
    from edgebuild.manifest.schema import schema
    from edgebuild.manifest.validate import compiled

    kinds = load_kinds()
    is_target = compiled({"$ref": "#/$defs/target"}, schema(kinds))
    files = sorted(Path(__file__).parents[2].glob("manifests/targets/*.yaml"))
    assert {"oak1-max", "panacast20", "panacast50", "host-cpu"} <= {f.stem for f in files}
    for file in files:
        document, problems = yaml12.parse(file.read_bytes(), file.name)
        assert not problems and is_target(document.value), file
        target, problems = read_target(document, document.value, kinds)
        assert not problems and target.name == file.stem

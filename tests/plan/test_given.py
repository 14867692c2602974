"""Artifacts that are given, and sources that are no ONNX, in the plan: with edgebuild's own kinds."""

from pathlib import Path

import pytest

from edgebuild.errors import EdgebuildError
from edgebuild.kinds import load_kinds
from edgebuild.manifest.model import Model, ModelTarget, Project, Target, Use
from edgebuild.plan.expand import expand
from edgebuild.step import Contract, Limit, Output, ProjectFile, Tensor

BOARD = Target(name="board", description="", device={}, backends=("onnx",))
IMAGE = Tensor(
    shape=(1, 3, 6, 4), layout="NCHW", color="RGB", mean=(127.0,) * 3, scale=(128.0,) * 3
)
CONTRACT = Contract(inputs={"image": IMAGE}, outputs={"mask": Tensor(shape=(1, 2, 6, 4))})
DATA = Use(
    kind="data/python",
    params={"file": ProjectFile(path="data.py"), "function": "f", "samples": 2},
)
ONNX = Use(kind="source/onnx", params={"model": ProjectFile(path="net.onnx")})


def graph(backend, files, source=ONNX, recipe=(), limits=(), **compile):
    use = ModelTarget(
        target="board",
        own_backends=(backend,),
        compile={**{name: ProjectFile(path=path) for name, path in files.items()}, **compile},
        accept=limits,
    )
    model = Model(
        name="net",
        version="1.0.0",
        license="MIT",
        source=source,
        contract=CONTRACT,
        data={"evaluation": DATA},
        recipe=recipe,
        targets={"board": use},
    )
    project = Project(root=Path("/p"), models={"net": model}, targets={"board": BOARD})
    found = expand(project, "board", load_kinds())
    (variant,) = found.variants
    return found.steps, variant


def test_a_given_artifact_is_run_and_checked_without_the_recipe():
    embed = Use(kind="pass/embed_preprocessing", params={"inputs": ["image"]})
    steps, variant = graph(
        "given_tflite",
        {"tflite": "theirs.tflite"},
        recipe=(embed,),
        layouts={"image": "NHWC"},
        preprocessed=[],
    )
    assert not [name for name in steps if "embed" in name]
    assert variant.backend == "given_tflite"
    run = steps["net/board/run"]
    assert run.kind == "runtime/litert"
    assert run.inputs["names"] == Output(step="net/board/given_tflite", port="names")
    (image,) = run.facts["contract"]["inputs"]
    assert (image["shape"], image["layout"], image["mean"]) == ([1, 6, 4, 3], "NHWC", [127] * 3)
    assert {"contract", "parity", "size", "latency"} <= set(variant.checks)
    assert "artifact.names" not in variant.ports


def test_mean_and_scale_that_an_artifact_applies_are_not_applied_before_it():
    files = {"xml": "theirs.xml", "bin": "theirs.bin"}
    steps, _ = graph("given_ir", files, preprocessed=["image"])
    (image,) = steps["net/board/run"].facts["contract"]["inputs"]
    assert (image["mean"], image["scale"]) == ([], [])


def test_what_nothing_can_execute_is_unproven():
    limits = (Limit(metric="parity.sqnr_db", min=40), Limit(metric="size.bytes", max=1000))
    steps, variant = graph(
        "given_blob",
        {"blob": "theirs.blob"},
        limits=limits,
        types={"image": "uint8", "mask": "float16"},
    )
    assert "net/board/run" not in steps
    assert variant.missing == {"parity": "nothing on this machine can execute the artifact"}
    assert "size" in variant.checks and "parity" not in variant.checks


def test_a_source_that_is_no_onnx_runs_by_its_own_runtime():
    source = Use(kind="source/tflite", params={"model": ProjectFile(path="net.tflite")})
    steps, _ = graph("given_tflite", {"tflite": "theirs.tflite"}, source=source)
    assert "net/canonicalise" not in steps
    reference = steps["net/reference"]
    assert reference.kind == "runtime/reference_tflite"
    assert reference.inputs["source_tflite"] == Output(step="net/source", port="source_tflite")
    assert steps["net/board/parity"].inputs["expected"] == Output(
        step="net/reference", port="expected"
    )


def test_no_pass_and_no_compiler_takes_a_source_that_is_no_onnx():
    source = Use(kind="source/tflite", params={"model": ProjectFile(path="net.tflite")})
    for recipe, backend in (((Use(kind="pass/simplify"),), "given_tflite"), ((), "onnx")):
        files = {"tflite": "theirs.tflite"} if backend == "given_tflite" else {}
        with pytest.raises(EdgebuildError) as caught:
            graph(backend, files, source=source, recipe=recipe)
        kind = "pass/simplify" if recipe else "backend/onnx"
        assert str(caught.value) == (
            f"error: `{kind}` needs `model`, which model `net` does not have\n"
            "hint: its source `tflite` is no ONNX: backends `given_...` alone can take it"
        )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"names": {"Identity": "maks"}},
            "error: `names` speaks of `maks`, which is no input or output of the manifest\n"
            "hint: did you mean `mask`?",
        ),
        (
            {"preprocessed": ["mask"]},
            "error: `preprocessed` speaks of `mask`, which is no input of the manifest\n"
            "hint: it has image",
        ),
        (
            {"layouts": {"mask": "NHWC"}},
            "error: `mask` is other in the manifest, which cannot be NHWC in the artifact\n"
            "hint: declare the `layout` of this input or output in the manifest, NCHW or NHWC",
        ),
    ],
)
def test_an_interface_that_speaks_of_something_else_is_refused(params, message):
    with pytest.raises(EdgebuildError) as caught:
        graph("given_tflite", {"tflite": "theirs.tflite"}, **params)
    assert str(caught.value) == message

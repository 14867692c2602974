"""Where the optimised model's answers come from, by the backends as they are shipped."""

from pathlib import Path

import pytest

from edgebuild.kinds import load_kinds
from edgebuild.manifest.load import load
from edgebuild.plan.expand import expand

KINDS = load_kinds()


@pytest.fixture(scope="module")
def project():
    return load(Path(__file__).parents[2], KINDS)


def maker(project, target, backend):
    """The kind of step that gives check/quality of the body mask the optimised model's answers, and its
    inputs."""
    graph = expand(project, target, KINDS, "body-segmentation")
    variant = next(v for v in graph.variants if v.backend == backend)
    step = graph.steps[graph.steps[variant.checks["quality"]].inputs["optimised"].step]
    return step.kind, {port: ref.step for port, ref in step.inputs.items()}


def test_the_model_that_is_compiled_is_run_once_more(project):
    kind, inputs = maker(project, "oak1-max", "myriad_blob")
    assert kind == "probe/optimised"
    assert inputs["model"] == "body-segmentation/oak1-max/legalize"


def test_an_artifact_that_is_that_model_is_not_run_twice(project):
    kind, inputs = maker(project, "host-cpu", "onnx")
    assert (kind, list(inputs)) == ("probe/unchanged", ["actual"])
    assert maker(project, "host-cpu", "openvino_ir")[0] == "probe/optimised"


def test_of_a_given_artifact_there_is_no_optimised_model():
    for name in KINDS.names("backend"):
        if name.startswith("given_"):
            assert "model" not in KINDS.get(f"backend/{name}").consumes
    assert "model" in KINDS.get("probe/optimised").consumes


def test_a_gates_metric_reaches_the_check(project):
    graph = expand(project, "oak1-max", KINDS, "head-body-detection")
    step = graph.steps["head-body-detection/oak1-max/quality"]
    assert step.facts["metrics"] == {
        "map50": {"module": "edgebuild.steps.metrics.map50", "params": {}}
    }
    assert step.code == ("edgebuild.steps.metrics.map50",)

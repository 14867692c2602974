"""A manifest and a target become exactly the steps that build, run and check its variants."""

from dataclasses import replace
from pathlib import Path

import pytest
from fakekinds import kinds
from fakeproject import BOARD, CONTRACT, append, limit, matrix, model, project, words

from edgebuild.errors import EdgebuildError
from edgebuild.manifest.model import ModelTarget, Use
from edgebuild.plan.expand import UnknownName, expand
from edgebuild.plan.graph import CycleError, order
from edgebuild.step import Fetched, Output, ProjectFile, Step

ROOT = Path("/project")


def graph(*models, target="board", targets=(BOARD,), only=None):
    return expand(project(ROOT, *models, targets=targets), target, kinds(), only)


def on_board(**more):
    return {"board": ModelTarget(target="board", **more)}


def test_the_least_there_can_be():
    found = graph(model())
    assert list(found.steps) == [
        "net/source",
        "net/tidy",
        "net/board/upper",
        "net/board/contract",
        "net/board/length",
    ]
    (variant,) = found.variants
    assert (variant.name, variant.folder, variant.artifact) == (
        "net/board",
        "board/net",
        ("upper", "contract", "placement"),
    )


def test_recipes_in_order_shared_ones_without_the_target_in_their_name():
    found = graph(model(recipe=(append("a"), append("b")), targets=on_board(recipe=(append("c"),))))
    chain = [n for n in found.steps if "append" in n]
    assert chain == ["net/append", "net/append-2", "net/board/append"]
    assert found.steps["net/board/append"].inputs["model"] == Output(
        step="net/append-2", port="model"
    )
    assert found.steps["net/board/upper"].inputs["model"].step == "net/board/append"


def test_data_brings_runs_and_checks():
    found = graph(
        model(
            data={"evaluation": words(), "calibration": words()},
            recipe=(Use(kind="pass/calibrated"),),
            targets=on_board(accept=(limit("quality.vowels", min=1),)),
        )
    )
    assert found.steps["net/calibrated"].inputs["calibration"] == Output(
        step="net/calibration", port="dataset"
    )
    assert found.steps["net/board/quality"].facts == {
        "evidence": "host",
        "metrics": {"vowels": {"module": "fake_metric_vowels", "params": {}}},
    }
    assert found.steps["net/reference"].inputs["source_model"].step == "net/tidy"


def test_a_limit_whose_check_cannot_run_is_told_why():
    (variant,) = graph(model(targets=on_board(accept=(limit("quality.vowels", min=1),)))).variants
    assert variant.missing == {"quality": "the manifest declares no evaluation data"}


def test_a_pass_whose_data_is_missing_is_an_error_with_its_remedy():
    with pytest.raises(EdgebuildError) as caught:
        graph(model(recipe=(Use(kind="pass/calibrated"),)))
    assert str(caught.value) == (
        "error: `pass/calibrated` needs `calibration`, which model `net` does not have\n"
        "hint: declare `data: calibration:` in its manifest"
    )


def test_a_matrix_is_multiplied_out_and_shares_what_is_before_it():
    found = graph(
        model(
            targets=on_board(
                recipe=(append("all"),),
                matrix=matrix(times=[1, 2], word={"a": [append("a")], "b": [append("b")]}),
            )
        )
    )
    assert [v.label for v in found.variants] == [
        "times-1,word-a",
        "times-1,word-b",
        "times-2,word-a",
        "times-2,word-b",
    ]
    assert found.steps["net/board/times-2,word-b/upper"].params == {"times": 2}
    assert list(found.steps).count("net/board/append") == 1


def test_several_backends_each_take_the_parameters_they_know():
    two = replace(BOARD, backends=("upper", "reverse"))
    found = graph(model(targets=on_board(compile={"times": 3})), targets=(two,))
    assert [v.label for v in found.variants] == ["upper", "reverse"]
    assert found.steps["net/board/reverse/reverse"].params == {"times": 3}


def test_passes_change_the_contract_behind_them():
    found = graph(model(recipe=(append("extra"),)))
    names = [o["name"] for o in found.steps["net/board/contract"].facts["contract"]["outputs"]]
    assert names == ["y", "extra"]
    assert list(found.variants[0].contract.outputs) == ["y", "extra"]


def test_files_are_inputs_and_no_parameters():
    url = Fetched(url="https://x/y", sha256="0" * 64, size_bytes=1)
    source = Use(kind="source/text", params={"file": url})
    step = graph(model(source=source)).steps["net/source"]
    assert (step.inputs, step.params) == ({"file": url}, {})
    plain = graph(model()).steps["net/source"]
    assert plain.inputs == {"file": ProjectFile(path="net.txt")}


REAL = {
    f"check_{name}": f"edgebuild.steps.checks.{name}"
    for name in ("contract", "security", "weights")
}


def checked(**more):
    """Steps of a model on a target of two backends, with real checks."""
    both = replace(BOARD, backends=("upper", "reverse"))
    return expand(project(ROOT, model(**more), targets=(both,)), "board", kinds(**REAL)).steps


def test_a_release_is_an_input_of_the_contract_check_by_content():
    plain = checked()["net/board/upper/contract"]
    assert "released" not in plain.inputs
    released = ProjectFile(path="released.json")
    step = checked(released=released)["net/board/upper/contract"]
    assert step.inputs["released"] == released
    assert step.facts["variant"] == "board/upper"
    assert step.facts["source_contract"] == CONTRACT.to_json()


def test_security_looks_into_what_the_source_names_and_what_is_published():
    step = checked()["net/board/upper/security"]
    assert step.inputs == {
        "source.file": ProjectFile(path="net.txt"),
        "artifact.upper": Output(step="net/board/upper/upper", port="upper"),
    }


def test_weights_are_checked_where_a_training_makes_them():
    weights = ProjectFile(path="w.safetensors")
    source = Use(kind="source/text", params={"file": ProjectFile(path="n.txt"), "weights": weights})
    training = Use(kind="training/wordy", params={})
    record = ProjectFile(path="training.json")
    assert "net/board/upper/weights" not in checked(source=source, record=record)
    step = checked(source=source, training=training)["net/board/upper/weights"]
    assert step.inputs == {"trained_weights": weights}
    step = checked(source=source, training=training, record=record)["net/board/upper/weights"]
    assert step.inputs == {"trained_weights": weights, "training_record": record}


def test_a_refused_model_is_shown_and_not_built():
    found = graph(model(), model("other", targets=on_board(refused="GRU is not supported")))
    assert [(r.model, r.reason) for r in found.refused] == [("other", "GRU is not supported")]
    assert not any(name.startswith("other/") for name in found.steps)


def test_one_model_of_several():
    assert {v.model for v in graph(model(), model("other"), only="other").variants} == {"other"}


@pytest.mark.parametrize(
    ("target", "only", "text"),
    [
        (
            "bord",
            None,
            "error: unknown target `bord`\nhint: did you mean `board`? There are: board",
        ),
        ("board", "nett", "error: unknown model `nett`\nhint: did you mean `net`? There are: net"),
    ],
)
def test_unknown_names(target, only, text):
    with pytest.raises(UnknownName) as caught:
        graph(model(), target=target, only=only)
    assert str(caught.value) == text


def test_a_target_without_models():
    with pytest.raises(UnknownName, match="no model is declared for target `board`"):
        graph(model(targets={}))


def test_a_cycle_is_named():
    def step(name, needs):
        return Step(id=name, kind="pass/append", inputs={"m": Output(step=needs, port="m")})

    steps = {"a": step("a", "b"), "b": step("b", "c"), "c": step("c", "a")}
    with pytest.raises(CycleError) as caught:
        order(steps, ["a"])
    assert "a -> b -> c -> a" in str(caught.value)

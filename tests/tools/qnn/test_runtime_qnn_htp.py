import os

import numpy as np
import pytest
import stepcall
from onnx import helper

from edgebuild.formats import dataset, dlc, onnx_file, onnx_run
from edgebuild.formats.answers import answers
from edgebuild.qnn import QnnError
from edgebuild.qnn.emulator import emulate
from edgebuild.qnn.socs import SOCS
from edgebuild.step import Contract, Tensor
from edgebuild.steps import agreement, examples
from edgebuild.steps.backends import qnn_dlc
from edgebuild.steps.passes import canonicalise, quantize_int8
from edgebuild.steps.runtimes import qnn_htp

SM8250, SM8550 = {"soc_model": 21}, {"soc_model": 43}

pytestmark = pytest.mark.filterwarnings("default")


def run(folder, model, device, *, run_on=None, io="float", images=None):
    """The model's `mask` on three images: compiled for `device`, executed on it or on `run_on`."""
    params = qnn_dlc.Params(io=io)
    built = stepcall.run(
        qnn_dlc,
        folder / "build",
        {"model": model},
        params=params,
        contract=examples.CONTRACT,
        device=device,
    )
    evaluation = images or examples.images(folder / "evaluation.npz")
    ran = stepcall.run(
        qnn_htp,
        folder / "run",
        {"dlc": built["dlc"], "evaluation": evaluation},
        contract=qnn_dlc.change_contract(params, examples.CONTRACT),
        source_contract=examples.CONTRACT,
        device=run_on or device,
    )
    return dataset.load(ran["actual"])["outputs"]["mask"]


def on_host(folder, model):
    """The same on this machine, node by node in float32 (Q/DQ as it stands)."""
    session = onnx_run.session(onnx_file.load(model))
    data = dataset.load(examples.images(folder / "host.npz"))
    contract = examples.CONTRACT
    found = answers(lambda feeds: onnx_run.run(session, feeds), data, contract, contract)
    return found["outputs"]["mask"]


@pytest.fixture
def floats(tmp_path):
    return examples.write_model(tmp_path / "model.onnx")


def test_a_float_model_is_computed_in_float16_not_float32(tmp_path, floats):
    figure = agreement.sqnr(on_host(tmp_path, floats), run(tmp_path, floats, SM8550))
    assert 50 < figure < 90  # float32 would leave 120 and more


def test_eight_bits_agree_with_the_model_and_with_its_qdq_on_the_host(tmp_path, floats, quantised):
    found = run(tmp_path, quantised, SM8250)
    assert (found.shape, found.dtype) == ((3, 1, 2, 6, 4), np.float32)
    assert agreement.sqnr(on_host(tmp_path, floats), found) > 35
    assert agreement.sqnr(on_host(tmp_path, quantised), found) > 35


def test_averages_and_clips_away_from_zero_agree_on_a_chip_without_floats(tmp_path, network):
    given = network(
        helper.make_node("AveragePool", ["c"], ["average"], "average", kernel_shape=[8, 8]),
        helper.make_node("Clip", ["c", "low", "high"], ["cut"], "cut"),
        helper.make_node("Constant", [], ["low"], value_float=0.2),
        helper.make_node("Constant", [], ["high"], value_float=0.6),
        outputs=("average", "cut"),
        shapes={"average": [1, 4, 1, 1]},
    )
    floats = Contract(
        inputs={"x": Tensor(shape=(1, 4, 8, 8))},
        outputs={"average": Tensor(shape=(1, 4, 1, 1)), "cut": Tensor(shape=(1, 4, 8, 8))},
    )
    canonical = stepcall.run(canonicalise, tmp_path / "c", {"model": given}, contract=floats)
    x = np.random.default_rng(0).normal(size=(6, 1, 4, 8, 8)).astype(np.float32)
    data = {"inputs": {"x": x}}
    dataset.save(tmp_path / "data.npz", data)
    both = {"contract": floats, "source_contract": floats}
    quantised = stepcall.run(
        quantize_int8,
        tmp_path / "q",
        {**canonical, "calibration": tmp_path / "data.npz"},
        params=quantize_int8.Params(target="qnn"),
        **both,
    )
    built = stepcall.run(
        qnn_dlc, tmp_path / "build", quantised, params=qnn_dlc.Params(), device=SM8250, **both
    )
    ran = stepcall.run(
        qnn_htp,
        tmp_path / "run",
        {"dlc": built["dlc"], "evaluation": tmp_path / "data.npz"},
        device=SM8250,
        **both,
    )
    found = dataset.load(ran["actual"])["outputs"]
    session = onnx_run.session(onnx_file.load(canonical["model"]))
    truth = answers(lambda feeds: onnx_run.run(session, feeds), data, floats, floats)["outputs"]
    for name, array in truth.items():
        assert agreement.sqnr(array, found[name]) > 25, name


def test_the_dlcs_own_scales_convert_quantised_inputs_and_outputs(tmp_path, quantised):
    plain = run(tmp_path / "a", quantised, SM8250)
    edges = run(tmp_path / "b", quantised, SM8250, io="quantized")
    assert edges.dtype == np.float32
    # The HTP's own Quantize may round a value to the neighbouring step.
    step = 0.0023119670804589987
    assert np.abs(plain - edges).max() <= 2.01 * step
    assert np.mean(plain == edges) > 0.8


def test_two_runs_give_the_same_answers(tmp_path, quantised):
    assert np.array_equal(
        run(tmp_path / "a", quantised, SM8250), run(tmp_path / "b", quantised, SM8250)
    )


def test_the_emulator_is_of_the_chip_it_is_told(tmp_path, floats):
    """What SM8550 computes in float16 has no place on SM8250, and the HTP says so."""
    with pytest.raises(QnnError) as caught:
        run(tmp_path, floats, SM8550, run_on=SM8250)
    assert caught.value.message == "the emulated HTP of SM8250 cannot take the graph"
    assert "The SocModel doesn't support FP16" in caught.value.fields["QNN says"]


def test_raw_values_are_brought_into_the_form_of_the_model(tmp_path, quantised):
    """The contract has mean and scale: values fed raw, without them, would saturate."""
    images = examples.images(tmp_path / "images.npz")
    raw = dataset.load(images)["inputs"]["image"]
    dark = tmp_path / "dark.npz"
    dataset.save(dark, {"inputs": {"image": raw // 2}})
    bright = run(tmp_path / "a", quantised, SM8250, images=images)
    assert not np.array_equal(bright, run(tmp_path / "b", quantised, SM8250, images=dark))


def test_a_sample_of_another_shape_is_refused(tmp_path, quantised):
    folder = tmp_path / "build"
    built = stepcall.run(
        qnn_dlc,
        folder,
        {"model": quantised},
        params=qnn_dlc.Params(),
        contract=examples.CONTRACT,
        device=SM8250,
    )
    graph = dlc.read(built["dlc"].read_bytes()).graphs[0]
    with (
        emulate(built["dlc"], graph, SOCS[21]) as execute,
        pytest.raises(QnnError, match="input `image` does not fit the DLC"),
    ):
        execute({"image": np.zeros((1, 3, 4, 6), np.float32)})


def test_a_file_that_is_no_dlc_is_refused_before_any_library_sees_it(tmp_path):
    bad = tmp_path / "bad.dlc"
    bad.write_bytes(b"PK\5\6" + b"\0" * 18)
    with pytest.raises(dlc.DlcError, match="the DLC has no member `model`"):
        stepcall.run(
            qnn_htp,
            tmp_path / "run",
            {"dlc": bad, "evaluation": examples.images(tmp_path / "evaluation.npz")},
            contract=examples.CONTRACT,
            source_contract=examples.CONTRACT,
            device=SM8250,
        )


def test_the_answers_do_not_depend_on_how_many_cores_share_the_samples(
    tmp_path, floats, monkeypatch
):
    found = []
    for cores in (1, 2, 3):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid, n=cores: set(range(n)))
        folder = tmp_path / str(cores)
        images = examples.images(folder.with_suffix(".npz"), samples=13)
        found.append(run(folder, floats, SM8550, images=images).tobytes())
    assert found[0] == found[1] == found[2]

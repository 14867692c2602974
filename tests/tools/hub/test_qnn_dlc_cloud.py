"""The backend with the vendor's real client, against a stand-in for AI Hub."""

import dataclasses
import json
import socket
import threading
import time
import traceback

import conformance
import pytest
import qai_hub
from aihub_standin import DLC, QAIRT, SIGNATURE, TOKEN

from edgebuild.cloud import CloudError
from edgebuild.formats import contract_file, placement
from edgebuild.qnn import QnnError
from edgebuild.steps.backends import qnn_dlc_cloud

pytestmark = pytest.mark.filterwarnings("default")  # those of the libraries go to a step's log


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """The client waits ten seconds between two looks at a job, and longer and longer for a retry."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.01)))


def call(folder, **params):
    folder.mkdir(exist_ok=True)
    made = qnn_dlc_cloud.example(folder)
    return dataclasses.replace(made, params=dataclasses.replace(made.params, **params))


def refused(made, capsys, error=CloudError):
    """The error of a run that must make nothing and tell no secret, not even in its traceback."""
    with pytest.raises(error) as caught:
        qnn_dlc_cloud.run(made)
    assert not any(path.exists() for path in made.outputs.values()), "something was made of it"
    printed = capsys.readouterr()
    told = "".join(traceback.format_exception(caught.value)) + printed.out + printed.err
    told += json.dumps([caught.value.message, caught.value.fields, caught.value.hint])
    assert TOKEN not in told
    assert SIGNATURE not in told
    return caught.value


@pytest.mark.usefixtures("configured")
def test_the_example_keeps_the_promises_of_a_kind(tmp_path):
    conformance.check(qnn_dlc_cloud, tmp_path)


@pytest.mark.usefixtures("configured")
def test_what_ai_hub_is_sent_and_what_becomes_of_its_answer(service, tmp_path, capsys):
    made = call(tmp_path / "step")
    qnn_dlc_cloud.run(made)
    assert service.uploads == {"/files/source": made.inputs["model"].read_bytes()}
    (job,) = service.jobs
    assert job.options == "--target_runtime qnn_dlc --qairt_version 2.45"
    assert [d.name for d in job.devices.devices] == ["Samsung Galaxy S23 (Family)"]
    assert service.polls == 0, "it was waited for"
    assert made.outputs["dlc"].read_bytes() == DLC
    contract = contract_file.load(made.outputs["contract"])
    assert contract.inputs["image"].color == "RGB"
    assert contract.inputs["image"].shape == (1, 3, 6, 4)
    assert [(s.op, s.engine, s.layer) for s in placement.load(made.outputs["placement"])] == [
        ("Transpose", "HTP", ""),
        ("Conv2d", "HTP", "conv1"),
        ("Neuron", "HTP", "relu1"),
        ("Conv2d", "HTP", "conv2"),
        ("Neuron", "HTP", "sigmoid"),
        ("Transpose", "HTP", "sigmoid"),
    ]
    log = capsys.readouterr().out
    assert {
        f"service: {service.url}",
        f"job: {service.url}/jobs/job1",
        f"client: qai_hub {qai_hub.__version__}",
        f"QAIRT: {QAIRT}",
        f"QAIRT_SDK_VERSION: {QAIRT}",
        "AI Hub: aihub-2026.11",
        "device: Samsung Galaxy S23 (Family), OS 13",
    } <= set(log.splitlines())
    assert "Waiting for" not in log, "the file asks for progress, which a log has no use for"


@pytest.mark.usefixtures("configured")
def test_the_token_gets_into_nothing_that_is_kept(tmp_path, capsys):
    made = call(tmp_path / "step")
    qnn_dlc_cloud.run(made)
    printed = capsys.readouterr()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "step").rglob("*") if path.is_file())
    for secret in (TOKEN, SIGNATURE):
        assert secret.encode() not in kept
        assert secret not in printed.out + printed.err


@pytest.mark.usefixtures("configured")
def test_quantised_edges_are_asked_for_and_looked_for(service, tmp_path, capsys):
    error = refused(call(tmp_path / "step", io="quantized"), capsys, QnnError)
    assert service.jobs[0].options.endswith(" --quantize_io")
    assert error.message == "the DLC does not take and give what the model does"
    assert error.fields["1"] == "input `image` has type float32, declared uint8"


# ------------------------------------------------------------------------------ the token


def test_a_token_that_is_refused(service, configured, tmp_path, capsys):
    configured.write_text(configured.read_text().replace(TOKEN, "another"))
    error = refused(call(tmp_path / "step"), capsys)
    assert str(error) == (
        "error: Qualcomm AI Hub refused the token\n"
        f"  service  {service.url}\n"
        "hint: run `bin/qai-hub configure --api_token TOKEN` with a token that is valid"
    )


def test_no_token(service, configured, tmp_path, capsys):
    configured.unlink()
    error = refused(call(tmp_path / "step"), capsys)
    assert str(error) == (
        "error: there is no token for Qualcomm AI Hub\n"
        f"  file    {configured}\n"
        "  reason  there is no such file\n"
        "hint: run `bin/qai-hub configure --api_token TOKEN`, or set QAIHUB_CLIENT_INI to the file"
        " that has it"
    )
    assert service.requests == []


@pytest.mark.parametrize(
    "text", [f"api_token {TOKEN}", f"[api]\n{TOKEN}", "[api]\napi_token =\napi_url=a\nweb_url=b"]
)
def test_a_file_without_a_token_is_not_quoted(configured, tmp_path, capsys, text):
    configured.write_text(text)
    error = refused(call(tmp_path / "step"), capsys)
    assert error.message == "there is no token for Qualcomm AI Hub"
    assert error.fields["reason"].startswith("it does not give api_url")


def test_the_token_does_not_leave_this_machine_unencrypted(configured, tmp_path, capsys):
    configured.write_text(
        f"[api]\napi_token={TOKEN}\napi_url=http://hub.example\nweb_url=http://hub.example\n"
    )
    error = refused(call(tmp_path / "step"), capsys)
    assert error.message == "a token for Qualcomm AI Hub would go through the network unencrypted"


# ------------------------------------------------------------------------------- refusals


@pytest.mark.usefixtures("configured")
def test_the_compilers_message_is_told(service, tmp_path, capsys):
    service.failure = "Failed to convert: op Einsum of node `e1` is not supported"
    error = refused(call(tmp_path / "step"), capsys)
    assert str(error) == (
        "error: Qualcomm AI Hub refused the model\n"
        f"  service  {service.url}\n"
        f"  job      {service.url}/jobs/job1\n"
        "  it says  Failed to convert: op Einsum of node `e1` is not supported"
    )


@pytest.mark.usefixtures("configured")
def test_a_request_that_is_refused(service, tmp_path, capsys):
    service.statuses["jobs"] = (400, f"unknown option; {TOKEN}")
    error = refused(call(tmp_path / "step"), capsys)
    assert error.message == "Qualcomm AI Hub refused the request"
    assert error.fields["it says"] == "unknown option; ***"
    assert error.fields["status"] == "400"


@pytest.mark.usefixtures("configured")
def test_a_version_that_ai_hub_dropped(tmp_path, capsys):
    error = refused(call(tmp_path / "step", qairt="2.31"), capsys)
    assert error.message == "Qualcomm AI Hub does not have QAIRT 2.31"
    assert error.fields == {"it has": "2.45"}


def test_a_version_that_moves_is_refused(service, tmp_path, capsys):
    error = refused(call(tmp_path / "step", qairt="latest"), capsys)
    assert error.message == "`qairt` is to be a release in numbers, not `latest`"
    assert service.requests == []


@pytest.mark.usefixtures("configured")
def test_a_compiler_of_another_version_than_asked(service, tmp_path, capsys):
    service.made_with = "2.46.0.1"
    error = refused(call(tmp_path / "step"), capsys)
    assert error.message == (
        "Qualcomm AI Hub compiled with QAIRT 2.46.0.1, not 2.45 as it was asked to"
    )


@pytest.mark.usefixtures("configured")
def test_a_device_that_ai_hub_does_not_have(tmp_path, capsys):
    error = refused(call(tmp_path / "step", device="Toaster"), capsys)
    assert "Toaster" in error.fields["it says"]


def test_floats_for_a_chip_that_has_none_are_not_sent(service, tmp_path, capsys):
    made = call(tmp_path / "step")
    facts = {**made.facts, "device": {"soc_model": 21}}
    error = refused(dataclasses.replace(made, facts=facts), capsys, QnnError)
    assert error.message == "the HTP of SM8250 has no floating point and the model is not quantised"
    assert service.requests == []


# ------------------------------------------------------------------------------ the network


def test_a_service_that_cannot_be_reached(configured, service, tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    configured.write_text(configured.read_text().replace(service.url, url))
    error = refused(call(tmp_path / "step"), capsys)
    assert error.message == "Qualcomm AI Hub cannot be reached, or breaks off its answer"
    assert error.fields["service"] == url
    assert error.hint.endswith("the backend `qnn_dlc` compiles with no network")


@pytest.mark.usefixtures("configured")
def test_a_job_that_does_not_end_is_not_waited_for(service, tmp_path, capsys, monkeypatch):
    service.polls = 1_000_000
    kind = dataclasses.replace(qnn_dlc_cloud.KIND, time_limit_s=60.5)
    monkeypatch.setattr(qnn_dlc_cloud, "KIND", kind)
    started = time.monotonic()
    error = refused(call(tmp_path / "step"), capsys)
    assert time.monotonic() - started < 10
    assert error.message == "Qualcomm AI Hub is not done within 0.5 s"
    assert error.fields["job"] == f"{service.url}/jobs/job1"


@pytest.mark.usefixtures("configured")
def test_a_service_that_never_answers_is_not_waited_for(service, tmp_path, capsys, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(service, "answer", lambda *_: over.wait(20) and (None, 404))
    kind = dataclasses.replace(qnn_dlc_cloud.KIND, time_limit_s=60.5)
    monkeypatch.setattr(qnn_dlc_cloud, "KIND", kind)
    error = refused(call(tmp_path / "step"), capsys)
    over.set()
    assert error.message == "Qualcomm AI Hub is not done within 0.5 s"


# -------------------------------------------------------------------- answers that are none


def cut(handler):
    """Half of what was promised."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(DLC)))
    handler.end_headers()
    handler.wfile.write(DLC[: len(DLC) // 2])
    handler.close_connection = True


@pytest.mark.usefixtures("configured")
def test_an_answer_that_breaks_off(service, tmp_path, capsys):
    service.download = cut
    error = refused(call(tmp_path / "step"), capsys)
    assert error.message == "Qualcomm AI Hub cannot be reached, or breaks off its answer"
    asked = [path for _, path, _ in service.requests if path.startswith("/files/target")]
    assert 1 < len(asked) < 20, "it was tried again, and given up"


@pytest.mark.usefixtures("configured")
def test_a_file_that_is_no_longer_there(service, tmp_path, capsys):
    service.download = lambda handler: handler.send(
        b"<Error><Code>AccessDenied</Code><Message>expired</Message></Error>", "text/xml", 403
    )
    error = refused(call(tmp_path / "step"), capsys)
    assert "AccessDenied: expired" in error.fields["it says"]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    "answer", [b"", b"<html>", DLC[: len(DLC) // 2], DLC.replace(b"NETD", b"NETX")]
)
def test_a_dlc_that_is_none(service, tmp_path, capsys, answer):
    service.download = lambda handler: handler.send(answer, "application/octet-stream")
    error = refused(call(tmp_path / "step"), capsys)
    assert error.message == (
        "Qualcomm AI Hub answered something that is not the DLC it was asked for"
    )

"""Timing on a device of AI Hub's with the vendor's real client, against a stand-in for the service."""

import json
import time
import traceback

import conformance
import pytest
import qai_hub
from aihub_standin import SIGNATURE, TOKEN
from qai_hub import public_api_pb2 as messages

from edgebuild.cloud import CloudError
from edgebuild.formats import timings
from edgebuild.steps.probes import timings_qai_hub

pytestmark = pytest.mark.filterwarnings("default")  # those of the libraries go to a step's log


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """The client waits ten seconds between two looks at a job."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.01)))


def refused(folder, capsys):
    """The error of a run that must make nothing and tell no secret, not even in its traceback."""
    folder.mkdir(exist_ok=True)
    made = timings_qai_hub.example(folder)
    with pytest.raises(CloudError) as caught:
        timings_qai_hub.run(made)
    assert not made.outputs["timings"].exists()
    printed = capsys.readouterr()
    told = "".join(traceback.format_exception(caught.value)) + printed.out + printed.err
    told += json.dumps([caught.value.message, caught.value.fields, caught.value.hint])
    assert TOKEN not in told
    assert SIGNATURE not in told
    return caught.value


@pytest.mark.usefixtures("configured")
def test_the_example_keeps_the_promises_of_a_kind(tmp_path):
    conformance.check(timings_qai_hub, tmp_path)


@pytest.mark.usefixtures("configured")
def test_what_ai_hub_is_sent_and_what_becomes_of_its_profile(service, tmp_path, capsys):
    made = timings_qai_hub.example(tmp_path)
    timings_qai_hub.run(made)
    assert service.uploads == {"/files/source": made.inputs["dlc"].read_bytes()}
    (job,) = service.jobs
    assert job.is_profiling_on
    assert job.device.name == "Samsung Galaxy S23 (Family)"
    assert job.options == "--compute_unit npu"
    assert not job.HasField("dataset"), "no data was to be sent"
    assert service.polls == 0, "it was waited for"
    found = timings.load(made.outputs["timings"])
    assert (found.by, found.evidence, found.runs) == ("qai_hub", "device", 100)
    assert (found.ms[0], found.p50, found.p95, found.p99) == (1.2, 1.249, 1.294, 1.298)
    assert found.jitter_ms == pytest.approx(0.045)
    assert found.warmup_ms is None
    assert found.note == (
        "Samsung Galaxy S23 (Family), OS 13 of AI Hub's, random inputs; 1 ops on CPU, 2 ops on NPU;"
        " 23.4 MB at most"
    )
    assert {
        f"service: {service.url}",
        f"job: {service.url}/jobs/job1",
        f"client: qai_hub {qai_hub.__version__}",
        "AI Hub: aihub-2026.11",
        "device: Samsung Galaxy S23 (Family), OS 13",
    } <= set(capsys.readouterr().out.splitlines())


@pytest.mark.usefixtures("configured")
def test_the_token_gets_into_nothing_that_is_kept(tmp_path, capsys):
    timings_qai_hub.run(timings_qai_hub.example(tmp_path))
    printed = capsys.readouterr()
    kept = [p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".ini"]
    for secret in (TOKEN, SIGNATURE):
        assert secret.encode() not in b"".join(kept)
        assert secret not in printed.out + printed.err


def test_no_token(configured, service, tmp_path, capsys):
    configured.unlink()
    error = refused(tmp_path / "step", capsys)
    assert error.message == "there is no token for Qualcomm AI Hub"
    assert service.requests == []


@pytest.mark.usefixtures("configured")
def test_a_dlc_that_the_device_does_not_run(service, tmp_path, capsys):
    service.failure = "QNN_GRAPH_ERROR_UNSUPPORTED: op Einsum"
    assert str(refused(tmp_path, capsys)) == (
        "error: Qualcomm AI Hub could not run the DLC on its device\n"
        f"  service  {service.url}\n"
        f"  job      {service.url}/jobs/job1\n"
        "  it says  QNN_GRAPH_ERROR_UNSUPPORTED: op Einsum"
    )


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    "profile",
    [
        messages.ProfileDetail(execution_time=1200),  # the oldest format: the shortest time only
        messages.ProfileDetail(major_version=1, minor_version=2, execution_time=1200),
        messages.ProfileDetail(major_version=1, minor_version=2, all_execution_times=[0, 1200]),
    ],
)
def test_the_shortest_time_of_all_does_not_stand_for_the_others(service, tmp_path, capsys, profile):
    service.profile = profile
    assert str(refused(tmp_path, capsys)) == (
        "error: Qualcomm AI Hub answered something that is not a profile of the DLC\n"
        f"  service  {service.url}\n"
        f"  job      {service.url}/jobs/job1\n"
        "  answer   a profile without the time of each inference\n"
        "hint: try again later; without the file that has the token the latency is estimated"
    )


@pytest.mark.usefixtures("configured")
def test_a_service_that_is_down(service, tmp_path, capsys):
    service.stop()
    error = refused(tmp_path, capsys)
    assert error.message == "Qualcomm AI Hub cannot be reached, or breaks off its answer"
    assert error.hint == (
        "see whether the network and HTTPS_PROXY are right;"
        " without the file that has the token the latency is estimated"
    )

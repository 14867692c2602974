"""The backend with the vendor's real client, against a stand-in for its service."""

import dataclasses
import json
import socket
import time
import types
from pathlib import Path

import blobconverter
import conformance
import pytest
import requests
from luxonis_standin import BLOB, MO_VERSION, archive, stamped

from edgebuild.cloud import CloudError, luxonis
from edgebuild.formats import blob, contract_file, placement
from edgebuild.myriad import example_model
from edgebuild.myriad.contract import MyriadContractError
from edgebuild.myriad.refusals import MyriadModelError
from edgebuild.steps.backends import myriad_blob_online

# The client leaves its files to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _quick_and_honest(monkeypatch):
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.01)))
    monkeypatch.setattr(
        requests, "get", lambda *a, **k: pytest.fail("the client asks another service too")
    )


def call(folder, url, **params):
    made = myriad_blob_online.example(folder)
    return dataclasses.replace(made, params=dataclasses.replace(made.params, url=url, **params))


def refused(made, error=CloudError):
    with pytest.raises(error) as caught:
        myriad_blob_online.run(made)
    assert not any(path.exists() for path in made.outputs.values()), "something was made of it"
    return caught.value


def test_the_example_keeps_the_promises_of_a_kind(service, tmp_path):
    module = types.SimpleNamespace(
        __name__=myriad_blob_online.__name__,
        KIND=myriad_blob_online.KIND,
        run=myriad_blob_online.run,
        example=lambda folder: call(folder, service.url),
    )
    conformance.check(module, tmp_path)


def test_what_the_service_is_sent_and_what_becomes_of_its_answer(service, tmp_path, capsys):
    made = call(tmp_path, service.url)
    myriad_blob_online.run(made)
    ((path, query, parts),) = service.requests
    assert (path, query) == ("/compile", {"version": "2021.4", "no_cache": "True"})
    assert parts["model.onnx"] == made.inputs["model"].read_bytes()
    config = parts["config"].decode()
    assert "framework: onnx" in config
    assert "mean_values" not in config
    fields = {n: v.decode() for n, v in parts.items() if n not in ("model.onnx", "config")}
    assert fields == {
        "myriad_shaves": "2",
        "myriad_params_advanced": "-ip U8",
        "data_type": "FP16",
        "download_ir": "True",
        "zoo_type": "intel",
        "name": "model",
    }
    assert made.outputs["blob"].read_bytes() == BLOB, "its version of format was put back"
    contract = contract_file.load(made.outputs["contract"])
    assert {n: (t.dtype, t.shape) for n, t in contract.inputs.items()} == {
        "image": ("uint8", (1, 3, 6, 4))
    }
    assert contract.inputs["image"].color == "RGB"
    assert {n: t.dtype for n, t in contract.outputs.items()} == {"mask": "float16"}
    rows = placement.load(made.outputs["placement"])
    assert [(s.op, s.engine) for s in rows] == [
        ("Convert", "SHAVE"),
        ("MyriadXHwOp", "NCE"),
        ("Sigmoid", "SHAVE"),
    ]
    log = capsys.readouterr().out
    assert log.splitlines() == [
        f"service: {service.url}",
        "asked for: 2021.4",
        f"MO_version: {MO_VERSION}",
    ]


def test_the_client_keeps_no_cache_of_the_users(service, tmp_path, monkeypatch):
    kept = Path(blobconverter.__dict__["__defaults"]["output_dir"])
    before = kept.exists() and kept.stat().st_mtime_ns
    made = call(tmp_path, service.url)
    myriad_blob_online.run(made)
    assert (kept.exists() and kept.stat().st_mtime_ns) == before
    (tmp_path / "again").mkdir()
    myriad_blob_online.run(call(tmp_path / "again", service.url))
    assert len(service.requests) == 2


def test_images_as_bytes_beside_other_inputs_are_told_by_name():
    assert luxonis._options({"eyes": "U8", "angle": "FP16"}) == ["-iop eyes:U8,angle:FP16"]
    with pytest.raises(CloudError, match="input `a,b` cannot be told apart"):
        luxonis._options({"a,b": "U8", "angle": "FP16"})


def test_a_blob_without_the_services_version_is_taken_too(service, tmp_path):
    service.answers = [(200, "application/zip", archive(BLOB))]
    made = call(tmp_path, service.url)
    myriad_blob_online.run(made)
    assert made.outputs["blob"].read_bytes() == BLOB


# ---------------------------------------------------------------------------- refusals


def test_the_compilers_message_is_told(service, tmp_path):
    service.refuse(
        400,
        {
            "message": "Command failed with exit code 1, command: mo.py --input_model model.onnx",
            "stderr": "[ ERROR ]  Unsupported operation\n[ ERROR ]  Einsum (1)\n\n",
            "stdout": "",
            "exit_code": 1,
        },
    )
    error = refused(call(tmp_path, service.url))
    assert str(error) == (
        "error: Luxonis' compiler refused the model\n"
        f"  service  {service.url}\n"
        "  status   400\n"
        "  it says  Command failed with exit code 1, command: mo.py --input_model model.onnx\n"
        "  (1)      [ ERROR ] Unsupported operation\n"
        "  (2)      [ ERROR ] Einsum (1)\n"
        "hint: put the pass `legalize` into the recipe: it rewrites what this compiler does not read"
    )
    assert len(service.requests) == 1, "asking again would change nothing"


def test_a_refusal_in_plain_text_is_told(service, tmp_path):
    service.refuse(400, b'Parameter "name" is empty!')
    error = refused(call(tmp_path, service.url))
    assert error.fields["it says"] == 'Parameter "name" is empty!'


def test_a_door_that_is_shut(service, tmp_path):
    service.refuse(401, {})
    error = refused(call(tmp_path, service.url))
    assert error.message == "Luxonis' compiler lets nobody in, though it knows no accounts"
    assert error.fields == {"service": service.url, "status": "401"}
    assert len(service.requests) == 1


def test_a_service_that_is_down_for_a_moment_is_asked_again(service, tmp_path):
    service.answers.insert(0, (503, "text/plain", b"busy"))
    made = call(tmp_path, service.url)
    myriad_blob_online.run(made)
    assert len(service.requests) == 2
    assert made.outputs["blob"].exists()


def test_a_service_that_stays_down_is_given_up(service, tmp_path):
    service.refuse(503, {})
    error = refused(call(tmp_path, service.url))
    assert (error.message, error.fields["status"]) == ("Luxonis' compiler failed", "503")
    assert len(service.requests) == 3


def test_a_service_that_cannot_be_reached(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    error = refused(call(tmp_path, url))
    assert error.message == "Luxonis' compiler cannot be reached, or breaks off its answer"
    assert error.fields["service"] == url
    assert error.fields["attempts"] == "3"
    assert "refused" in error.fields["reason"]
    assert error.hint.endswith("the backend `myriad_blob` compiles with no network")


def test_a_service_that_never_answers_is_not_waited_for(service, tmp_path, monkeypatch):
    import threading

    over = threading.Event()
    service.answers = [lambda handler: over.wait(20)]
    monkeypatch.setattr(
        myriad_blob_online,
        "KIND",
        dataclasses.replace(myriad_blob_online.KIND, time_limit_s=20.3),
    )
    started = time.monotonic()
    error = refused(call(tmp_path, service.url))
    over.set()
    assert error.message == "Luxonis' compiler has not answered within 0.3 s"
    assert time.monotonic() - started < 5


# ------------------------------------------------------------------- answers that are none

WHOLE = archive(stamped(BLOB, 2021, 4))


def half(length):
    """An answer that ends early, with or without its length told before."""

    def answer(handler):
        handler.send_response(200)
        if length:
            handler.send_header("Content-Length", str(len(WHOLE)))
        handler.end_headers()
        handler.wfile.write(WHOLE[: len(WHOLE) // 2])

    return answer


def test_an_answer_that_breaks_off(service, tmp_path):
    service.answers = [half(length=True)]
    error = refused(call(tmp_path, service.url))
    assert error.message == "Luxonis' compiler cannot be reached, or breaks off its answer"
    assert len(service.requests) == 3


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (half(length=False), "File is not a zip file"),
        (
            (200, "text/html", b"<html>welcome</html>"),
            "20 bytes that begin with b'<html>welcome</h'",
        ),
        ((200, "application/zip", WHOLE.replace(b"PK\1\2", b"PK\1\3")), "Bad magic number"),
        ((200, "application/zip", archive(BLOB, "model.dlc")), "an archive with 0 blobs"),
        ((200, "application/zip", archive(b"")), "a blob of 0 bytes"),
        (
            (200, "application/zip", archive(stamped(BLOB, 2022, 1))),
            "a blob of version 2022.1, not 2021.4",
        ),
    ],
)
def test_an_answer_that_is_no_archive_of_the_blob(service, tmp_path, answer, told):
    service.answers = [answer]
    error = refused(call(tmp_path, service.url))
    assert error.message == (
        "Luxonis' compiler answered something that is not the blob it was asked for"
    )
    assert told in error.fields["answer"]


@pytest.mark.parametrize("damage", [b"\x7felf" + b"?" * 200, BLOB[:-64], BLOB[:300]])
def test_a_blob_that_is_none(service, tmp_path, damage):
    service.answers = [(200, "application/zip", archive(stamped(damage, 2021, 4)))]
    error = refused(call(tmp_path, service.url))
    assert error.message.startswith("what Luxonis' compiler answered is no blob: ")


def test_a_blob_for_another_number_of_shaves(service, tmp_path):
    error = refused(call(tmp_path, service.url, shaves=3))
    assert error.message == "Luxonis' compiler made a blob for 2 SHAVEs and 2 slices, not 3"


def test_a_blob_of_another_network(service, tmp_path):
    other = (Path(__file__).parents[2] / "formats/blobs/convolution_FP16_2.blob").read_bytes()
    service.answers = [(200, "application/zip", archive(stamped(other, 2021, 4)))]
    assert blob.read(other).shaves == 2
    error = refused(call(tmp_path, service.url), MyriadContractError)
    assert "made another network of this model" in error.message


# ---------------------------------------------------------------------- before it is asked


def test_a_model_that_this_family_of_compilers_misreads_is_not_sent(service, tmp_path):
    made = call(tmp_path, service.url)
    made.inputs["model"].write_bytes(example_model.onnx("image", "mask", opset=17))
    refused(made, MyriadModelError)
    assert service.requests == []


@pytest.mark.parametrize(
    "url",
    ["http://user:secret@127.0.0.1", "ftp://127.0.0.1", "127.0.0.1", "https://a.b/?key=secret"],
)
def test_an_address_with_a_secret_in_it_enters_no_key(tmp_path, url):
    error = refused(call(tmp_path, url))
    assert error.message == "`url` is not the plain address of a service"
    assert "secret" not in json.dumps([error.message, error.fields])

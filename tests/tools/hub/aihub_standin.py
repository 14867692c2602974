"""A stand-in for Qualcomm AI Hub on the loopback interface: what compile and profile jobs need of its API.

Protobuf messages over HTTP below /api/v1/, and files by addresses that carry their permission.
"""

import http.server
import json
import sys
import threading
import urllib.parse
from pathlib import Path

from qai_hub import public_api_pb2 as messages

TOKEN = "qwertz-0123456789-token"
SIGNATURE = "Signature=permission-of-one-address"
# The example as the offline backend compiles it for SM8550.
DLC = (Path(__file__).parent / "mask.dlc").read_bytes()
DEVICE = messages.Device(
    name="Samsung Galaxy S23 (Family)",
    os="13",
    attributes=["chipset:qualcomm-snapdragon-8gen2", "framework:qnn"],
)
QAIRT = "2.45.0.260326154327"


def profile():
    """A hundred inferences of 1.2 ms or more, by the version of the format that has them all."""
    made = messages.ProfileDetail(
        major_version=1,
        minor_version=2,
        execution_time=1200,
        after_execution_peak_memory=23_400_000,
    )
    made.all_execution_times.extend(1200 + i for i in reversed(range(100)))
    for name, unit in (("conv", "NPU"), ("relu", "NPU"), ("out", "CPU")):
        made.layer_details.add(name=name, compute_unit=f"COMPUTE_UNIT_{unit}", execution_time=10)
    return made


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # the client had waited long enough
            super().handle_error(request, client_address)


class Service:
    """What was uploaded and asked for, and what is answered.

    `statuses` gives for a path (without /api/v1/ and ids) a status and a message to fail with; a
    job runs for `polls` questions, then fails with `failure` if there is one; `download` writes
    the compiled model to the connection, and `profile` is what a device measured.
    """

    def __init__(self):
        self.requests = []
        self.uploads = {}
        self.jobs = []
        self.statuses = {}
        self.polls = 2
        self.failure = ""
        self.download = lambda handler: handler.send(DLC, "application/octet-stream")
        self.made_with = QAIRT
        self.profile = profile()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def target(self):
        made = messages.Model(
            model_id="target", name="model.dlc", model_type=messages.MODEL_TYPE_QNN_DLC,
            producer_id="job1",
        )  # fmt: skip
        key = messages.MODEL_METADATA_KEY_QAIRT_SDK_VERSION
        made.metadata.entries[key] = self.made_with
        return made

    def job(self):
        """The job as it stands; each look brings it forward."""
        asked = self.jobs[-1]
        if isinstance(asked, messages.CompileJob):
            job = messages.Job(hub_version="aihub-2026.11", compile_job=asked)
            one, running = job.compile_job, messages.JOB_STATE_OPTIMIZING_MODEL
            one.target_model.CopyFrom(self.target())
        else:
            job = messages.Job(hub_version="aihub-2026.11", inference_job=asked)
            one, running = job.inference_job, messages.JOB_STATE_MEASURING_PERFORMANCE
        one.device.CopyFrom(DEVICE)
        if self.polls > 0:
            self.polls -= 1
            one.job_state = running
        elif self.failure:
            one.job_state = messages.JOB_STATE_FAILED
            one.failure_reason = self.failure
        else:
            one.job_state = messages.JOB_STATE_DONE
        return job

    def answer(self, handler, path, query, body):
        """(message, status) for a request to the API."""
        made = messages.CreateUpdateResponse
        match path:
            case ["frameworks"]:
                offer = messages.Framework(name="QAIRT", api_version="2.45", full_version=QAIRT)
                return messages.FrameworkList(frameworks=[offer]), 200
            case ["devices"]:
                known = query.get("name") == DEVICE.name
                return messages.DeviceList(devices=[DEVICE] if known else []), 200
            case ["models"] if handler.command == "POST":
                return made(id="source"), 201
            case ["models", "source", "multipart_upload"] if handler.command == "GET":
                given = messages.FileUploadResponse()
                given.multipart_url.urls.append(f"{self.url}/files/source?{SIGNATURE}")
                given.multipart_url.upload_id = "upload1"
                given.multipart_url.max_part_size = 1 << 30
                return given, 200
            case ["models", "source", "multipart_upload"]:
                return made(id="source"), 200
            case ["models", "target", "download"]:
                given = messages.FileDownloadResponse()
                given.url.url = f"{self.url}/files/target?{SIGNATURE}"
                given.url.filename = "model.dlc"
                return given, 200
            case ["models", "target"]:
                return self.target(), 200
            case ["jobs"]:
                job = messages.Job.FromString(body)
                asked = getattr(job, job.WhichOneof("job"))
                if isinstance(asked, messages.CompileJob):
                    asked.compile_job_id = "job1"
                else:
                    asked.inference_job_id = "job1"
                self.jobs.append(asked)
                return made(id="job1"), 201
            case ["jobs", "job1"]:
                return self.job(), 200
            case ["jobs", "job1", "result"]:
                result = messages.InferenceJobResult(detail=self.profile)
                return messages.JobResult(inference_job_result=result), 200
        return None, 404


def _handler(service):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def send(self, body, kind="application/x-protobuf", status=200, **headers):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = urllib.parse.urlsplit(self.path)
            service.requests.append((self.command, self.path, dict(self.headers)))
            if url.path.startswith("/files/"):
                assert url.query == SIGNATURE
                assert "Authorization" not in self.headers, "the token went to the file store"
                if self.command == "PUT":
                    service.uploads[url.path] = body
                    self.send(b"", "text/plain", ETag="etag1")
                else:
                    service.download(self)
                return
            path = url.path.removeprefix("/api/v1/").strip("/").split("/")
            fault = service.statuses.get(path[0])
            if self.headers.get("Authorization") != f"token {TOKEN}":
                fault = (401, "Invalid token.")
            if fault:
                detail = json.dumps({"detail": fault[1]}).encode()
                self.send(detail, "application/json", fault[0])
                return
            query = dict(urllib.parse.parse_qsl(url.query))
            answer, status = service.answer(self, path, query, body)
            self.send(answer.SerializeToString() if answer else b"no such thing", status=status)

        def do_POST(self):
            self.do_GET()

        def do_PUT(self):
            self.do_GET()

    return Handler

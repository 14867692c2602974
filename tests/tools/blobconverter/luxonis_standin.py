"""A stand-in for Luxonis' service on the loopback interface: it takes what the real client sends."""

import email
import email.policy
import http.server
import io
import json
import struct
import sys
import threading
import urllib.parse
import zipfile
from pathlib import Path

# What the compiler of OpenVINO 2021.4.2 made of the example's IR, itself by Model Optimizer.
BLOB = (Path(__file__).parent / "mask.blob").read_bytes()
MO_VERSION = "2021.4.2-3976-0943ed67223-refs/pull/539/head"


def stamped(blob, major, minor):
    """As the service hands blobs out."""
    return blob[:60] + struct.pack("<2I", major, minor) + blob[68:]


def archive(blob, name="model.blob"):
    """An answer to `download_ir`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        ir = f'<net name="model" version="10"><meta_data><MO_version value="{MO_VERSION}"/>'
        made.writestr("model.xml", ir + "</meta_data></net>")
        made.writestr("model.bin", b"\0" * 12)
        made.writestr(name, blob)
    return file.getvalue()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # the client had waited long enough
            super().handle_error(request, client_address)


class Service:
    """Requests as they came, and the answers they get: (status, type, body) or a function that
    writes to the connection itself. The last answer is repeated."""

    def __init__(self):
        self.requests = []
        self.answers = [(200, "application/zip", archive(stamped(BLOB, 2021, 4)))]
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def refuse(self, status, told):
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.answers = [(status, "application/json", body)]

    def _handler(service):  # noqa: N805 - `self` is the handler's
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_POST(self):
                head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
                parts = {
                    part.get_param("name", header="Content-Disposition"): part.get_payload(
                        decode=True
                    )
                    for part in message.iter_parts()
                }
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                service.requests.append((url.path, query, parts))
                answers = service.answers
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                if callable(answer):
                    self.close_connection = True
                    answer(self)
                    return
                status, kind, body = answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler

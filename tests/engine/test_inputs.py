"""Fetching reaches public web addresses only, and keeps nothing but what the manifest pins."""

import http.server
import threading
from dataclasses import replace

import pytest

from edgebuild import digest as digests
from edgebuild.engine import inputs
from edgebuild.engine.inputs import FetchError, Inputs
from edgebuild.step import Fetched
from edgebuild.store.store import Store

DATA = b"weights" * 1000


class Server(http.server.BaseHTTPRequestHandler):
    """Answers `/good`; `/cut` once short, then whole; `/long`; `/other`; `/away` redirects;
    `/nonsense` speaks no HTTP; `/chunks` ends in the middle of one."""

    cuts = 0

    def do_GET(self):
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest")
            self.end_headers()
            return
        if self.path == "/nonsense":
            self.wfile.write(b"220 mail.example ESMTP\r\n\r\n")
            return
        if self.path == "/chunks":
            self.protocol_version = "HTTP/1.1"
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"1000\r\nweights")
            self.close_connection = True
            return
        body = {"/long": DATA * 3, "/other": b"x" * len(DATA)}.get(self.path, DATA)
        if self.path == "/cut" and not Server.cuts:
            Server.cuts, body = 1, DATA[:100]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        Server.cuts = 0
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def place(tmp_path):
    return Inputs(root=tmp_path, store=Store(tmp_path / "store").open())


def fetched(url, data=DATA):
    digest = digests.of_bytes(data)
    return Fetched(url=url, sha256=digest.hash, size_bytes=digest.size_bytes)


def bring(place, file):
    place.bring(file, digests.Digest(file.sha256, file.size_bytes))


def test_loopback_and_private_addresses_are_refused(place, server):
    for url in (f"{server}/good", "http://10.0.0.1/x", "http://[::1]/x"):
        with pytest.raises(FetchError, match="which is not a public address"):
            bring(place, fetched(url))


@pytest.fixture
def loopback_allowed(monkeypatch):
    """The tests' own server stands for a public one; all else stays refused."""
    real = inputs._refuse_private
    monkeypatch.setattr(
        inputs, "_refuse_private", lambda url: None if "//127.0.0.1:" in url else real(url)
    )


@pytest.mark.usefixtures("loopback_allowed")
def test_a_download_is_kept_if_it_is_what_is_pinned_also_after_one_that_was_cut(place, server):
    for path in ("/good", "/cut"):
        bring(place, fetched(server + path))
        assert place.store.read(digests.of_bytes(DATA)) == DATA
        place.store.blob_path(digests.of_bytes(DATA)).unlink()


@pytest.mark.usefixtures("loopback_allowed")
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/long", "more than the 7000 bytes its manifest says"),
        ("/other", "got 7000 bytes with sha256"),
        ("/nonsense", "220 mail.example ESMTP"),
        ("/chunks", "IncompleteRead"),
        ("/away", "169.254.169.254 is 169.254.169.254, which is not a public address"),
    ],
)
def test_anything_else_is_refused_and_leaves_nothing(place, server, path, text):
    with pytest.raises(FetchError, match="cannot fetch") as caught:
        bring(place, fetched(server + path))
    assert text in caught.value.message
    assert list((place.store.root / "cas").glob("*/*")) == []
    assert list(place.store.scratch.iterdir()) == []


def test_a_mirror_file_that_cannot_be_read_is_passed_over(place, tmp_path, monkeypatch):
    """Also one with the very name; the same content under another name is found."""
    digest = digests.of_bytes(DATA)
    bad, good = tmp_path / "bad", tmp_path / "good"
    for path in (bad / digest.hash, good / "net.onnx"):
        path.parent.mkdir()
        path.write_bytes(DATA)
    real = digests.of_file

    def of_file(path):
        if str(path).startswith(str(bad)):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(digests, "of_file", of_file)
    mirrored = replace(place, mirrors=(bad, good), offline=True)
    bring(mirrored, fetched("https://models.example/net.onnx"))
    assert place.store.read(digest) == DATA

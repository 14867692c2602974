"""Fetching reaches public web addresses only, and keeps nothing but what the manifest pins."""

import contextlib
import http.server
import os
import re
import threading
import time
from dataclasses import replace

import pytest

from edgebuild import digest as digests
from edgebuild.engine import web
from edgebuild.engine.inputs import FetchError, Inputs
from edgebuild.step import Fetched
from edgebuild.store.store import Store

DATA = b"weights" * 1000
PLACES = {
    "/away": "http://169.254.169.254/latest",
    "/file": "file:///etc/passwd",
    "/secret": "https://me:hunter2@10.0.0.1/",
    "/loop": "/loop",
}


class Server(http.server.BaseHTTPRequestHandler):
    """Answers `/good`; `/cut` once short, then whole; `/long`; `/other`; `/away` redirects;
    `/file` and `/loop` redirect too; `/nonsense` speaks no HTTP; `/chunks` ends in the middle of one; `/short`
    promises more than it sends, `/more` less; `/drip` sends a byte now and then, `/head` of a line before them, `/silent` nothing."""

    cuts = 0
    ends = threading.Event()

    def do_GET(self):
        if self.path in PLACES:
            self.send_response(302)
            self.send_header("Location", PLACES[self.path])
            self.end_headers()
            return
        if self.path in ("/drip", "/silent", "/head"):
            with contextlib.suppress(OSError):
                if self.path == "/head":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
                else:
                    self.send_response(200)
                if self.path == "/drip":
                    self.end_headers()
                while not Server.ends.wait(0.05):
                    self.wfile.write(b"" if self.path == "/silent" else b"x")
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
        if self.path in ("/short", "/more"):
            self.send_header(
                "Content-Length", str(len(body) + (9 if self.path == "/short" else -9))
            )
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
        Server.ends.clear()
        yield f"http://127.0.0.1:{running.server_port}"
        Server.ends.set()
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


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("::ffff:8.8.8.8", True),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::7f00:1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
    ],
)
def test_addresses_in_all_their_forms(address, public):
    """Those of a machine's own network stay private in whatever is wrapped around them."""
    assert web._is_public(address) is public


@pytest.fixture
def loopback_allowed(monkeypatch):
    """The tests' own server stands for a public one; all else stays refused."""
    real = web._is_public
    monkeypatch.setattr(web, "_is_public", lambda a: a == "127.0.0.1" or real(a))


@pytest.mark.usefixtures("loopback_allowed")
def test_a_download_is_kept_if_it_is_what_is_pinned_also_after_one_that_was_cut(place, server):
    for path in ("/good", "/cut", "/short"):
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
        ("/more", "got 6991 bytes with sha256"),
        ("/file", "Redirection to url 'file:///etc/passwd' is not allowed"),
        ("/secret", "10.0.0.1 is 10.0.0.1, which is not a public address"),
        ("/loop", "would lead to an infinite loop"),
        ("/away", "169.254.169.254 is 169.254.169.254, which is not a public address"),
    ],
)
def test_anything_else_is_refused_and_leaves_nothing(place, server, path, text):
    with pytest.raises(FetchError, match="cannot fetch") as caught:
        bring(place, fetched(server + path))
    assert text in caught.value.message
    assert list((place.store.root / "cas").glob("*/*")) == []
    assert list(place.store.scratch.iterdir()) == []


@pytest.mark.usefixtures("loopback_allowed")
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/drip", "bytes came in 0 s"),
        ("/head", "only 0 bytes came in"),
        ("/silent", "timed out|only 0 bytes"),
    ],
)
def test_a_server_that_never_ends_is_left(place, server, monkeypatch, path, text):
    monkeypatch.setattr(web, "SILENCE_S", 0.3)
    monkeypatch.setattr(web, "SLOWEST_BYTES_S", 1e6)
    started = time.monotonic()
    with pytest.raises(FetchError, match="cannot fetch") as caught:
        bring(place, fetched(server + path))
    assert re.search(text, caught.value.message)
    assert time.monotonic() - started < 10
    assert list(place.store.scratch.iterdir()) == []


def test_a_name_that_leads_elsewhere_when_it_is_used_is_refused(place, server, monkeypatch):
    """It was public when it was asked about: what counts is whom the request would go to."""
    monkeypatch.setattr(web, "_refuse_private", lambda url: None)
    with pytest.raises(FetchError, match=r"127\.0\.0\.1, which is not a public address"):
        bring(place, fetched(f"{server}/good"))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x.org/a/net.onnx?v=1", "net.onnx"),
        ("https://x.org/a/..", "file"),
        ("https://x.org", "file"),
        (f"https://x.org/{'a' * 300}", "file"),
    ],
)
def test_a_file_from_the_net_is_called_by_its_url_where_a_file_can_be_called_so(place, url, name):
    assert place.resolve(fetched(url)).name == name


def test_mirror_folders_that_are_not_there_are_named(place, tmp_path):
    (tmp_path / "file").write_bytes(DATA)
    mirrors = (tmp_path / "gone", tmp_path / "file", tmp_path)
    wrong = tmp_path / digests.of_bytes(DATA).hash
    wrong.write_bytes(b"x" * len(DATA))  # of the right name and size
    (tmp_path / "file").unlink()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FetchError) as caught:
        bring(replace(place, mirrors=mirrors, offline=True), fetched("https://x.org/net.onnx"))
    assert str(caught.value) == (
        "error: no mirror folder has net.onnx, and downloads are off\n"
        "  url        https://x.org/net.onnx\n"
        f"  sha256     {wrong.name}\n"
        f"  no folder  {tmp_path / 'gone'}, {tmp_path / 'file'}\n"
        "hint: put the file into a folder named in EDGEBUILD_MIRROR"
    )


def test_a_file_of_its_name_that_is_another_is_named(place, tmp_path):
    """Somebody wrote a wrong digest or size: the one who reads the message sees the right one."""
    mirror = tmp_path / "mirror"
    (mirror / "nets").mkdir(parents=True)
    (mirror / "nets" / "net[1].onnx").write_bytes(b"other")
    with pytest.raises(FetchError) as caught:
        bring(replace(place, mirrors=(mirror,), offline=True), fetched("https://x.org/net[1].onnx"))
    assert (
        f"  is another  {mirror}/nets/net[1].onnx, 5 bytes, sha256 {digests.of_bytes(b'other').hash}\n"
        in str(caught.value)
    )
    wrong = Fetched(
        url="https://x.org/net[1].onnx", sha256=digests.of_bytes(b"other").hash, size_bytes=6
    )
    with pytest.raises(FetchError, match="5 bytes, of that sha256, but not of 6 bytes"):
        bring(replace(place, mirrors=(mirror,), offline=True), wrong)


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

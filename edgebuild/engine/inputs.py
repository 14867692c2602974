"""Files from outside the graph: of the project, and fetched by URL through mirror folders."""

from __future__ import annotations

import contextlib
import glob
import http.client
import ipaddress
import os
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from edgebuild import digest as digests
from edgebuild.action import Input
from edgebuild.digest import Digest
from edgebuild.errors import EdgebuildError
from edgebuild.step import Fetched, File, ProjectFile
from edgebuild.store import files
from edgebuild.store.store import Store

# How long a server may say nothing, and how slow one may be beyond that.
SILENCE_S = 60.0
SLOWEST_BYTES_S = 10_000
_LONGEST_NAME = 200
# IPv6 that ends in the IPv4 address a gateway brings it to: NAT64 (RFC 6052), and what was before it.
_WITH_IPV4 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))


class MissingFile(EdgebuildError):
    """A file of the project that is not there."""


class FetchError(EdgebuildError):
    """A file named by URL that could not be had with the content its manifest pins."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Where files come from. `mirrors` are folders searched by digest before any download;
    `offline` forbids downloads; `say` gets one line a download."""

    root: Path
    store: Store
    mirrors: Sequence[Path] = ()
    offline: bool = False
    say: Callable[[str], None] = lambda line: None
    # What this build has read of the project: all of its steps must see the same.
    _seen: dict[str, Digest] = field(default_factory=dict)

    def resolve(self, file: File) -> Input:
        """Content and name of a file; a project's is hashed, a fetched one is known by its pin. MissingFile if
        the project's is gone, or is not what an earlier step of this build read."""
        if isinstance(file, Fetched):
            return Input(digest=Digest(file.sha256, file.size_bytes), name=_name(file))
        path = self.root / file.path
        try:
            found = digests.of_file(path)
        except OSError as error:
            raise MissingFile(f"cannot read {file.path}: {error.strerror}") from error
        if self._seen.setdefault(file.path, found) != found:
            raise _changed(file)
        return Input(digest=found, name=path.name)

    def bring(self, file: File, digest: Digest) -> None:
        """Make the file's content a blob of the store, or say why that is not possible."""
        if self.store.intact(digest):
            return
        if isinstance(file, Fetched):
            self._fetch(file, digest)
        elif self.store.put_file(self.root / file.path) != digest:
            raise _changed(file)

    def _fetch(self, file: Fetched, digest: Digest) -> None:
        for candidate in self._mirrored(digest):
            if _holds(candidate, digest) and self.store.put_file(candidate) == digest:
                return
        if self.offline:
            raise FetchError(
                f"no mirror folder has {_name(file)}, and downloads are off",
                fields={"url": file.url, "sha256": file.sha256, **self._not_it(file)},
                hint="put the file into a folder named in EDGEBUILD_MIRROR",
            )
        self.say(f"fetching {file.url} ({file.size_bytes / 1e6:.1f} MB)")
        self._download(file, digest)

    def _mirrored(self, digest: Digest) -> Iterator[Path]:
        """Files of a mirror folder that may be it: by name first, then by size."""
        for mirror in self.mirrors:
            for path in (mirror / digest.hash, mirror / digest.hash[:2] / digest.hash):
                with contextlib.suppress(OSError):
                    if path.is_file():
                        yield path
        for mirror in self.mirrors:
            for place, folders, names in os.walk(mirror):  # what cannot be read is passed over
                folders.sort()
                for path in (Path(place, name) for name in sorted(names)):
                    with contextlib.suppress(OSError):
                        if path.is_file() and path.stat().st_size == digest.size_bytes:
                            yield path

    def _not_it(self, file: Fetched) -> dict[str, str]:
        """For a message: mirror folders that are not there, and a file of its name that is another one."""
        absent = [str(mirror) for mirror in self.mirrors if not mirror.is_dir()]
        said = {"no folder": ", ".join(absent)} if absent else {}
        for mirror in self.mirrors:
            for path in sorted(mirror.rglob(glob.escape(_name(file)))):
                with contextlib.suppress(OSError):
                    if path.is_file():
                        found = digests.of_file(path)
                        whose = (
                            f"of that sha256, but not of {file.size_bytes} bytes"
                            if found.hash == file.sha256
                            else f"sha256 {found.hash}"
                        )
                        said["is another"] = f"{path}, {found.size_bytes} bytes, {whose}"
                        return said
        return said

    def _download(self, file: Fetched, digest: Digest) -> None:
        temp = files.temporary(self.store.scratch)
        failure = ""
        try:
            for _ in range(3):
                try:
                    self._read_url(file, temp)
                except (OSError, ValueError, http.client.HTTPException) as error:
                    failure = str(getattr(error, "reason", error)) or type(error).__name__
                    continue
                found = digests.of_file(temp)
                if found == digest:
                    self.store.put_file(temp)
                    return
                failure = f"got {found.size_bytes} bytes with sha256 {found.hash}"
                if found.size_bytes == digest.size_bytes:
                    break
        finally:
            temp.unlink(missing_ok=True)
        raise FetchError(
            f"cannot fetch {_name(file)}: {failure}",
            fields={
                "url": file.url,
                "expected": f"{digest.size_bytes} bytes, sha256 {digest.hash}",
                **self._not_it(file),
            },
            hint="if the file moved, put it into a folder named in EDGEBUILD_MIRROR;"
            " it is found there by its sha256",
        )

    def _read_url(self, file: Fetched, target: Path) -> None:
        limit = file.size_bytes
        allowed_s = SILENCE_S + limit / SLOWEST_BYTES_S
        until = time.monotonic() + allowed_s
        opener = urllib.request.build_opener(_PublicOnly, _Plain, _Secure)
        _refuse_private(file.url)
        with opener.open(file.url, timeout=SILENCE_S) as answer, target.open("wb") as out:
            while chunk := answer.read1(1 << 16):
                out.write(chunk)
                if out.tell() > limit:
                    raise ValueError(f"more than the {limit} bytes its manifest says")
                if time.monotonic() > until:
                    raise TimeoutError(f"only {out.tell()} bytes came in {allowed_s:.0f} s")


def _name(file: Fetched) -> str:
    """The last part of its URL, if a file can be called so."""
    name = Path(urllib.parse.urlsplit(file.url).path).name
    return name if name not in ("", "..") and len(name.encode()) <= _LONGEST_NAME else "file"


def _changed(file: ProjectFile) -> MissingFile:
    return MissingFile(
        f"{file.path} changed while the build was running", hint="run the build again"
    )


def _holds(path: Path, digest: Digest) -> bool:
    """Whether a file of a mirror has the content; one that cannot be read has not."""
    try:
        return digests.of_file(path) == digest
    except OSError:
        return False


class _PublicOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to public web addresses only: a manifest must not reach into a network."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _refuse_private(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _refuse_private(url: str) -> None:
    """ValueError unless `url` is http(s) to a public address. Behind a proxy, names that this
    machine cannot resolve are the proxy's business."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{parts.scheme or 'no'} scheme is not fetched, only http and https")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except socket.gaierror:
        if urllib.request.getproxies():
            return
        raise
    for *_, address in found:
        _require_public(parts.hostname, str(address[0]))


def _require_public(host: str, address: str) -> None:
    if not _is_public(address):
        raise ValueError(f"{host} is {address}, which is not a public address")


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if any(found in network for network in _WITH_IPV4):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        found = inner or found
    return found.is_global and not found.is_multicast


class _Connection(http.client.HTTPConnection):
    """Sends nothing to where a name leads by the time it is used, if that is not public either."""

    def connect(self) -> None:
        super().connect()
        _require_public(self.host, self.sock.getpeername()[0])


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _require_public(self.host, self.sock.getpeername()[0])


class _Plain(urllib.request.HTTPHandler):
    """http; a proxy may be wherever it is."""

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        made = http.client.HTTPConnection if req.has_proxy() else _Connection
        return self.do_open(made, req)


class _Secure(urllib.request.HTTPSHandler):
    """https, likewise."""

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        proxied = req.has_proxy() or getattr(req, "_tunnel_host", None)
        return self.do_open(http.client.HTTPSConnection if proxied else _SecureConnection, req)

"""Files from outside the graph: of the project, and fetched by URL through mirror folders."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edgebuild import digest as digests
from edgebuild.digest import Digest
from edgebuild.errors import EdgebuildError
from edgebuild.step import Fetched, File, Input
from edgebuild.store import files
from edgebuild.store.store import Store


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

    def resolve(self, file: File) -> Input:
        """Content and name of a file; a project's is hashed, a fetched one is known by its pin."""
        if isinstance(file, Fetched):
            name = Path(urllib.parse.urlsplit(file.url).path).name or "file"
            return Input(digest=Digest(file.sha256, file.size_bytes), name=name)
        path = self.root / file.path
        try:
            return Input(digest=digests.of_file(path), name=path.name)
        except OSError as error:
            raise MissingFile(f"cannot read {file.path}: {error.strerror}") from error

    def bring(self, file: File, digest: Digest) -> None:
        """Make the file's content a blob of the store, or say why that is not possible."""
        if self.store.intact(digest):
            return
        if isinstance(file, Fetched):
            self._fetch(file, digest)
        elif self.store.put_file(self.root / file.path) != digest:
            raise MissingFile(
                f"{file.path} changed while the build was running", hint="run the build again"
            )

    def _fetch(self, file: Fetched, digest: Digest) -> None:
        for candidate in self._mirrored(digest):
            if _holds(candidate, digest) and self.store.put_file(candidate) == digest:
                return
        if self.offline:
            raise FetchError(
                f"no mirror folder has {Path(file.url).name}, and downloads are off",
                fields={"url": file.url, "sha256": file.sha256},
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
            for path in sorted(mirror.rglob("*")):
                with contextlib.suppress(OSError):
                    if path.is_file() and path.stat().st_size == digest.size_bytes:
                        yield path

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
            f"cannot fetch {Path(file.url).name}: {failure}",
            fields={
                "url": file.url,
                "expected": f"{digest.size_bytes} bytes, sha256 {digest.hash}",
            },
            hint="if the file moved, put it into a folder named in EDGEBUILD_MIRROR;"
            " it is found there by its sha256",
        )

    def _read_url(self, file: Fetched, target: Path) -> None:
        limit = file.size_bytes
        opener = urllib.request.build_opener(_PublicOnly)
        _refuse_private(file.url)
        with opener.open(file.url, timeout=60) as answer, target.open("wb") as out:
            while chunk := answer.read(1 << 16):
                out.write(chunk)
                if out.tell() > limit:
                    raise ValueError(f"more than the {limit} bytes its manifest says")


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
        if not ipaddress.ip_address(address[0]).is_global:
            raise ValueError(f"{parts.hostname} is {address[0]}, which is not a public address")

"""Files from public web addresses, whoever answers there: within their size and within bounded time."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

# How long a server may say nothing, and how slow one may be beyond that.
SILENCE_S = 60.0
SLOWEST_BYTES_S = 10_000
# IPv6 that ends in the IPv4 address a gateway brings it to: NAT64 (RFC 6052), and what was before it.
_WITH_IPV4 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))


def read(url: str, size_bytes: int, target: Path) -> None:
    """Write what is at a public URL. OSError, ValueError, HTTPException if it cannot be had, leads to an
    address that is not public, is longer than `size_bytes`, or comes so slowly that it never ends."""
    allowed_s = SILENCE_S + size_bytes / SLOWEST_BYTES_S
    until = time.monotonic() + allowed_s
    _refuse_private(url)
    with _cut_off(allowed_s) as sockets, target.open("wb") as out:
        opener = urllib.request.build_opener(_PublicOnly, _Plain(sockets), _Secure(sockets))
        try:
            with opener.open(url, timeout=SILENCE_S) as answer:
                while chunk := answer.read1(1 << 16):
                    out.write(chunk)
                    if out.tell() > size_bytes:
                        raise ValueError(f"more than the {size_bytes} bytes its manifest says")
        finally:
            if time.monotonic() > until:  # and so it was cut off, whatever that looked like
                raise TimeoutError(f"only {out.tell()} bytes came in {allowed_s:.0f} s")


@contextlib.contextmanager
def _cut_off(seconds: float) -> Iterator[list[socket.socket]]:
    """What is in the list after so long is shut down, in whatever its reader waits there."""
    sockets: list[socket.socket] = []

    def end() -> None:
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield sockets
    finally:
        timer.cancel()
        for one in sockets:
            one.close()


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


class _Plain(urllib.request.HTTPHandler):
    """http. Sends nothing to where a name leads by the time it is used, if that is not public either; a
    proxy may be wherever it is."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        super().__init__()
        self.sockets = sockets

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        made = _watched(http.client.HTTPConnection, self.sockets, proxied=req.has_proxy())
        return self.do_open(made, req)


class _Secure(urllib.request.HTTPSHandler):
    """https, likewise."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        super().__init__()
        self.sockets = sockets

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        proxied = req.has_proxy() or bool(getattr(req, "_tunnel_host", None))
        return self.do_open(_watched(http.client.HTTPSConnection, self.sockets, proxied), req)


def _watched(
    kind: type[http.client.HTTPConnection], sockets: list[socket.socket], proxied: bool
) -> Any:
    """Makes connections of this kind whose sockets are in the list before anything is sent."""

    def connect(address: tuple[str, int], *more: Any) -> socket.socket:
        made = socket.create_connection(address, *more)
        sockets.append(made.dup())  # the first one is gone when it is wrapped for https
        try:
            if not proxied:
                _require_public(address[0], made.getpeername()[0])
        except ValueError:
            made.close()
            raise
        return made

    def make(*arguments: Any, **more: Any) -> http.client.HTTPConnection:
        connection: Any = kind(*arguments, **more)
        connection._create_connection = connect
        return connection  # type: ignore[no-any-return]

    return make

"""A proxy between client and S3 server that plays tricks: throttling, resets, cut bodies, stalls, bad bytes."""

import http.client
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Trick = Literal[
    "throttle", "error", "reset", "truncate", "stall", "corrupt", "vanish", "deny", "redirect", "gone"
]

FOREVER = 10**9
STALL_S = 30.0

_ANSWERS = {
    "throttle": (
        503,
        b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>",
    ),
    "error": (500, b"<Error><Code>InternalError</Code></Error>"),
    "vanish": (404, b"<Error><Code>NoSuchKey</Code></Error>"),
    "deny": (403, b"<Error><Code>AccessDenied</Code></Error>"),
}


class FaultProxy(ThreadingHTTPServer):
    """Forwards every request, except those that a plan says to spoil."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream).netloc
        self.requests: Counter[str] = Counter()
        self.elsewhere = "http://127.0.0.1:9/elsewhere"
        self.delay_s = 0.0
        self.every: tuple[int, Trick] | None = None
        self._plans: dict[str, list[Trick]] = {}
        self._lock = threading.Lock()
        self._served = 0

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away: they are killed on purpose."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def spoil(self, key_end: str, trick: Trick, times: int = FOREVER) -> None:
        """Spoil the next requests for keys that end like this."""
        self._plans.setdefault(key_end, []).extend([trick] * min(times, 10_000))

    def take_trick(self, path: str) -> Trick | None:
        """Return what to do to a request; None to forward it as it is."""
        with self._lock:
            self.requests[path] += 1
            self._served += 1
            for key_end, tricks in self._plans.items():
                if path.endswith(key_end) and tricks:
                    return tricks.pop(0)
            if self.every is not None and self._served % self.every[0] == 0:
                return self.every[1]
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultProxy

    def do_GET(self) -> None:
        trick = self.server.take_trick(urlsplit(self.path).path)
        time.sleep(self.server.delay_s)
        if trick in _ANSWERS:
            self._answer(*_ANSWERS[trick])
        elif trick == "redirect":
            self._answer(307, b"", {"Location": self.server.elsewhere})
        elif trick == "gone":
            self._reset()
        else:
            self._forward(trick)

    do_HEAD = do_GET  # noqa: N815  # the name that http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _forward(self, trick: Trick | None) -> None:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        upstream.request(self.command, self.path, headers=headers)
        response = upstream.getresponse()
        body = response.read()
        upstream.close()
        kept = ("etag", "last-modified", "content-type", "x-amz-bucket-region")
        headers = {name: value for name, value in response.getheaders() if name.lower() in kept}
        length = int(response.getheader("Content-Length") or len(body))
        if trick == "corrupt":
            body = bytes([body[0] ^ 0xFF]) + body[1:]
        self._send(response.status, headers, length)
        if trick in ("truncate", "reset", "stall"):
            self._send_half(body, trick)
        elif self.command != "HEAD":
            self.wfile.write(body)

    def _send_half(self, body: bytes, trick: Trick) -> None:
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        if trick == "stall":
            time.sleep(STALL_S)
        if trick == "reset":
            self._reset()
        self.close_connection = True

    def _reset(self) -> None:
        """Close so that the other side gets a reset rather than an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._send(status, {"Content-Type": "application/xml", **(headers or {})}, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send(self, status: int, headers: dict[str, str], length: int) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def run_fault_proxy(upstream: str) -> Iterator[FaultProxy]:
    """Run a proxy in a thread of this process."""
    proxy = FaultProxy(upstream)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()

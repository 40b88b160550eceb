"""An AWS that refuses: S3 and SageMaker on loopback, with the answers that AWS gives, as its references show them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Refusal(NamedTuple):
    """What is refused, and how.

    Attributes:
        of: `GET` or `PUT` of S3, or the name of an operation of SageMaker.
        status: Of HTTP.
        code: AWS's word for it.
        said: AWS's message.
    """

    of: str
    status: int
    code: str
    said: str


_EMPTY = b'<?xml version="1.0"?><ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>'


@contextmanager
def run_refusing_server(refusal: Refusal) -> Iterator[str]:
    """Start a server that refuses one thing, and grants all else; its address."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            is_refused = refusal.of in (target, "" if target else self.command)
            if not is_refused:
                self.send(200, b"{}" if target else _EMPTY if self.command == "GET" else b"")
            elif target:
                self.send(
                    refusal.status, f'{{"__type": "{refusal.code}", "message": "{refusal.said}"}}'.encode()
                )
            else:
                text = f"<Error><Code>{refusal.code}</Code><Message>{refusal.said}</Message></Error>"
                self.send(refusal.status, b"" if self.command == "HEAD" else text.encode())  # as S3: no body

        do_GET = do_PUT = do_POST = do_HEAD = answer  # noqa: N815  # http.server's names

        def send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()

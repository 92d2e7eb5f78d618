"""A small web server on the loopback address, as well-behaved or as bad as a test needs."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class FileServer:
    """Serves one file, and remembers what was asked.

    Attributes:
        content: the file.
        ranges: whether requests for a part of it are honoured.
        cut: bytes after which the next replies stop; each entry serves one reply, None the rest.
        status: what is answered instead of the file, if not 200.
        asked: the Range header of every request, or None.
        agents: the User-Agent of every request.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.ranges = True
        self.cut: list[int] = []
        self.status = 200
        self.before: Callable[[], None] = lambda: None
        self.asked: list[str | None] = []
        self.agents: list[str] = []

    def __enter__(self) -> Self:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.reply(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/{name}"

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        self.before()
        asked = request.headers.get("Range")
        self.asked.append(asked)
        self.agents.append(request.headers["User-Agent"])
        if self.status != 200:
            request.send_error(self.status)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        if asked and self.ranges and start >= len(self.content):
            request.send_error(416)
            return
        body = self.content[start:]
        request.send_response(206 if asked and self.ranges else 200)
        if asked and self.ranges:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cut.pop(0)] if self.cut else body)

"""A web server on this machine whose answers a test chooses."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 300


class Handler(BaseHTTPRequestHandler):
    """Answers /<mirror>/file.gz with the function that the test put into server.mirrors."""

    def do_GET(self):
        mirror = self.path.split("/")[1]
        self.server.requests.append(mirror)
        self.server.mirrors[mirror](self)

    def deliver(self, content=CONTENT, status=200, length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@contextmanager
def mirror_server():
    """Run the server while the ``with`` block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.mirrors = {"good": Handler.deliver}
    server.requests = []
    server.released = threading.Event()  # ends the answers that stall
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()

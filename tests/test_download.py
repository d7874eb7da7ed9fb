"""The downloader against a server on this machine: no network, no long waits."""

import hashlib
import io
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from digitnet.datasets import download as module
from digitnet.datasets.download import download
from mirror_server import CONTENT, Handler, mirror_server

NAME = "file.gz"


@pytest.fixture
def server():
    with mirror_server() as server:
        yield server


def verify(body):
    got = hashlib.sha256(body).hexdigest()
    if got != hashlib.sha256(CONTENT).hexdigest():
        raise ValueError(f"expected another SHA-256, got {got}")


@pytest.fixture
def fetch(server, tmp_path):
    """Download through the named mirrors into an empty folder, with short times."""

    def fetch(*mirrors, **settings):
        settings = {
            "max_bytes": 100_000,
            "verify": verify,
            "advice": "; do this instead",
            "timeout": 5.0,
            "backoff": 0.001,
        } | settings
        urls = [name if "://" in name else f"{server.url}/{name}/" for name in mirrors]
        return download(NAME, urls, tmp_path / "cache" / "set", **settings)

    fetch.folder = tmp_path / "cache" / "set"
    return fetch


def fails(fetch, *mirrors, reason, **settings):
    """No file, not even a part of one, and one sentence that says why and what to do."""
    with pytest.raises(OSError, match=reason) as caught:
        fetch(*mirrors, **settings)
    message = str(caught.value)
    assert message.startswith(f"could not download {NAME}: tried ")
    assert message.endswith("; do this instead")
    assert "\n" not in message
    assert os.listdir(fetch.folder) == []
    return message


def test_success_creates_the_folder_and_the_file(server, fetch):
    path = fetch("good", "never asked")
    assert path == fetch.folder / NAME
    assert path.read_bytes() == CONTENT
    assert os.listdir(fetch.folder) == [NAME]
    assert server.requests == ["good"]


def test_retry_then_second_mirror(server, fetch):
    server.mirrors["busy"] = lambda handler: handler.deliver(b"", status=503)
    assert fetch("busy", "good").read_bytes() == CONTENT
    assert server.requests == ["busy"] * 3 + ["good"]


def test_retry_helps(server, fetch):
    answers = iter([lambda handler: handler.deliver(b"", status=500), Handler.deliver])
    server.mirrors["flaky"] = lambda handler: next(answers)(handler)
    assert fetch("flaky").read_bytes() == CONTENT
    assert server.requests == ["flaky"] * 2


def test_back_off_doubles(server, fetch, monkeypatch):
    pauses = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    server.mirrors["busy"] = lambda handler: handler.deliver(b"", status=503)
    fails(fetch, "busy", reason="HTTP 503", attempts=4, backoff=0.25)
    assert pauses == [0.25, 0.5, 1.0]


def test_missing_file_is_asked_for_once(server, fetch):
    server.mirrors["empty"] = lambda handler: handler.deliver(b"", status=404)
    message = fails(fetch, "empty", "empty", reason="HTTP 404 Not Found")
    assert message.count(f"{server.url}/empty/{NAME} (HTTP 404 Not Found)") == 2
    assert server.requests == ["empty"] * 2


def test_truncated_body(server, fetch):
    server.mirrors["short"] = lambda handler: handler.deliver(CONTENT[:999], length=len(CONTENT))
    fails(fetch, "short", reason=f"expected {len(CONTENT)} bytes, got 999: cut short")
    assert server.requests == ["short"] * 3


def test_truncated_chunked_body(server, fetch):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"10\r\n0123456789abcdef\r\n")

    server.mirrors["chunked"] = answer
    fails(fetch, "chunked", reason="IncompleteRead")


def test_wrong_content_moves_to_the_next_mirror(server, fetch):
    server.mirrors["wrong"] = lambda handler: handler.deliver(b"something else")
    fails(fetch, "wrong", reason="expected another SHA-256, got [0-9a-f]{64}")
    assert fetch("wrong", "good").read_bytes() == CONTENT
    assert server.requests == ["wrong", "wrong", "good"]


def test_too_many_bytes(server, fetch):
    fails(fetch, "good", reason="at most 1000 bytes, got 76800", max_bytes=1000)

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while not server.released.is_set():
                handler.wfile.write(bytes(10_000))
        except OSError:  # the client has hung up, as it should
            pass

    server.mirrors["endless"] = endless
    fails(fetch, "endless", reason="at most 1000 bytes, got more", max_bytes=1000)


def test_stall_is_given_up(server, fetch):
    def stall(handler):
        handler.deliver(CONTENT[:999], length=len(CONTENT))
        server.released.wait(10)

    server.mirrors["stall"] = stall
    start = time.monotonic()
    fails(fetch, "stall", reason="no answer within 0.1 s", timeout=0.1)
    assert time.monotonic() - start < 2
    assert server.requests == ["stall"]


def test_silence_before_the_answer_is_given_up(server, fetch):
    server.mirrors["silent"] = lambda handler: server.released.wait(10)
    fails(fetch, "silent", reason="no answer within 0.1 s", timeout=0.1)


def test_trickle_is_given_up(server, fetch):
    def trickle(handler):
        handler.deliver(b"", length=len(CONTENT))
        try:
            while not server.released.wait(0.01):
                handler.wfile.write(b"x")
        except OSError:
            pass

    server.mirrors["trickle"] = trickle
    fails(fetch, "trickle", reason="not finished within 0.2 s", time_limit=0.2)


def test_nobody_listens(fetch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        fails(fetch, url, reason="refused")


@pytest.mark.parametrize(
    "url",
    ["http://example.invalid/", "ftp://127.0.0.1/", "file:///etc/", "http://127.0.0.1.example/"],
)
def test_only_https_beyond_this_machine(fetch, url):
    fails(fetch, url, reason="expected an https address, got ")


def test_unknown_host(fetch, monkeypatch):
    def offline(*arguments):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    for variable in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    fails(fetch, "https://example.invalid", reason="host name not found")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_on_this_machine(server, fetch, status):
    target = f"{server.url}/good/{NAME}"
    server.mirrors["moved"] = lambda handler: handler.deliver(b"", status=status, Location=target)
    assert fetch("moved").read_bytes() == CONTENT


def test_redirect_to_plain_http_is_refused(server, fetch):
    target = "http://example.invalid/file.gz"
    server.mirrors["moved"] = lambda handler: handler.deliver(b"", status=302, Location=target)
    fails(fetch, "moved", reason=f"expected an https address, got {target}")
    assert server.requests == ["moved"]


def test_redirect_from_https_to_this_machine_is_refused():
    request = module.Request("https://example.invalid/file.gz")
    handler = module._SecureRedirectHandler()
    with pytest.raises(module._FetchError, match="expected an https address"):
        handler.redirect_request(request, io.BytesIO(), 302, "", {}, "http://127.0.0.1/file.gz")


def test_proxy_settings_do_not_apply_to_this_machine(fetch, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert fetch("good").read_bytes() == CONTENT


def test_concurrent_downloads(server, fetch):
    barrier = threading.Barrier(4)

    def together(handler):
        barrier.wait(5)
        handler.deliver()

    server.mirrors["together"] = together
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(fetch, ["together"] * 4))
    assert {path.read_bytes() for path in paths} == {CONTENT}
    assert os.listdir(fetch.folder) == [NAME]


def test_folder_that_cannot_be_created(fetch):
    fetch.folder.parent.write_bytes(b"a file where the cache should be")
    with pytest.raises(OSError, match=r"cannot create the folder .*; do this instead"):
        fetch("good")


class StandardError(io.StringIO):
    """A standard error that says whether it is a terminal."""

    def __init__(self, terminal):
        super().__init__()
        self.isatty = lambda: terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_bar_only_on_a_terminal(fetch, monkeypatch, terminal):
    stderr = StandardError(terminal)
    monkeypatch.setattr(module.sys, "stderr", stderr)
    fetch("good")
    assert (NAME in stderr.getvalue() and "100%" in stderr.getvalue()) == terminal
    assert bool(stderr.getvalue()) == terminal


def test_no_standard_error_at_all(fetch, monkeypatch):
    monkeypatch.setattr(module.sys, "stderr", None)
    assert fetch("good").is_file()

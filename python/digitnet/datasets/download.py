"""Fetch one file over HTTPS from a list of mirrors, verify it, and put it into a folder.

The file appears in the folder whole and verified, or not at all. Several processes may fetch the
same file at once: each works on its own bytes and the renames give the same result.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from ..utils.atomic import atomic_write

if TYPE_CHECKING:
    from tqdm import tqdm

_CHUNK = 1 << 16
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})  # HTTP statuses worth another try


class _FetchError(Exception):
    """Why one address failed, and whether asking it again could help."""

    def __init__(self, reason: str, *, retry: bool) -> None:
        super().__init__(reason)
        self.retry = retry


def download(
    name: str,
    mirrors: Sequence[str],
    folder: str | os.PathLike[str],
    *,
    max_bytes: int,
    verify: Callable[[bytes], None],
    advice: str = "",
    timeout: float = 15.0,
    time_limit: float = 600.0,
    attempts: int = 3,
    backoff: float = 0.25,
) -> Path:
    """Fetch `name` from the first of `mirrors` that has it, and store it as `folder`/`name`.

    Args:
        name: file name, both in the address and in the folder.
        mirrors: addresses to which `name` is appended; only ``https:``, except for a server on
            this machine. A redirect must not leave https either.
        folder: where to put the file; created if absent.
        max_bytes: the most bytes that the file may have.
        verify: called with the content; raises ValueError if it is not the published one.
        advice: what the person can do instead, appended to the message of the error.
        timeout: seconds without a byte after which a mirror is given up.
        time_limit: seconds after which a mirror is given up, however it behaves.
        attempts: how often to ask one mirror when it fails in a way that may pass.
        backoff: seconds before the second attempt, doubled for each one after it.

    Returns:
        The path of the verified file.

    Raises:
        OSError: no mirror delivered the file, or the folder cannot be written; the message says
            which addresses were asked and why each failed.
    """
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"cannot create the folder {os.fspath(folder)} for {name} ({error.strerror}){advice}"
        ) from None
    failures = []
    for mirror in mirrors:
        url = mirror.rstrip("/") + "/" + name
        for attempt in range(attempts):
            try:
                body = _get(url, max_bytes, timeout, time_limit)
                _check(body, verify)
            except _FetchError as error:
                failure = f"{url} ({error})"
                if not error.retry or attempt + 1 == attempts:
                    break
                time.sleep(backoff * 2**attempt)
            else:
                target = Path(folder, name)
                atomic_write(target, body)
                return target
        failures.append(failure)
    raise OSError(f"could not download {name}: tried {'; '.join(failures)}{advice}")


def _check(body: bytes, verify: Callable[[bytes], None]) -> None:
    try:
        verify(body)
    except ValueError as error:  # asking the same mirror again would give the same bytes
        raise _FetchError(str(error), retry=False) from None


def _get(url: str, max_bytes: int, timeout: float, time_limit: float) -> bytes:
    """The whole body behind `url`; every way to fail becomes a _FetchError."""
    deadline = time.monotonic() + time_limit
    _require_secure(url)
    handlers = [_SecureRedirectHandler()]
    if _is_loopback(url):  # a proxy would look for the server on its own machine
        handlers.append(ProxyHandler({}))  # type: ignore[arg-type]
    request = Request(url, headers={"User-Agent": "digitnet"})
    try:
        with cast(HTTPResponse, build_opener(*handlers).open(request, timeout=timeout)) as response:
            return _read_body(response, url, max_bytes, deadline, time_limit)
    except HTTPError as error:
        error.close()
        raise _FetchError(f"HTTP {error.code} {error.reason}", retry=error.code in _BUSY) from None
    except (OSError, HTTPException) as error:
        cause = error.reason if isinstance(error, URLError) else error
        if isinstance(cause, TimeoutError):  # do not wait that long once more
            raise _FetchError(f"no answer within {timeout:g} s", retry=False) from None
        if isinstance(cause, socket.gaierror):
            raise _FetchError("host name not found; no network?", retry=True) from None
        retry = not isinstance(cause, ssl.SSLCertVerificationError)
        raise _FetchError(str(cause) or type(cause).__name__, retry=retry) from None


def _read_body(
    response: HTTPResponse, url: str, max_bytes: int, deadline: float, time_limit: float
) -> bytes:
    published = response.length  # None if the server does not say
    if published is not None and published > max_bytes:
        raise _FetchError(f"expected at most {max_bytes} bytes, got {published}", retry=False)
    body = bytearray()
    bar = _progress_bar(url, published)
    try:
        while chunk := response.read1(_CHUNK):  # read1 returns what is there: the clock can be read
            body += chunk
            if len(body) > max_bytes:
                raise _FetchError(f"expected at most {max_bytes} bytes, got more", retry=False)
            if time.monotonic() > deadline:
                raise _FetchError(f"not finished within {time_limit:g} s", retry=False)
            if bar is not None:
                bar.update(len(chunk))
    finally:
        if bar is not None:
            bar.close()
    if published is not None and len(body) != published:
        raise _FetchError(f"expected {published} bytes, got {len(body)}: cut short", retry=True)
    return bytes(body)


def _progress_bar(url: str, total: int | None) -> tqdm[Any] | None:
    """A progress bar on a terminal, nothing in a log file or where there is no stderr."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    name = url.rpartition("/")[2]
    bar: tqdm[Any] = tqdm(desc=name, total=total, unit="B", unit_scale=True, unit_divisor=1024)
    return bar


class _SecureRedirectHandler(HTTPRedirectHandler):
    """Follows redirects, but never from https to something else."""

    http_error_308 = HTTPRedirectHandler.http_error_302  # Python 3.10 does not know it

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        try:
            _require_secure(newurl, loopback_allowed=_is_loopback(req.full_url))
        except _FetchError:
            fp.close()
            raise
        if code == 308:  # Python 3.10 refuses it; for GET it is a 307
            code = 307
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _require_secure(url: str, *, loopback_allowed: bool = True) -> None:
    if urlsplit(url).scheme == "https" or (loopback_allowed and _is_loopback(url)):
        return
    raise _FetchError(f"expected an https address, got {url}", retry=False)


def _is_loopback(url: str) -> bool:
    """Whether `url` is plain http to this very machine, as the tests use it."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        return False
    host = parts.hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False

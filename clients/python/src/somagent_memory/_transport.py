"""Sends calls: headers, attempts with waits between them, refusals as exceptions. Connections are kept and used again."""

from __future__ import annotations

import contextlib
import contextvars
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from ._decode import decode
from ._ids import uuid7
from .errors import SomaCancelled, SomaConnectionError, SomaError, SomaStreamError, SomaTimeoutError
from .retry import Outcome, RetryOptions, next_wait, parse_retry_after

T = TypeVar("T")

VERSION = "0.1.0"
_IDLE_MAX = 8
_READ = 65_536


@dataclass(frozen=True)
class Call:
    """One logical call. Its idempotency key is the same for all its attempts. ``stream``: a body that can be sent only once."""

    method: str
    path: str
    body: Any = None
    stream: Iterable[bytes] | None = None
    idempotency_key: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    last_event_id: int | None = None
    repeats: bool = True
    patience: float | None = None


class Running:
    """What is going on for one call, so that another thread can end it."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self._lock = threading.Lock()

    def use(self, connection: http.client.HTTPConnection | None) -> None:
        with self._lock:
            self._connection = connection
        if self.ended.is_set():
            self.cancel()

    def cancel(self) -> None:
        self.ended.set()
        with self._lock:
            sock = self._connection.sock if self._connection is not None else None
        if sock is not None:
            # Wakes the thread that reads from it; it may be closed by then.
            with contextlib.suppress(OSError):
                sock.shutdown(2)


# Set by the asyncio facade, so that a cancelled task ends the call that a thread makes for it.
current: contextvars.ContextVar[Running | None] = contextvars.ContextVar("somagent_memory_running", default=None)


class Transport:
    def __init__(
        self, base_url: str, token: str, tenant: str | None, user_agent: str | None, attempt_timeout: float, retry: RetryOptions, ssl_context: ssl.SSLContext | None
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError("base_url must be an http or https address")
        self.retry = retry
        self._https = parts.scheme == "https"
        self._host, self._port, self._prefix = parts.hostname, parts.port, parts.path.rstrip("/")
        self._attempt_timeout = attempt_timeout
        self._tls = ssl_context or (ssl.create_default_context() if self._https else None)
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, application/x-ndjson, text/event-stream",
            "User-Agent": (f"{user_agent} " if user_agent else "") + f"somastack-python/{VERSION}",
        }
        if tenant is not None:
            self._headers["X-Tenant-ID"] = tenant
        self._idle: list[http.client.HTTPConnection] = []
        self._running: set[Running] = set()
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Ends what is running and closes every connection."""
        with self._lock:
            self._closed = True
            running, idle = list(self._running), self._idle
            self._idle = []
        for call in running:
            call.cancel()
        for connection in idle:
            connection.close()

    def json(self, call: Call, shape: type[T], timeout: float | None = None) -> T:
        return decode(shape, self.tagged(call, timeout)[0])

    def tagged(self, call: Call, timeout: float | None = None) -> tuple[Any, str | None]:
        """The answer with its ETag."""
        with self._tracked() as running:
            response, body = self._repeat(call, running, timeout, self._whole)
        return (json.loads(body) if body else None), response.headers.get("ETag")

    def changed(self, call: Call, shape: type[T], timeout: float | None = None) -> tuple[T, str | None] | None:
        """The answer with its ETag, or None when the caller holds it already."""
        with self._tracked() as running:
            response, body = self._repeat(call, running, timeout, self._whole)
        return None if response.status == 304 else (decode(shape, json.loads(body)), response.headers.get("ETag"))

    def nothing(self, call: Call, timeout: float | None = None) -> None:
        self.tagged(call, timeout)

    def lines(self, call: Call, timeout: float | None = None) -> Iterator[str]:
        """Every line of the answer as it comes, without its end. Closing the generator closes the connection."""
        with self._tracked() as running:
            response, connection = self._repeat(call, running, timeout, self._open)
            try:
                rest = b""
                for chunk in _chunks(response):
                    *whole, rest = (rest + chunk).split(b"\n")
                    for line in whole:
                        yield line.removesuffix(b"\r").decode()
                if rest:
                    yield rest.decode()
            except (OSError, http.client.HTTPException) as broken:
                if running.ended.is_set():
                    raise SomaCancelled("The call was cancelled.") from broken
                raise SomaStreamError("The stream broke.") from broken
            finally:
                running.use(None)
                connection.close()

    def wait(self, seconds: float) -> None:
        with self._tracked() as running:
            self._rest(running, seconds)

    def _repeat(self, call: Call, running: Running, timeout: float | None, once: Callable[[Call, Running, float], T]) -> T:
        retry = replace(self.retry, deadline=timeout or call.patience or self.retry.deadline)
        attempt_timeout = max(self._attempt_timeout, call.patience or 0)
        started = time.monotonic()
        attempt = 0
        while True:
            if running.ended.is_set():
                raise SomaCancelled("The call was cancelled.")
            attempt += 1
            left = min(attempt_timeout, retry.deadline - (time.monotonic() - started))
            try:
                return once(call, running, max(left, 0.001))
            except SomaError as refusal:
                failure: Exception = refusal
                outcome = Outcome(refusal.status, refusal.code, refusal.retry_after)
            except (OSError, http.client.HTTPException) as broken:
                if running.ended.is_set():
                    raise SomaCancelled("The call was cancelled.") from broken
                failure = _named(broken)
                outcome = Outcome()
            wait = next_wait(retry, attempt, outcome, time.monotonic() - started) if call.repeats else None
            if wait is None:
                raise failure
            self._rest(running, wait)

    def _rest(self, running: Running, seconds: float) -> None:
        if running.ended.wait(seconds):
            raise SomaCancelled("The call was cancelled.")

    def _whole(self, call: Call, running: Running, left: float) -> tuple[http.client.HTTPResponse, bytes]:
        until = time.monotonic() + left
        response, connection = self._answer(call, running, until)
        try:
            body = b"".join(_chunks(response, connection, until))
        except BaseException:
            connection.close()
            raise
        finally:
            running.use(None)
        self._give_back(response, connection)
        if response.status >= 400:
            raise _refusal(response, body)
        return response, body

    def _open(self, call: Call, running: Running, left: float) -> tuple[http.client.HTTPResponse, http.client.HTTPConnection]:
        until = time.monotonic() + left
        response, connection = self._answer(call, running, until)
        try:
            if response.status >= 400:
                raise _refusal(response, b"".join(_chunks(response, connection, until)))
            if connection.sock is not None:
                connection.sock.settimeout(None)
        except BaseException:
            running.use(None)
            connection.close()
            raise
        return response, connection

    def _answer(self, call: Call, running: Running, until: float) -> tuple[http.client.HTTPResponse, http.client.HTTPConnection]:
        """A kept connection that the server has closed meanwhile is no failure of the call: then a new one is made at once."""
        kept = self._kept() if call.stream is None else None
        if kept is not None:
            try:
                return self._exchange(kept, call, running, until), kept
            except (http.client.RemoteDisconnected, ConnectionError):
                if running.ended.is_set():
                    raise
        connection = self._connect(until)
        return self._exchange(connection, call, running, until), connection

    def _exchange(self, connection: http.client.HTTPConnection, call: Call, running: Running, until: float) -> http.client.HTTPResponse:
        try:
            connection.timeout = _left(until)
            if connection.sock is None:
                connection.connect()
            running.use(connection)
            body, headers = self._request(call)
            _limit(connection, until)
            connection.request(call.method, self._prefix + call.path, body, headers, encode_chunked=call.stream is not None)
            _limit(connection, until)
            return connection.getresponse()
        except BaseException:
            running.use(None)
            connection.close()
            raise

    def _request(self, call: Call) -> tuple[Any, dict[str, str]]:
        headers = dict(self._headers)
        body: Any = None
        if call.stream is not None:
            body = call.stream
            headers.update({"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"})
        elif call.body is not None:
            body = json.dumps(call.body, default=_plain, ensure_ascii=False, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        for name, value in (("Idempotency-Key", call.idempotency_key), ("If-Match", call.if_match), ("If-None-Match", call.if_none_match), ("Last-Event-ID", call.last_event_id)):
            if value is not None:
                headers[name] = str(value)
        return body, headers

    def _connect(self, until: float) -> http.client.HTTPConnection:
        if self._https:
            return http.client.HTTPSConnection(self._host, self._port, timeout=_left(until), context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=_left(until))

    def _kept(self) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _give_back(self, response: http.client.HTTPResponse, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if not response.will_close and not self._closed and len(self._idle) < _IDLE_MAX:
                self._idle.append(connection)
                return
        connection.close()

    @contextlib.contextmanager
    def _tracked(self) -> Iterator[Running]:
        running = current.get() or Running()
        with self._lock:
            if self._closed:
                raise SomaCancelled("The client is closed.")
            self._running.add(running)
        try:
            yield running
        finally:
            with self._lock:
                self._running.discard(running)


def get(path: str, **query: Any) -> Call:
    return Call("GET", with_query(path, query))


def ask(path: str, body: Any) -> Call:
    """A question that has a body; it writes nothing, so it needs no key."""
    return Call("POST", path, body)


def write(method: str, path: str, body: Any, key: str | None) -> Call:
    return Call(method, path, body, idempotency_key=key or uuid7())


def with_query(path: str, values: dict[str, Any]) -> str:
    """What is None is left out."""
    given = {name: _plain(value) if isinstance(value, datetime) else value for name, value in values.items() if value is not None}
    return f"{path}?{urlencode(given, quote_via=quote)}" if given else path


def given(**fields: Any) -> dict[str, Any]:
    """What is None is left out."""
    return {name: value for name, value in fields.items() if value is not None}


def part(text: str) -> str:
    """One part of a path."""
    return quote(text, safe="")


def _chunks(response: http.client.HTTPResponse, connection: http.client.HTTPConnection | None = None, until: float | None = None) -> Iterator[bytes]:
    announced = response.headers.get("Content-Length")
    left = int(announced) if announced is not None and not response.chunked else None
    if response.status in (204, 304):
        # Without a body (RFC 9110, 6.4.1), so nothing would end the reading that the connection waits for.
        left = 0
    while left is None or left > 0:
        if connection is not None and until is not None:
            _limit(connection, until)
        chunk = response.read1(_READ if left is None else min(_READ, left))
        if not chunk:
            if left:
                raise http.client.IncompleteRead(b"", left)
            return
        if left is not None:
            left -= len(chunk)
        yield chunk
    # It is read whole: closed, it lets the connection be used again.
    response.close()


def _limit(connection: http.client.HTTPConnection, until: float) -> None:
    if connection.sock is not None:
        connection.sock.settimeout(_left(until))


def _left(until: float) -> float:
    return max(until - time.monotonic(), 0.001)


def _named(broken: Exception) -> SomaConnectionError:
    failure = SomaTimeoutError("The server did not answer in time.") if isinstance(broken, TimeoutError) else SomaConnectionError(f"The server could not be reached: {broken!r}")
    failure.__cause__ = broken
    return failure


def _refusal(response: http.client.HTTPResponse, body: bytes) -> SomaError:
    try:
        problem = json.loads(body)
    except ValueError:
        # Not our server, or a proxy before it.
        problem = None
    return SomaError(response.status, problem, parse_retry_after(response.headers.get("Retry-After"), datetime.now(timezone.utc)))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("An instant needs a time zone, e.g. datetime.now(timezone.utc).")
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")

"""The client."""

from __future__ import annotations

import ssl
import time
from dataclasses import replace
from types import TracebackType
from typing import Generic, TypeVar

from . import models as m
from ._transport import Transport, get
from .memory import MemoryClient
from .outbox import OutboxClient
from .retry import RetryOptions
from .sessions import SessionsClient
from .working import WorkingMemoryClient

T = TypeVar("T")


class _Kept(Generic[T]):
    """One answer that is kept for a while and then asked for by its ETag."""

    def __init__(self, transport: Transport, path: str, shape: type[T], keep: float) -> None:
        self._transport, self._path, self._shape, self._keep = transport, path, shape, keep
        self._known: tuple[T, str | None, float] | None = None

    def read(self, timeout: float | None) -> T:
        known = self._known
        if known is not None and time.monotonic() - known[2] < self._keep:
            return known[0]
        changed = self._transport.changed(replace(get(self._path), if_none_match=known[1] if known else None), self._shape, timeout)
        if changed is None:
            assert known is not None
            changed = known[0], known[1]
        self._known = (*changed, time.monotonic())
        return changed[0]


class ConstitutionClient:
    """Which constitution governs the caller's tenant.

    Answers are kept for a while, then asked for by their ETag, which is the hash: one that still governs is not sent again. A failed read is raised,
    never answered with an old version.
    """

    def __init__(self, transport: Transport, keep: float) -> None:
        self._transport = transport
        self._version = _Kept(transport, "/v1/constitution/version", m.ConstitutionVersion, keep)
        self._whole = _Kept(transport, "/v1/constitution", m.Constitution, keep)

    def get(self, *, timeout: float | None = None) -> m.Constitution:
        """With its document."""
        return self._whole.read(timeout)

    def version(self, *, timeout: float | None = None) -> m.ConstitutionVersion:
        return self._version.read(timeout)

    def checksum(self, *, timeout: float | None = None) -> m.ConstitutionChecksum:
        """Of the active document, computed anew by the server."""
        return self._transport.json(get("/v1/constitution/checksum"), m.ConstitutionChecksum, timeout)


class SomaClient:
    """Talks to a SomaStack server; one instance serves many threads. Times are seconds.

    ``base_url`` may have a path of its own. ``token``: an access token or an API key. ``tenant`` is sent as ``X-Tenant-ID`` when set; the server takes
    the tenant from the token, this can only narrow it. ``max_attempts`` 1 never repeats a call. ``deadline`` holds for one call with all its attempts
    and waits, ``attempt_timeout`` for one attempt; a call's own ``timeout`` takes the place of the deadline. ``constitution_cache``: how long a version
    of the constitution is taken as current. ``user_agent`` is put before the client's own.
    """

    def __init__(
        self, base_url: str, token: str, *, tenant: str | None = None, max_attempts: int = 5, deadline: float = 60.0, attempt_timeout: float = 30.0,
        constitution_cache: float = 30.0, user_agent: str | None = None, ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        retry = RetryOptions(max_attempts=max_attempts, deadline=deadline)
        self._transport = Transport(base_url, token, tenant, user_agent, attempt_timeout, retry, ssl_context)
        self.memory = MemoryClient(self._transport)
        self.working_memory = WorkingMemoryClient(self._transport)
        self.outbox = OutboxClient(self._transport)
        self.constitution = ConstitutionClient(self._transport, constitution_cache)
        self.sessions = SessionsClient(self._transport)

    def close(self) -> None:
        """Ends what is running, which raises ``SomaCancelled`` where it was called, and closes every connection."""
        self._transport.close()

    def __enter__(self) -> SomaClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

"""For clients that were offline: hands over what they kept, in order, once in effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypedDict

from . import models as m
from ._streams import pages
from ._transport import Transport, get, part, write


class _OutboxNeeds(TypedDict):
    id: str
    op: str
    body: dict[str, Any]


class OutboxItem(_OutboxNeeds, total=False):
    """``op``: remember, link or forget, with the request of that operation as ``body``. The id makes it happen once, however often it is sent; items
    with the same ``key`` happen in their order."""

    key: str
    created_at: datetime


class OutboxClient:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def submit(self, items: Iterable[OutboxItem], *, idempotency_key: str | None = None, timeout: float | None = None) -> m.OutboxAccepted:
        """Sending the same ids again is harmless: they are counted as duplicates."""
        return self._transport.json(write("POST", "/v1/outbox", {"items": list(items)}, idempotency_key), m.OutboxAccepted, timeout)

    def list(self, *, state: str | None = None, page_size: int | None = None, timeout: float | None = None) -> Iterator[m.OutboxEntry]:
        """In the order of acceptance. ``state``: queued, dead or done."""
        return pages(self._transport, "/v1/outbox", m.OutboxEntry, timeout, state=state, limit=page_size)

    def status(self, *, timeout: float | None = None) -> m.OutboxStatus:
        return self._transport.json(get("/v1/outbox/status"), m.OutboxStatus, timeout)

    def dead_letters(self, *, page_size: int | None = None, timeout: float | None = None) -> Iterator[m.DeadLetter]:
        return pages(self._transport, "/v1/outbox/dead-letters", m.DeadLetter, timeout, limit=page_size)

    def replay(self, item_id: str, *, timeout: float | None = None) -> m.OutboxEntry:
        """Queues a refused write again."""
        return self._transport.json(write("POST", f"/v1/outbox/dead-letters/{part(item_id)}/replay", None, None), m.OutboxEntry, timeout)

"""Lists that fetch pages as they are needed, and events that survive a broken connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

from ._decode import decode
from ._transport import Call, Transport, get
from .errors import SomaStreamError
from .models import SessionEvent
from .retry import Outcome, next_wait

T = TypeVar("T")


def pages(transport: Transport, path: str, shape: type[T], timeout: float | None, **query: Any) -> Iterator[T]:
    cursor = None
    while True:
        page, _ = transport.tagged(get(path, **query, cursor=cursor), timeout)
        for item in page["data"]:
            yield decode(shape, item)
        cursor = page.get("next_cursor")
        if not cursor:
            return


def events(transport: Transport, call: Call) -> Iterator[SessionEvent]:
    """Server-sent events of one connection. An event that is not closed by an empty line is not complete and is left out."""
    identity, kind, data = 0, "message", []
    for line in transport.lines(call):
        if not line:
            if data:
                yield SessionEvent(identity, kind, json.loads("\n".join(data)))
            kind, data = "message", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            kind = value
        elif field == "id":
            identity = int(value)


def resuming(transport: Transport, path: str, after: int, until: str | None) -> Iterator[SessionEvent]:
    """Opens the stream again after the last event seen, as often as the options allow without an event in between. A server ends a stream cleanly
    only when it is complete, so anything else is a break to mend."""
    attempt = 1
    while True:
        try:
            for event in events(transport, replace(get(path, after=after, until=until), last_event_id=after or None)):
                attempt = 1
                after = max(after, event.id)
                yield event
            return
        except SomaStreamError:
            # One that could not even be opened was repeated before and given up.
            wait = next_wait(transport.retry, attempt, Outcome(), 0)
            if wait is None:
                raise
            attempt += 1
            transport.wait(wait)

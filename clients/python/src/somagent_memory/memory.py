"""What is remembered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypedDict

from . import models as m
from ._decode import decode
from ._streams import pages
from ._transport import Call, Transport, ask, get, given, part, with_query, write

# Seconds: an import may be long.
_IMPORT_PATIENCE = 600.0


class _Text(TypedDict):
    text: str


class RememberItem(_Text, total=False):
    """One item of a batch; the fields are those of :meth:`MemoryClient.remember`."""

    kind: str
    key: str
    namespace: str
    universe: str
    tags: list[str]
    metadata: dict[str, Any]
    source: str
    line: int
    conversation: str
    importance: float
    event_time: datetime
    valid_from: datetime
    valid_to: datetime
    ttl_seconds: int
    links: list[dict[str, Any]]


class MemoryClient:
    """Every write carries an idempotency key, one for all attempts of the call, so that a repetition never writes twice; name the key yourself to
    make the call itself repeatable. ``timeout``: seconds for the call with all its attempts."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def remember(
        self, text: str, *, kind: str | None = None, key: str | None = None, namespace: str | None = None, universe: str | None = None, tags: Sequence[str] | None = None,
        metadata: dict[str, Any] | None = None, source: str | None = None, line: int | None = None, conversation: str | None = None, importance: float | None = None,
        event_time: datetime | None = None, valid_from: datetime | None = None, valid_to: datetime | None = None, ttl_seconds: int | None = None,
        links: Sequence[Mapping[str, Any]] | None = None, idempotency_key: str | None = None, timeout: float | None = None,
    ) -> m.Remembered:
        """``text``: 1 to 32 000 characters. ``kind``: episode (default), fact, document, summary or procedure. A later text under the same ``key``
        supersedes this one. ``importance``: 0 to 1. ``event_time``: when it happened; now when it is not given. ``valid_to`` is exclusive.
        ``links``: ``[{"type", "target", "weight"?}]``."""
        body = given(
            text=text, kind=kind, key=key, namespace=namespace, universe=universe, tags=tags, metadata=metadata, source=source, line=line, conversation=conversation,
            importance=importance, event_time=event_time, valid_from=valid_from, valid_to=valid_to, ttl_seconds=ttl_seconds, links=links,
        )
        return self._transport.json(write("POST", "/v1/remember", body, idempotency_key), m.Remembered, timeout)

    def remember_many(
        self, items: Iterable[RememberItem], *, namespace: str | None = None, idempotency_key: str | None = None, timeout: float | None = None
    ) -> m.RememberedBatch:
        """1 to 256 items in one transaction, all or none."""
        body = given(items=list(items), namespace=namespace)
        return self._transport.json(write("POST", "/v1/remember/batch", body, idempotency_key), m.RememberedBatch, timeout)

    def recall(
        self, query: str, *, limit: int | None = None, namespace: str | None = None, universe: str | None = None, conversation: str | None = None,
        session_id: str | None = None, tags: Sequence[str] | None = None, kind: str | None = None, min_score: float | None = None, from_time: datetime | None = None,
        to_time: datetime | None = None, as_of: datetime | None = None, known_at: datetime | None = None, include_superseded: bool | None = None,
        explain: bool | None = None, timeout: float | None = None,
    ) -> m.Recollection:
        """``limit``: 1 to 100; 10 when it is not given. ``as_of``: what was true then. ``known_at``: what was recorded by then."""
        body = given(
            query=query, limit=limit, namespace=namespace, universe=universe, conversation=conversation, session_id=session_id, tags=tags, kind=kind, min_score=min_score,
            to=to_time, as_of=as_of, known_at=known_at, include_superseded=include_superseded, explain=explain, **given(**{"from": from_time}),
        )
        return self._transport.json(ask("/v1/recall", body), m.Recollection, timeout)

    def retrieve(
        self, query: str, *, limit: int | None = None, namespace: str | None = None, universe: str | None = None, session_id: str | None = None,
        token_budget: int | None = None, persist: bool | None = None, retrievers: Sequence[str] | None = None, rerank: str | None = None,
        conversation: str | None = None, tags: Sequence[str] | None = None, kind: str | None = None, min_score: float | None = None,
        idempotency_key: str | None = None, timeout: float | None = None,
    ) -> m.Retrieval:
        """What is known about a question, packed into a context with citations that never has more tokens than ``token_budget``. ``persist`` remembers
        that this was asked, with the ids that were found. ``retrievers``: only what one of these found."""
        body = given(
            query=query, limit=limit, namespace=namespace, universe=universe, session_id=session_id, token_budget=token_budget, persist=persist, retrievers=retrievers,
            rerank=rerank, conversation=conversation, tags=tags, kind=kind, min_score=min_score,
        )
        call = write("POST", "/v1/rag/retrieve", body, idempotency_key) if persist else ask("/v1/rag/retrieve", body)
        return self._transport.json(call, m.Retrieval, timeout)

    def link(
        self, from_id: str | None = None, to_id: str | None = None, *, type: str | None = None, weight: float | None = None, from_key: str | None = None,
        to_key: str | None = None, from_coord: str | None = None, to_coord: str | None = None, universe: str | None = None, namespace: str | None = None, valid_from: datetime | None = None,
        valid_to: datetime | None = None, idempotency_key: str | None = None, timeout: float | None = None,
    ) -> m.Linked:
        """Each end by id, key or the coordinate of an older client. ``weight``: above 0, at most 1."""
        ends = given(**{"from": from_id, "to": to_id})
        body = given(
            type=type, weight=weight, from_key=from_key, to_key=to_key, from_coord=from_coord, to_coord=to_coord, universe=universe, namespace=namespace, valid_from=valid_from, valid_to=valid_to,
            **ends,
        )
        return self._transport.json(write("POST", "/v1/link", body, idempotency_key), m.Linked, timeout)

    def unlink(self, link: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        self._transport.nothing(write("DELETE", f"/v1/link/{part(link)}", None, idempotency_key), timeout)

    def neighbors(
        self, id: str, *, type: str | None = None, direction: str | None = None, k_hop: int | None = None, limit: int | None = None, as_of: datetime | None = None,
        timeout: float | None = None,
    ) -> m.Neighbors:
        """``direction``: out, in or both. ``k_hop``: 1 to 3."""
        return self._transport.json(get("/v1/graph/neighbors", id=id, type=type, direction=direction, k_hop=k_hop, limit=limit, as_of=as_of), m.Neighbors, timeout)

    def path(self, from_id: str, to_id: str, *, max_length: int | None = None, timeout: float | None = None) -> m.GraphPath:
        """``max_length``: 1 to 10 links."""
        return self._transport.json(get("/v1/graph/path", **{"from": from_id, "to": to_id, "max_length": max_length}), m.GraphPath, timeout)

    def get(self, id: str, *, timeout: float | None = None) -> m.Memory:
        """Refused with 404 ``memory_unknown`` when there is none, or it is not yours."""
        return self._one(get(_of(id)), timeout)

    def list(self, *, namespace: str | None = None, page_size: int | None = None, timeout: float | None = None) -> Iterator[m.Memory]:
        """Every memory of a namespace, newest first; pages are fetched as they are needed."""
        return pages(self._transport, "/v1/memory", m.Memory, timeout, namespace=namespace, limit=page_size)

    def history(self, id: str, *, page_size: int | None = None, timeout: float | None = None) -> Iterator[m.MemoryVersion]:
        """Every version, newest first."""
        return pages(self._transport, f"{_of(id)}/history", m.MemoryVersion, timeout, limit=page_size)

    def update(
        self, id: str, if_match: str, *, text: str | None = None, tags: Sequence[str] | None = None, importance: float | None = None, metadata: dict[str, Any] | None = None,
        valid_to: datetime | None = None, ttl_seconds: int | None = None, idempotency_key: str | None = None, timeout: float | None = None,
    ) -> m.Memory:
        """What is None stays as it is. ``if_match``: the ``etag`` of the memory as it was read; 412 ``version_mismatch`` when somebody changed it."""
        body = given(text=text, tags=tags, importance=importance, metadata=metadata, valid_to=valid_to, ttl_seconds=ttl_seconds)
        return self._one(replace(write("PATCH", _of(id), body, idempotency_key), if_match=if_match), timeout)

    def restore(self, id: str, version: int, *, idempotency_key: str | None = None, timeout: float | None = None) -> m.Memory:
        """Makes what an earlier version held a new version."""
        return self._one(write("POST", f"{_of(id)}/restore", {"version": version}, idempotency_key), timeout)

    def delete(self, id: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        """Erases the content for good."""
        self._transport.nothing(write("DELETE", _of(id), None, idempotency_key), timeout)

    def erasure(self, id: str, *, timeout: float | None = None) -> m.Erasure:
        """Looks into every part of the server for what is left of an erased memory."""
        return self._transport.json(get(f"{_of(id)}/erasure"), m.Erasure, timeout)

    def forget(
        self, reason: str, *, namespace: str | None = None, ids: Sequence[str] | None = None, tags: Sequence[str] | None = None, kind: str | None = None,
        source: str | None = None, conversation: str | None = None, before: datetime | None = None, after: datetime | None = None, dry_run: bool = True,
        idempotency_key: str | None = None, timeout: float | None = None,
    ) -> m.ForgetReport:
        """Erases what the filter matches; with ``dry_run`` (the default) it only counts. The reason stays in the journal."""
        filtered = given(namespace=namespace, ids=ids, tags=tags, kind=kind, source=source, conversation=conversation, before=before, after=after)
        body = given(filter=filtered, reason=reason, dry_run=dry_run)
        return self._transport.json(write("POST", "/v1/memory/forget", body, idempotency_key), m.ForgetReport, timeout)

    def export(self, *, namespace: str | None = None) -> Iterator[dict[str, Any]]:
        """A namespace as objects, read while they arrive. :meth:`import_` takes them as they are."""
        for line in self._transport.lines(get("/v1/memory/export", namespace=namespace)):
            if line:
                yield json.loads(line)

    def import_(self, items: Iterable[dict[str, Any]], *, timeout: float | None = None) -> m.ImportReport:
        """Sends the objects while they are read. Sent once: importing the same again changes nothing, so repeat the call after a failure."""
        lines = ((json.dumps(item, ensure_ascii=False) + "\n").encode() for item in items)
        return self._transport.json(Call("POST", "/v1/memory/import", stream=lines, repeats=False, patience=_IMPORT_PATIENCE), m.ImportReport, timeout)

    def facts(self, id: str, *, timeout: float | None = None) -> m.MemoryFacts:
        """What was read from a memory."""
        return self._transport.json(get(f"{_of(id)}/facts"), m.MemoryFacts, timeout)

    def find_facts(
        self, *, subject: str | None = None, predicate: str | None = None, as_of: datetime | None = None, known_at: datetime | None = None, namespace: str | None = None,
        universe: str | None = None, page_size: int | None = None, timeout: float | None = None,
    ) -> Iterator[m.Fact]:
        """What is known of a subject, newest first; pages are fetched as they are needed. ``as_of``: what held then. ``known_at``: what was recorded
        by then."""
        return pages(
            self._transport, "/v1/facts", m.Fact, timeout, subject=subject, predicate=predicate, as_of=as_of, known_at=known_at, namespace=namespace, universe=universe,
            limit=page_size,
        )

    def hold(self, id: str, reason: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> m.HoldState:
        """Puts a memory under legal hold: it is neither erased nor does it expire. The reason stays in the journal."""
        return self._transport.json(write("POST", f"{_of(id)}/hold", {"reason": reason}, idempotency_key), m.HoldState, timeout)

    def release(self, id: str, reason: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> m.HoldState:
        return self._transport.json(write("DELETE", with_query(f"{_of(id)}/hold", {"reason": reason}), None, idempotency_key), m.HoldState, timeout)

    def _one(self, call: Call, timeout: float | None) -> m.Memory:
        value, etag = self._transport.tagged(call, timeout)
        return replace(decode(m.Memory, value), etag=etag)


def _of(id: str) -> str:
    return f"/v1/memory/{part(id)}"

"""What a session has in mind: bounded in tokens, the pinned stays."""

from __future__ import annotations

from . import models as m
from ._decode import decode
from ._transport import Transport, ask, get, given, part, with_query, write


class WorkingMemoryClient:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, session: str, *, timeout: float | None = None) -> tuple[m.WorkingItem, ...]:
        """Most salient first."""
        page, _ = self._transport.tagged(get("/v1/wm", session=session), timeout)
        return tuple(decode(m.WorkingItem, item) for item in page["data"])

    def admit(
        self, session: str, text: str, *, pinned: bool | None = None, memory_id: str | None = None, tokens: int | None = None, capacity_tokens: int | None = None,
        idempotency_key: str | None = None, timeout: float | None = None,
    ) -> m.Admitted:
        """``memory_id``: the long-term memory that says the same. ``tokens``: as your tokenizer counts; estimated when absent."""
        body = given(session_id=session, text=text, pinned=pinned, memory_id=memory_id, tokens=tokens, capacity_tokens=capacity_tokens)
        return self._transport.json(write("POST", "/v1/wm/admit", body, idempotency_key), m.Admitted, timeout)

    def recall(self, session: str, query: str, *, top_k: int | None = None, timeout: float | None = None) -> m.WorkingRecollection:
        return self._transport.json(ask("/v1/wm/recall", given(session_id=session, query=query, top_k=top_k)), m.WorkingRecollection, timeout)

    def pin(self, session: str, id: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> m.WorkingItem:
        return self._transport.json(write("POST", "/v1/wm/pin", {"session_id": session, "id": id}, idempotency_key), m.WorkingItem, timeout)

    def unpin(self, session: str, id: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> m.WorkingItem:
        return self._transport.json(write("POST", "/v1/wm/unpin", {"session_id": session, "id": id}, idempotency_key), m.WorkingItem, timeout)

    def remove(self, session: str, id: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> None:
        self._transport.nothing(write("DELETE", with_query(f"/v1/wm/{part(id)}", {"session": session}), None, idempotency_key), timeout)

    def clear(self, session: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> int:
        """How many items there were."""
        answer, _ = self._transport.tagged(write("POST", "/v1/wm/clear", {"session_id": session}, idempotency_key), timeout)
        return answer["cleared"]

    def status(self, session: str, *, timeout: float | None = None) -> m.WorkingStatus:
        return self._transport.json(get("/v1/wm/status", session=session), m.WorkingStatus, timeout)

    def promote(self, session: str, id: str, reason: str, *, idempotency_key: str | None = None, timeout: float | None = None) -> m.Promoted:
        """Makes an item a memory; the reason is kept with it."""
        return self._transport.json(write("POST", "/v1/wm/promote", {"session_id": session, "id": id, "reason": reason}, idempotency_key), m.Promoted, timeout)

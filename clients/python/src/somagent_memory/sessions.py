"""Conversations under the constitution; docs/sessions.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from . import models as m
from ._streams import events, resuming
from ._transport import Call, Transport, get, given, part, write

# Seconds: a model may think for long.
_MODEL_PATIENCE = 300.0


class SessionsClient:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def start(
        self, prompt: str, *, persona: str | None = None, model: str | None = None, idempotency_key: str | None = None, timeout: float | None = None
    ) -> m.Turn:
        """Starts a session and waits for the answer to its first message."""
        body = given(prompt=prompt, persona=persona, model=model, stream=False)
        return self._transport.json(replace(write("POST", "/v1/sessions/start", body, idempotency_key), patience=_MODEL_PATIENCE), m.Turn, timeout)

    def send(self, session: str, text: str, *, model: str | None = None, idempotency_key: str | None = None, timeout: float | None = None) -> m.Turn:
        body = given(text=text, model=model, stream=False)
        return self._transport.json(replace(write("POST", f"{_of(session)}/messages", body, idempotency_key), patience=_MODEL_PATIENCE), m.Turn, timeout)

    def stream(self, session: str | None, text: str, *, persona: str | None = None, model: str | None = None) -> Iterator[m.SessionEvent]:
        """Starts a session (``session`` None) or goes on with it, and yields its events until the turn has ended. Opened once: a repetition would be
        a second message."""
        if session is None:
            path, body = "/v1/sessions/start", given(prompt=text, persona=persona, model=model, stream=True)
        else:
            path, body = f"{_of(session)}/messages", given(text=text, model=model, stream=True)
        return events(self._transport, Call("POST", path, body, repeats=False, patience=_MODEL_PATIENCE))

    def follow(self, session: str, after: int = 0, *, until_idle: bool = False) -> Iterator[m.SessionEvent]:
        """Follows a session from the event after ``after`` on. A connection that breaks is opened again after the last event seen. ``until_idle`` ends
        it when nothing is being answered; otherwise it goes on until the client is closed."""
        return resuming(self._transport, f"{_of(session)}/events", after, "idle" if until_idle else None)

    def get(self, session: str, *, timeout: float | None = None) -> m.SessionDetail:
        return self._transport.json(get(_of(session)), m.SessionDetail, timeout)

    def cancel(self, session: str, *, timeout: float | None = None) -> None:
        """Ends the turn that is being answered; what was said is kept and marked."""
        self._transport.nothing(Call("POST", f"{_of(session)}/cancel"), timeout)


def _of(session: str) -> str:
    return f"/v1/sessions/{part(session)}"

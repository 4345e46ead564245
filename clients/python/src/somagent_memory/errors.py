"""What can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class SomaClientError(Exception):
    """Everything that this package raises on its own."""


@dataclass(frozen=True)
class Reason:
    code: str
    message: str
    rule: str | None = None
    version: int | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class FieldError:
    field: str
    message: str


class SomaError(SomaClientError):
    """A refusal of the server: ``code`` is stable and listed in docs/errors.md, ``detail`` is its public sentence.

    ``retry_after``: seconds, when the server said how long to wait. ``reasons``: which rules spoke. ``errors``: which fields were not acceptable.
    """

    def __init__(self, status: int, body: Any, retry_after: float | None) -> None:
        problem: dict[str, Any] = body if isinstance(body, dict) else {}
        self.status = status
        self.code = str(problem.get("code") or f"http_{status}")
        self.detail = str(problem.get("detail") or problem.get("title") or f"The server refused with {status}.")
        self.remedy: str | None = problem.get("remedy")
        self.trace_id: str | None = problem.get("trace_id")
        self.retry_after = retry_after
        self.reasons = tuple(Reason(**_known(Reason, item)) for item in problem.get("reasons") or ())
        self.errors = tuple(FieldError(**_known(FieldError, item)) for item in problem.get("errors") or ())
        super().__init__(f"{self.detail} ({self.code})")


class SomaConnectionError(SomaClientError):
    """The server could not be reached, or the connection broke; ``__cause__`` has what the system said."""


class SomaTimeoutError(SomaConnectionError):
    """The last attempt took too long."""


class SomaStreamError(SomaConnectionError):
    """A stream that had begun broke."""


class SomaCancelled(SomaClientError):
    """The call was cancelled, or the client closed, while it ran."""


def _known(shape: type, item: dict[str, Any]) -> dict[str, Any]:
    return {name: item.get(name) for name in shape.__dataclass_fields__}  # type: ignore[attr-defined]

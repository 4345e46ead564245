"""Whether and when a call is repeated; pure."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

_PASSING = frozenset({408, 429, 502, 503, 504})

# Refusals that last until a person acts, though their status is one that usually passes.
_LASTING = frozenset({"kill_switch_engaged", "constitution_missing", "constitution_unverified", "budget_exhausted"})

_RETRY_AFTER_MAX = 86_400
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")


@dataclass(frozen=True)
class RetryOptions:
    """Times are seconds.

    ``max_attempts``: 1 never repeats a call. The wait before the second attempt is drawn from 0 to ``base``, then from 0 to twice that, and so
    on up to ``max``; a Retry-After comes on top. ``deadline`` holds for one call with all its attempts and waits.
    """

    max_attempts: int = 5
    base: float = 0.25
    max: float = 8.0
    deadline: float = 60.0
    random: Callable[[], float] = random.random


@dataclass(frozen=True)
class Outcome:
    """``status`` None: there was no answer."""

    status: int | None = None
    code: str | None = None
    retry_after: float | None = None


def next_wait(options: RetryOptions, attempt: int, outcome: Outcome, elapsed: float) -> float | None:
    """Seconds to wait before the next attempt; None when there is none. ``attempt``: how many were made, from 1.

    The wait is drawn evenly from 0 to a bound that doubles ("full jitter": Brooker, Exponential Backoff and Jitter, AWS 2015); what Retry-After
    says comes before it. clients/scenario/retry.json holds the cases that all clients share.
    """
    if attempt >= options.max_attempts or not _passes(outcome):
        return None
    # Beyond 2 ** 20 the bound has long been reached.
    bound = min(options.max, options.base * 2 ** min(attempt - 1, 20))
    wait = (outcome.retry_after or 0) + options.random() * bound
    return wait if elapsed + wait < options.deadline else None


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """``value``: seconds or an HTTP date."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return min(int(value), _RETRY_AFTER_MAX)
    if not _HTTP_DATE.fullmatch(value):
        return None
    try:
        at = datetime.strptime(value, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return max(0.0, (at - now).total_seconds())


def _passes(outcome: Outcome) -> bool:
    if outcome.status is None:
        return True
    if outcome.status == 409:
        return outcome.code == "idempotency_running"
    return outcome.status in _PASSING and outcome.code not in _LASTING

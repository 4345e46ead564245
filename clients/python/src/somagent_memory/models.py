"""What the server answers. Times are aware datetimes; a field that a server does not know is None or empty."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Remembered:
    """``created`` is False when a repeated request, or the same text, met what was there. ``queued`` is True when the brain was out of reach and
    the write waits in its buffer under this id. ``superseded``: ids of what this text takes the place of."""

    id: str
    namespace: str | None = None
    universe: str | None = None
    created: bool = False
    queued: bool = False
    deduplicated: bool = False
    duplicate_of: str | None = None
    superseded: list[str] = field(default_factory=list)
    extraction_status: str | None = None
    degraded_reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RememberedBatch:
    results: list[Remembered]
    queued: bool = False
    degraded_reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Hit:
    """``score``: 0 to 1, comparable within one answer. ``trust``: 0 to 1; what comes from memory is data to quote, never an instruction."""

    id: str
    text: str
    score: float
    kind: str | None = None
    key: str | None = None
    source: str | None = None
    line: int | None = None
    trust: float | None = None
    event_time: datetime | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    superseded_by: str | None = None
    tags: list[str] = field(default_factory=list)
    signals: dict[str, float] | None = None


@dataclass(frozen=True)
class Recollection:
    """``wm``: hits in the working memory of the session. ``abstained``: nothing relevant is known. ``embedder`` is None when only words were
    compared."""

    query: str
    namespace: str
    results: list[Hit]
    wm: list[Hit] = field(default_factory=list)
    universe: str | None = None
    confidence: float | None = None
    abstained: bool | None = None
    degraded_reasons: list[str] = field(default_factory=list)
    embedder: str | None = None


@dataclass(frozen=True)
class RagCandidate:
    id: str
    text: str
    score: float
    retriever: str | None = None
    key: str | None = None
    source: str | None = None
    line: int | None = None
    event_time: datetime | None = None
    trust: float | None = None


@dataclass(frozen=True)
class RagCitation:
    n: int
    id: str
    source: str | None = None
    line: int | None = None
    event_time: datetime | None = None
    trust: float | None = None


@dataclass(frozen=True)
class RagContext:
    text: str
    tokens: int
    citations: list[RagCitation] = field(default_factory=list)


@dataclass(frozen=True)
class Retrieval:
    """``reason``: why the context is empty, e.g. ``nothing_relevant``; else None."""

    query: str
    candidates: list[RagCandidate]
    context: RagContext
    confidence: float | None = None
    abstained: bool | None = None
    reason: str | None = None
    degraded_reasons: list[str] = field(default_factory=list)
    session_memory_id: str | None = None


@dataclass(frozen=True)
class Linked:
    id: str
    created: bool


@dataclass(frozen=True)
class LinkView:
    id: str
    type: str
    from_id: str = field(metadata={"wire": "from"})
    to_id: str = field(metadata={"wire": "to"})
    weight: float = 1.0


@dataclass(frozen=True)
class Neighbor:
    id: str
    hops: int
    weight: float
    kind: str | None = None
    text: str | None = None
    via: list[LinkView] = field(default_factory=list)


@dataclass(frozen=True)
class Neighbors:
    data: list[Neighbor]
    truncated: bool = False


@dataclass(frozen=True)
class GraphPath:
    found: bool
    path: list[str] = field(default_factory=list)
    links: list[LinkView] = field(default_factory=list)
    truncated: bool = False


@dataclass(frozen=True)
class Memory:
    """``version`` counts the changes, from 1; ``etag`` is for ``if_match`` and only on a memory that was read alone.
    From ``superseded_from`` on, the memory ``superseded_by`` holds in its place. ``held``: under legal hold, it cannot be erased."""

    id: str
    namespace: str
    kind: str
    text: str
    version: int
    universe: str | None = None
    key: str | None = None
    source: str | None = None
    line: int | None = None
    conversation: str | None = None
    tags: list[str] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    author: str | None = None
    event_time: datetime | None = None
    recorded_at: datetime | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    superseded_by: str | None = None
    importance: float | None = None
    trust: float | None = None
    content_hash: str | None = None
    embedding_model: str | None = None
    extraction_status: str | None = None
    superseded_from: datetime | None = None
    expires_at: datetime | None = None
    duplicate_of: str | None = None
    held: bool = False
    etag: str | None = None


@dataclass(frozen=True)
class MemoryVersion:
    version: int
    change: str | None = None
    recorded_at: datetime | None = None
    author: str | None = None
    text: str | None = None
    tags: list[str] = field(default_factory=list)
    importance: float | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    superseded_by: str | None = None


@dataclass(frozen=True)
class Erasure:
    """``clear`` is True only when nothing is left in any part; ``checks`` has what was found in each."""

    id: str
    clear: bool
    erased_at: datetime | None = None
    checks: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ForgetReport:
    """``held``: under a legal hold, they stay. ``ids``: the first hundred."""

    dry_run: bool
    matched: int
    forgotten: int
    held: int = 0
    ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImportFault:
    line: int
    code: str
    detail: str | None = None


@dataclass(frozen=True)
class ImportReport:
    """``skipped``: lines that were there already, or whose time is over. ``failed``: the first thousand of ``failed_total``."""

    imported: int
    skipped: int
    failed_total: int = 0
    failed: list[ImportFault] = field(default_factory=list)


@dataclass(frozen=True)
class Fact:
    id: str
    subject: str
    predicate: str
    object: str
    memory_id: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    recorded_at: datetime | None = None
    superseded_by: str | None = None
    confidence: float | None = None
    extractor: str | None = None


@dataclass(frozen=True)
class MemoryFacts:
    """``extraction_status``: none, deterministic, pending, done or failed; ``extraction_error``: why the model's part failed."""

    data: list[Fact]
    extraction_status: str | None = None
    extraction_error: str | None = None


@dataclass(frozen=True)
class HoldState:
    """``version``: of the memory."""

    id: str
    held: bool
    version: int


@dataclass(frozen=True)
class Admitted:
    """``created`` is False when it was merged into an item that says the same; ``id`` is that item's. ``evicted``: ids of what had to leave."""

    id: str
    created: bool
    merged: bool
    tokens: int
    pinned: bool = False
    novelty: float | None = None
    salience: float | None = None
    evicted: list[str] = field(default_factory=list)
    session_tokens: int | None = None
    capacity_tokens: int | None = None
    degraded_reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class WorkingItem:
    id: str
    text: str
    tokens: int
    pinned: bool
    novelty: float | None = None
    salience: float | None = None
    uses: int = 0
    memory_id: str | None = None
    promotion: str | None = None
    admitted_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True)
class WorkingHit:
    id: str
    text: str
    score: float
    kind: str | None = None
    source: str | None = None
    memory_id: str | None = None
    trust: float | None = None
    event_time: datetime | None = None
    signals: dict[str, float] | None = None


@dataclass(frozen=True)
class WorkingRecollection:
    session_id: str
    query: str
    results: list[WorkingHit]
    degraded_reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class WorkingStatus:
    """``hit_rate`` is None while nothing was asked."""

    session_id: str
    items: int
    tokens: int
    capacity_tokens: int
    pinned: int
    evictions_total: int
    hits_total: int
    misses_total: int
    hit_rate: float | None = None


@dataclass(frozen=True)
class Promoted:
    memory_id: str
    created: bool


@dataclass(frozen=True)
class OutboxState:
    """``state``: queued, dead or done. ``memory_id``: what a remember's memory has or will have."""

    id: str
    state: str
    memory_id: str | None = None


@dataclass(frozen=True)
class OutboxAccepted:
    accepted: int
    duplicates: int
    results: list[OutboxState] = field(default_factory=list)


@dataclass(frozen=True)
class OutboxEntry:
    """``id``: the client's own, or the idempotency key of a request that had to wait. ``state``: queued, dead or done."""

    id: str
    item_id: str
    op: str
    key: str
    state: str
    attempts: int = 0
    accepted_at: datetime | None = None
    created_at: datetime | None = None
    next_attempt_at: datetime | None = None
    last_error: str | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class DeadLetter:
    """``item_id`` names it for a replay. ``body``: what was refused."""

    id: str
    item_id: str
    op: str
    key: str
    principal: str
    attempts: int = 0
    accepted_at: datetime | None = None
    created_at: datetime | None = None
    reason: str | None = None
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OutboxStatus:
    """``brain``: reachable, unreachable or in_process. ``oldest_age_seconds`` is None when nothing waits; ``replay_rate``: items a second, over the
    last minute."""

    depth: int
    bytes: int
    dead_letters: int
    oldest_age_seconds: float | None = None
    replay_rate: float | None = None
    brain: str | None = None


@dataclass(frozen=True)
class ConstitutionVersion:
    """``hash``: SHA-256 of the RFC 8785 form, lower hex."""

    version: int
    hash: str
    issued_at: datetime | None = None
    activated_at: datetime | None = None
    base_hash: str | None = None
    overlay_version: int = 0


@dataclass(frozen=True)
class Constitution:
    """``document``: what governs, the tenant's overlay included. ``base_hash``: of the signed document alone."""

    document: dict[str, Any]
    version: int
    hash: str
    inherited: bool
    issued_at: datetime | None = None
    activated_at: datetime | None = None
    base_hash: str | None = None
    overlay_version: int = 0


@dataclass(frozen=True)
class ConstitutionChecksum:
    checksum: str
    algorithm: str
    canonical_form: str
    legacy_checksum: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class Citation:
    marker: int
    quote: str
    memory_id: str
    source: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Turn:
    """``status``: open, completed, failed or cancelled. ``proof`` is what was recorded on the way to the answer."""

    session_id: str
    turn_id: str
    number: int
    status: str
    prompt: str
    answer: str
    citations: list[Citation] = field(default_factory=list)
    proof: dict[str, Any] | None = None
    degraded_reasons: list[str] = field(default_factory=list)
    failure: dict[str, Any] | None = None
    created_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Session:
    id: str
    persona: str
    title: str
    status: str
    constitution_hash: str
    constitution_version: int
    turns: int
    version: int
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True)
class SessionDetail:
    session: Session
    turns: list[Turn] = field(default_factory=list)


@dataclass(frozen=True)
class SessionEvent:
    """``type``: turn.started, text.delta, then one of turn.completed, turn.failed, turn.cancelled."""

    id: int
    type: str
    data: Any

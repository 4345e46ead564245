"""The same client for asyncio: each call runs in a thread, and cancelling its task ends the call."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from ._transport import Running, current
from .client import ConstitutionClient, SomaClient
from .memory import MemoryClient
from .outbox import OutboxClient
from .sessions import SessionsClient
from .working import WorkingMemoryClient

A = TypeVar("A")
P = ParamSpec("P")
T = TypeVar("T")

_END: Any = object()


class _Group(Generic[A]):
    def __init__(self, plain: A, threads: ThreadPoolExecutor) -> None:
        self._plain = plain
        self._threads = threads


async def _run(threads: ThreadPoolExecutor, call: Callable[[], T], running: Running) -> T:
    context = contextvars.copy_context()
    context.run(current.set, running)
    work = asyncio.get_running_loop().run_in_executor(threads, context.run, call)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        running.cancel()
        # The thread ends with SomaCancelled, which nobody waits for.
        work.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise


def _call(method: Callable[Concatenate[A, P], T]) -> Callable[Concatenate[_Group[A], P], Awaitable[T]]:
    @functools.wraps(method)
    async def run(self: _Group[A], *args: P.args, **kwargs: P.kwargs) -> T:
        return await _run(self._threads, lambda: method(self._plain, *args, **kwargs), Running())

    return run


def _iterate(method: Callable[Concatenate[A, P], Iterator[T]]) -> Callable[Concatenate[_Group[A], P], AsyncIterator[T]]:
    @functools.wraps(method)
    async def run(self: _Group[A], *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        running = Running()
        items: Any = method(self._plain, *args, **kwargs)
        try:
            while (item := await _run(self._threads, lambda: next(items, _END), running)) is not _END:
                yield item
        finally:
            # While a thread is still inside the generator it cannot be closed; it closes itself when it ends.
            running.cancel()
            try:
                items.close()
            except ValueError:
                pass

    return run


class AsyncMemoryClient(_Group[MemoryClient]):
    remember = _call(MemoryClient.remember)
    remember_many = _call(MemoryClient.remember_many)
    recall = _call(MemoryClient.recall)
    retrieve = _call(MemoryClient.retrieve)
    link = _call(MemoryClient.link)
    unlink = _call(MemoryClient.unlink)
    neighbors = _call(MemoryClient.neighbors)
    path = _call(MemoryClient.path)
    get = _call(MemoryClient.get)
    list = _iterate(MemoryClient.list)
    history = _iterate(MemoryClient.history)
    update = _call(MemoryClient.update)
    restore = _call(MemoryClient.restore)
    delete = _call(MemoryClient.delete)
    erasure = _call(MemoryClient.erasure)
    forget = _call(MemoryClient.forget)
    export = _iterate(MemoryClient.export)
    import_ = _call(MemoryClient.import_)
    facts = _call(MemoryClient.facts)
    find_facts = _iterate(MemoryClient.find_facts)
    hold = _call(MemoryClient.hold)
    release = _call(MemoryClient.release)


class AsyncWorkingMemoryClient(_Group[WorkingMemoryClient]):
    list = _call(WorkingMemoryClient.list)
    admit = _call(WorkingMemoryClient.admit)
    recall = _call(WorkingMemoryClient.recall)
    pin = _call(WorkingMemoryClient.pin)
    unpin = _call(WorkingMemoryClient.unpin)
    remove = _call(WorkingMemoryClient.remove)
    clear = _call(WorkingMemoryClient.clear)
    status = _call(WorkingMemoryClient.status)
    promote = _call(WorkingMemoryClient.promote)


class AsyncOutboxClient(_Group[OutboxClient]):
    submit = _call(OutboxClient.submit)
    list = _iterate(OutboxClient.list)
    status = _call(OutboxClient.status)
    dead_letters = _iterate(OutboxClient.dead_letters)
    replay = _call(OutboxClient.replay)


class AsyncConstitutionClient(_Group[ConstitutionClient]):
    get = _call(ConstitutionClient.get)
    version = _call(ConstitutionClient.version)
    checksum = _call(ConstitutionClient.checksum)


class AsyncSessionsClient(_Group[SessionsClient]):
    start = _call(SessionsClient.start)
    send = _call(SessionsClient.send)
    stream = _iterate(SessionsClient.stream)
    follow = _iterate(SessionsClient.follow)
    get = _call(SessionsClient.get)
    cancel = _call(SessionsClient.cancel)


class AsyncSomaClient:
    """Takes what :class:`SomaClient` takes, and ``threads``: how many calls run at once; others wait. A stream takes one only while it is read."""

    def __init__(self, base_url: str, token: str, *, threads: int = 16, **options: Any) -> None:
        self._plain = SomaClient(base_url, token, **options)
        self._threads = ThreadPoolExecutor(threads, "soma")
        self.memory = AsyncMemoryClient(self._plain.memory, self._threads)
        self.working_memory = AsyncWorkingMemoryClient(self._plain.working_memory, self._threads)
        self.outbox = AsyncOutboxClient(self._plain.outbox, self._threads)
        self.constitution = AsyncConstitutionClient(self._plain.constitution, self._threads)
        self.sessions = AsyncSessionsClient(self._plain.sessions, self._threads)

    async def close(self) -> None:
        self._plain.close()
        await asyncio.to_thread(self._threads.shutdown)

    async def __aenter__(self) -> AsyncSomaClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

"""Runs clients/scenario/memory.json through this client against SOMA_URL with SOMA_TOKEN; one line a step, exit code 1 at the first fault.

With ``--async`` the same goes through the asyncio client.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE)]

from matching import fault  # noqa: E402
from somagent_memory import AsyncSomaClient, SomaCancelled, SomaClient, SomaError, SomaTimeoutError  # noqa: E402
from somagent_memory._decode import instant  # noqa: E402

VARIABLE = re.compile(r"\$\{(\w+)\}")
EVENTUALLY_MAX = 10.0

Call = Callable[[Any, dict[str, Any], dict[str, Any]], Any]


def _times(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: instant(value) if name in ("event_time", "valid_from", "valid_to") else value for name, value in arguments.items()}


def _link(c: Any, a: dict[str, Any], o: dict[str, Any]) -> Any:
    ends = {"from": "from_id", "to": "to_id"}
    return c.memory.link(**{ends.get(name, name): value for name, value in a.items()}, **o)


def _dated(item: dict[str, Any]) -> Any:
    return {**item, "created_at": instant(item["created_at"])} if "created_at" in item else item


CALLS: dict[str, Call] = {
    "remember": lambda c, a, o: c.memory.remember(**_times(a), **o),
    "remember_batch": lambda c, a, o: c.memory.remember_many(a["items"], namespace=a.get("namespace"), **o),
    "recall": lambda c, a, o: c.memory.recall(**a, **o),
    "rag_retrieve": lambda c, a, o: c.memory.retrieve(**a, **o),
    "link": _link,
    "unlink": lambda c, a, o: c.memory.unlink(a["id"], **o),
    "neighbors": lambda c, a, o: c.memory.neighbors(**a, **o),
    "path": lambda c, a, o: c.memory.path(a["from"], a["to"], max_length=a.get("max_length"), **o),
    "get": lambda c, a, o: c.memory.get(a["id"], **o),
    "list": lambda c, a, o: c.memory.list(**a, **o),
    "history": lambda c, a, o: c.memory.history(a["id"], **o),
    "update": lambda c, a, o: c.memory.update(a["id"], a["if_match"], **_times(a["patch"]), **o),
    "restore": lambda c, a, o: c.memory.restore(a["id"], a["version"], **o),
    "delete": lambda c, a, o: c.memory.delete(a["id"], **o),
    "erasure": lambda c, a, o: c.memory.erasure(a["id"], **o),
    "forget": lambda c, a, o: c.memory.forget(a["reason"], **a["filter"], dry_run=a["dry_run"], **o),
    "export": lambda c, a, o: c.memory.export(**a, **o),
    "import": lambda c, a, o: c.memory.import_(a["items"], **o),
    "facts": lambda c, a, o: c.memory.facts(a["id"], **o),
    "find_facts": lambda c, a, o: c.memory.find_facts(**a, **o),
    "hold": lambda c, a, o: c.memory.hold(a["id"], a["reason"], **o),
    "release": lambda c, a, o: c.memory.release(a["id"], a["reason"], **o),
    "wm_list": lambda c, a, o: c.working_memory.list(a["session"], **o),
    "wm_admit": lambda c, a, o: c.working_memory.admit(a.pop("session_id"), **a, **o),
    "wm_recall": lambda c, a, o: c.working_memory.recall(a["session"], a["query"], top_k=a.get("top_k"), **o),
    "wm_pin": lambda c, a, o: c.working_memory.pin(a["session"], a["id"], **o),
    "wm_unpin": lambda c, a, o: c.working_memory.unpin(a["session"], a["id"], **o),
    "wm_remove": lambda c, a, o: c.working_memory.remove(a["session"], a["id"], **o),
    "wm_clear": lambda c, a, o: c.working_memory.clear(a["session"], **o),
    "wm_status": lambda c, a, o: c.working_memory.status(a["session"], **o),
    "wm_promote": lambda c, a, o: c.working_memory.promote(a["session"], a["id"], a["reason"], **o),
    "outbox_submit": lambda c, a, o: c.outbox.submit([_dated(item) for item in a["items"]], **o),
    "outbox_list": lambda c, a, o: c.outbox.list(**a, **o),
    "outbox_status": lambda c, a, o: c.outbox.status(**o),
    "outbox_dead_letters": lambda c, a, o: c.outbox.dead_letters(**o),
    "outbox_replay": lambda c, a, o: c.outbox.replay(a["item_id"], **o),
    "constitution_version": lambda c, a, o: c.constitution.version(**o),
    "constitution_get": lambda c, a, o: c.constitution.get(**o),
    "constitution_checksum": lambda c, a, o: c.constitution.checksum(**o),
    "session_start": lambda c, a, o: c.sessions.start(a["prompt"], **o),
    "session_follow": lambda c, a, o: c.sessions.follow(a["session"], a["after"], until_idle=True, **o),
}


class Plain:
    """Steps through the synchronous client."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._client = SomaClient(**options)

    def run(self, call: Call, arguments: dict[str, Any], options: dict[str, Any], cancel_after: float | None) -> Any:
        timer = threading.Timer(cancel_after, self._client.close) if cancel_after else None
        if timer:
            timer.start()
        result = call(self._client, arguments, options)
        return list(result) if hasattr(result, "__next__") else result

    def close(self) -> None:
        self._client.close()


class Async:
    """The same through the asyncio client."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncSomaClient(**options)

    def run(self, call: Call, arguments: dict[str, Any], options: dict[str, Any], cancel_after: float | None) -> Any:
        async def work() -> Any:
            result = call(self._client, arguments, options)
            return [item async for item in result] if hasattr(result, "__anext__") else await result

        async def cancelled() -> Any:
            task = asyncio.ensure_future(work())
            self._loop.call_later(cancel_after, task.cancel)
            try:
                return await task
            except asyncio.CancelledError as ended:
                raise SomaCancelled("cancelled") from ended

        return self._loop.run_until_complete(cancelled() if cancel_after else work())

    def close(self) -> None:
        self._loop.run_until_complete(self._client.close())
        self._loop.close()


def plain(value: Any) -> Any:
    """What came, as JSON under the names of the contract."""
    if is_dataclass(value):
        return {field.metadata.get("wire", field.name): plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _at(value: Any, path: str) -> Any:
    """A part of an answer: names and places with dots between them; ``?field=value`` is the first item that has it."""
    for key in path.split(".") if path else []:
        if key.startswith("?"):
            field, _, wanted = key[1:].partition("=")
            value = next(item for item in value if item[field] == wanted)
        else:
            value = value[int(key)] if isinstance(value, list) else value.get(key)
    return value


def describe(refusal: SomaError) -> dict[str, Any]:
    names = ("status", "code", "detail", "remedy", "trace_id", "retry_after", "reasons", "errors")
    return {name: plain(getattr(refusal, name)) for name in names}


class Scenario:
    def __init__(self, url: str, token: str, flaky: str | None, run: str, kind: type[Plain] | type[Async]) -> None:
        self._url, self._token, self._flaky, self._kind = url.rstrip("/"), token, flaky and flaky.rstrip("/"), kind
        self._saved: dict[str, Any] = {"run": run, "namespace": f"scenario-{run}"}

    def step(self, step: dict[str, Any]) -> str:
        """How the step went; raises AssertionError with the fault."""
        unsaved = next((name for name in VARIABLE.findall(json.dumps(step)) if name not in self._saved), None)
        if unsaved and step.get("when_built"):
            return f"not built  {step['name']} (needs {unsaved})"
        if not self._flaky and ("via" in step or step["call"] == "seen" or unsaved):
            return f"passed by  {step['name']} (no SOMA_FLAKY_URL)"
        if unsaved:
            raise AssertionError(f"'{unsaved}' was not saved")
        given = step.get("client", {})
        options: dict[str, Any] = {"base_url": self._flaky + self._fill(step["via"]) if "via" in step else self._url, "token": self._token, "tenant": given.get("tenant")}
        if "max_attempts" in given:
            options["max_attempts"] = given["max_attempts"]
        if "constitution_cache_ms" in given:
            options["constitution_cache"] = given["constitution_cache_ms"] / 1000
        if "deadline_ms" in given:
            options["deadline"] = given["deadline_ms"] / 1000
        client = self._kind(options)
        try:
            return self._run(client, step)
        finally:
            client.close()

    def _run(self, client: Plain | Async, step: dict[str, Any]) -> str:
        for _ in range(step.get("times", 1)):
            result, error = self._outcome(client, step)
        if step.get("when_built") and error and error.get("code") in ("not_built", "not_found", "method_not_allowed"):
            return f"not built  {step['name']}"
        started = time.monotonic()
        while wrong := self._compare(step, result, error):
            if not step.get("eventually") or time.monotonic() - started > EVENTUALLY_MAX:
                raise AssertionError(wrong)
            result, error = self._outcome(client, step)
        for name, path in step.get("save", {}).items():
            self._saved[name] = _at(result, self._fill(path))
        return f"ok         {step['name']}"

    def _outcome(self, client: Plain | Async, step: dict[str, Any]) -> tuple[Any, dict[str, Any] | None]:
        arguments = self._fill(step["args"])
        arguments.pop("needs", None)
        if step["call"] == "seen":
            with urllib.request.urlopen(f"{self._flaky}/seen/{arguments['name']}") as answer:
                return json.load(answer), None
        options = {"idempotency_key": self._fill(step["idempotency_key"])} if "idempotency_key" in step else {}
        try:
            after = step.get("cancel_after_ms")
            return plain(client.run(CALLS[step["call"]], arguments, options, after and after / 1000)), None
        except SomaError as refusal:
            return None, describe(refusal)
        except SomaTimeoutError:
            return None, {"timed_out": True}
        except SomaCancelled:
            return None, {"cancelled": True}

    def _compare(self, step: dict[str, Any], result: Any, error: dict[str, Any] | None) -> str | None:
        if "error" in step:
            return fault(self._fill(step["error"]), error) if error else f"expected a refusal, actual {json.dumps(result)}"
        return f"refused: {json.dumps(error)}" if error else fault(self._fill(step["expect"]), result)

    def _fill(self, value: Any) -> Any:
        """Puts what was saved in the place of ${name}; a text that is nothing else becomes the value itself."""
        if isinstance(value, str):
            whole = VARIABLE.fullmatch(value)
            return self._saved[whole[1]] if whole else VARIABLE.sub(lambda match: str(self._saved[match[1]]), value)
        if isinstance(value, list):
            return [self._fill(item) for item in value]
        if isinstance(value, dict):
            return {name: self._fill(item) for name, item in value.items()}
        return value


def main() -> int:
    url, token = os.environ.get("SOMA_URL"), os.environ.get("SOMA_TOKEN")
    if not url or not token:
        print("Set SOMA_URL and SOMA_TOKEN.", file=sys.stderr)
        return 2
    file = os.environ.get("SOMA_SCENARIO") or HERE.parent.parent / "scenario" / "memory.json"
    scenario = Scenario(url, token, os.environ.get("SOMA_FLAKY_URL"), os.environ.get("SOMA_RUN") or f"py-{time.time_ns()}", Async if "--async" in sys.argv else Plain)
    for step in json.loads(Path(file).read_text(encoding="utf-8"))["steps"]:
        try:
            print(scenario.step(step), flush=True)
        except AssertionError as wrong:
            print(f"FAILED     {step['name']}: {wrong}")
            return 1
    print("all steps passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())

import asyncio
import json
import re
import sys
import threading
import time
import unittest
from collections.abc import AsyncIterator, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "src")]

from somagent_memory import AsyncSomaClient, SomaCancelled, SomaClient, SomaConnectionError, SomaError, SomaTimeoutError  # noqa: E402


class Handler(BaseHTTPRequestHandler):
    """Answers as the test says and keeps what came."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def handle_any(self) -> None:
        body = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.seen.append({"method": self.command, "path": self.path, "headers": self.headers, "body": body, "connection": self.client_address})
            number = len(self.server.seen)
        self.server.answer(self, number)

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any

    def say(self, status: int, body: Any, **headers: str) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def chunks(self, kind: str, *pieces: bytes, end: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if end:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Callable[[Handler, int], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.seen: list[dict[str, Any]] = []
        self.lock = threading.Lock()


class ClientTests(unittest.TestCase):
    def serve(self, answer: Callable[[Handler, int], None], **options: Any) -> tuple[Server, SomaClient]:
        server = Server(answer)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        client = SomaClient(self.url(server), "t", **options)
        self.addCleanup(client.close)
        return server, client

    @staticmethod
    def url(server: Server) -> str:
        return f"http://127.0.0.1:{server.server_port}/behind/"

    def test_a_write_keeps_one_key_for_all_its_attempts_and_another_write_has_another(self) -> None:
        def answer(handler: Handler, number: int) -> None:
            if number == 1:
                handler.say(503, {}, Retry_After="0")
            elif number == 2:
                handler.close_connection = True
            else:
                handler.say(201, {"id": "m", "created": True})

        server, soma = self.serve(answer)
        self.assertEqual(soma.memory.remember("a").id, "m")
        soma.memory.remember("a")
        keys = [request["headers"]["Idempotency-Key"] for request in server.seen]
        self.assertEqual(len(keys), 4)
        self.assertEqual(keys[1:3], [keys[0], keys[0]])
        self.assertNotEqual(keys[3], keys[0])
        headers = server.seen[0]["headers"]
        self.assertEqual((server.seen[0]["path"], headers["Authorization"], headers["X-Tenant-ID"]), ("/behind/v1/remember", "Bearer t", None))
        self.assertRegex(headers["User-Agent"], r"^somastack-python/")

    def test_headers_that_were_asked_for_are_sent(self) -> None:
        server, soma = self.serve(lambda handler, _: handler.say(200, {"id": "m"}, ETag='"4"'), tenant="demo", user_agent="archive/2.1")
        self.assertEqual(soma.memory.update("a/b", '"3"', text="x", idempotency_key="mine").etag, '"4"')
        headers = server.seen[0]["headers"]
        self.assertEqual((server.seen[0]["path"], server.seen[0]["body"]), ("/behind/v1/memory/a%2Fb", b'{"text": "x"}'))
        self.assertEqual((headers["X-Tenant-ID"], headers["If-Match"], headers["Idempotency-Key"]), ("demo", '"3"', "mine"))
        self.assertRegex(headers["User-Agent"], r"^archive/2\.1 somastack-python/")

    def test_a_refusal_says_all_that_the_server_said(self) -> None:
        problem = {
            "status": 422, "code": "invalid_request", "detail": "'line' must be 1 or more", "remedy": "Correct the named fields.", "trace_id": "abc",
            "errors": [{"field": "line", "message": "must be 1 or more"}], "reasons": [{"code": "r", "message": "m", "new": 1}],
        }
        server, soma = self.serve(lambda handler, _: handler.say(422, problem))
        with self.assertRaises(SomaError) as caught:
            soma.memory.remember("a", line=0)
        refusal = caught.exception
        self.assertEqual((refusal.status, refusal.code, refusal.detail, refusal.remedy, refusal.trace_id), (422, problem["code"], problem["detail"], problem["remedy"], "abc"))
        self.assertEqual((refusal.errors[0].field, refusal.reasons[0].code), ("line", "r"))
        self.assertEqual(len(server.seen), 1)

    def test_a_connection_is_used_again_and_one_that_the_server_closed_costs_no_attempt(self) -> None:
        def answer(handler: Handler, number: int) -> None:
            handler.say(200, {"id": "m"})
            handler.close_connection = number == 2

        server, soma = self.serve(answer, max_attempts=1)
        for _ in range(3):
            soma.memory.get("a")
        first, second, third = (request["connection"] for request in server.seen)
        self.assertEqual(first, second)
        self.assertNotEqual(second, third)

    def test_closing_the_client_ends_a_call_and_also_the_wait_before_a_repetition(self) -> None:
        hang = threading.Event()
        self.addCleanup(hang.set)
        for answer in (lambda handler, _: handler.say(503, {}, Retry_After="30"), lambda handler, _: hang.wait()):
            server, soma = self.serve(answer)
            failures: list[BaseException] = []

            def call() -> None:
                try:
                    soma.memory.recall("q")
                except SomaCancelled as cancelled:
                    failures.append(cancelled)

            thread = threading.Thread(target=call)
            thread.start()
            self.await_that(lambda: len(server.seen) == 1)
            soma.close()
            thread.join(5)
            self.assertFalse(thread.is_alive())
            self.assertEqual(len(failures), 1)
            with self.assertRaises(SomaCancelled):
                soma.memory.get("a")

    def test_no_answer_within_the_deadline_is_a_timeout_and_no_server_a_connection_error(self) -> None:
        hang = threading.Event()
        self.addCleanup(hang.set)
        _, soma = self.serve(lambda handler, _: hang.wait() and None, deadline=0.1)
        with self.assertRaises(SomaTimeoutError):
            soma.memory.get("a")
        with self.assertRaises(SomaTimeoutError):
            soma.memory.recall("q", timeout=0.05)
        with SomaClient("http://127.0.0.1:1", "t", max_attempts=1) as nobody, self.assertRaises(SomaConnectionError) as caught:
            nobody.memory.get("a")
        self.assertNotIsInstance(caught.exception, SomaTimeoutError)

    def test_lists_fetch_pages_as_they_are_needed(self) -> None:
        server, soma = self.serve(lambda handler, n: handler.say(200, {"data": [{"id": f"{n}a"}, {"id": f"{n}b"}], "next_cursor": f"c{n}" if n < 3 else None}))
        self.assertEqual([memory.id for memory in soma.memory.list(namespace="n", page_size=2)], ["1a", "1b", "2a", "2b", "3a", "3b"])
        queries = [request["path"].split("?")[1] for request in server.seen]
        self.assertEqual(queries, ["namespace=n&limit=2", "namespace=n&limit=2&cursor=c1", "namespace=n&limit=2&cursor=c2"])
        self.assertEqual(next(soma.memory.list()).id, "4a")
        self.assertEqual(len(server.seen), 4)

    def test_an_export_is_read_over_any_cut_of_its_bytes_and_an_import_is_sent_line_by_line(self) -> None:
        text = '{"text":"naïve 🦜"}\r\n\n{"text":"two"}\n{"text":"no end"}'.encode()

        def answer(handler: Handler, number: int) -> None:
            if handler.command == "POST":
                handler.say(200, {"imported": 2, "skipped": 0, "failed": []})
            else:
                handler.chunks("application/x-ndjson", *(bytes([byte]) for byte in text))

        server, soma = self.serve(answer)
        self.assertEqual([item["text"] for item in soma.memory.export()], ["naïve 🦜", "two", "no end"])
        self.assertEqual(soma.memory.import_({"text": word} for word in ("eins", "zwei")).imported, 2)
        self.assertEqual(server.seen[1]["body"], b'{"text": "eins"}\n{"text": "zwei"}\n')

    def test_a_followed_stream_goes_on_after_the_last_event_that_it_saw(self) -> None:
        def answer(handler: Handler, number: int) -> None:
            if number == 1:
                handler.chunks("text/event-stream", b': hello\n\nid: 7\nevent: text.delta\ndata: {"text":\ndata: "a"}\n\nid: 8\nevent: text.delta\ndata: {"te', end=False)
            else:
                handler.chunks("text/event-stream", b'id: 8\nevent: turn.completed\ndata: {"ok":true}\n\n')

        server, soma = self.serve(answer)
        found = [(event.id, event.type, event.data) for event in soma.sessions.follow("s", 6, until_idle=True)]
        self.assertEqual(found, [(7, "text.delta", {"text": "a"}), (8, "turn.completed", {"ok": True})])
        self.assertEqual([request["headers"]["Last-Event-ID"] for request in server.seen], ["6", "7"])
        self.assertTrue(all(re.search(r"after=[67]&until=idle$", request["path"]) for request in server.seen))

    def test_asyncio_calls_run_at_once_and_a_cancelled_task_ends_its_call(self) -> None:
        gate, gone = threading.Event(), threading.Event()
        self.addCleanup(gate.set)

        def answer(handler: Handler, number: int) -> None:
            if handler.path.endswith("/hang"):
                # The server reads nothing more: an end of the connection is what wakes it.
                gone.set() if handler.connection.recv(1) == b"" else None
            else:
                self.assertTrue(barrier.wait(5) >= 0)
                handler.say(200, {"id": "m"})

        barrier = threading.Barrier(8)
        server, _ = self.serve(answer)

        async def work() -> None:
            async with AsyncSomaClient(self.url(server), "t") as soma:
                found = await asyncio.gather(*(soma.memory.get(str(i)) for i in range(8)))
                self.assertEqual([memory.id for memory in found], ["m"] * 8)
                task = asyncio.ensure_future(soma.memory.get("hang"))
                while len(server.seen) < 9:
                    await asyncio.sleep(0)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                self.assertTrue(await asyncio.to_thread(gone.wait, 5))

        asyncio.run(work())

    def test_asyncio_iterates_and_leaving_the_loop_closes_the_stream(self) -> None:
        closed = threading.Event()

        def answer(handler: Handler, number: int) -> None:
            if "export" not in handler.path:
                handler.say(200, {"data": [{"id": "a"}, {"id": "b"}], "next_cursor": None})
                return
            handler.chunks("application/x-ndjson", b'{"n":1}\n{"n":2}\n', end=False)
            closed.set() if handler.connection.recv(1) == b"" else None

        server, _ = self.serve(answer)

        async def work() -> None:
            async with AsyncSomaClient(self.url(server), "t") as soma:
                self.assertEqual([memory.id async for memory in soma.memory.list()], ["a", "b"])
                exported: AsyncIterator[dict[str, Any]] = soma.memory.export()
                self.assertEqual((await exported.__anext__())["n"], 1)
                await exported.aclose()  # type: ignore[attr-defined]
                self.assertTrue(await asyncio.to_thread(closed.wait, 5))

        asyncio.run(work())

    def await_that(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + 5
        while not condition():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.001)


if __name__ == "__main__":
    unittest.main()

import json
import re
import sys
import unittest
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src")]

from somagent_memory._decode import decode, instant  # noqa: E402
from somagent_memory._ids import uuid7  # noqa: E402
from somagent_memory.models import Hit, LinkView, Remembered  # noqa: E402
from somagent_memory.retry import Outcome, RetryOptions, next_wait, parse_retry_after  # noqa: E402

SHARED = json.loads((HERE.parent.parent / "scenario" / "retry.json").read_text(encoding="utf-8"))


class RetryTests(unittest.TestCase):
    def test_every_shared_case_gives_its_wait(self) -> None:
        self.assertGreater(len(SHARED["cases"]), 20)
        for given in SHARED["cases"]:
            case = {**SHARED["defaults"], **given}
            with self.subTest(case["name"]):
                options = RetryOptions(case["max_attempts"], case["base"], case["max"], case["deadline"], lambda: case["random"])
                outcome = Outcome(case["status"], case["code"], case["retry_after"])
                self.assertEqual(next_wait(options, case["attempt"], outcome, case["elapsed"]), case["wait"])

    def test_retry_after_is_read_as_seconds_or_as_a_date(self) -> None:
        for case in SHARED["retry_after"]:
            with self.subTest(case["header"]):
                self.assertEqual(parse_retry_after(case["header"], instant(case["now"])), case["seconds"])


class ShapeTests(unittest.TestCase):
    def test_keys_are_uuid_7(self) -> None:
        ids = {uuid7() for _ in range(1000)}
        self.assertEqual(len(ids), 1000)
        for key in ids:
            self.assertIsNotNone(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", key))
        self.assertTrue(uuid7(0x0123_4567_89AB).startswith("01234567-89ab-7"))

    def test_instants_of_any_precision(self) -> None:
        whole = datetime(2026, 11, 22, 21, 0, 0, tzinfo=timezone.utc)
        for text in ("2026-11-22T21:00:00Z", "2026-11-22T21:00:00+00:00", "2026-11-22T22:00:00+01:00", "2026-11-22T21:00:00.0000000Z"):
            self.assertEqual(instant(text), whole)
        self.assertEqual(instant("2026-11-22T21:00:00.1234567Z").microsecond, 123456)
        self.assertEqual(instant("2026-11-22T21:00:00.5Z").microsecond, 500000)

    def test_what_is_unknown_is_left_out_and_what_is_missing_is_none_or_empty(self) -> None:
        hit = decode(Hit, {"id": "a", "text": "t", "score": 1, "event_time": "2026-11-22T21:00:00Z", "colour": "red"})
        self.assertEqual((hit.source, hit.tags, hit.event_time), (None, [], datetime(2026, 11, 22, 21, tzinfo=timezone.utc)))
        self.assertEqual(decode(Remembered, {"id": "a", "superseded": None}).superseded, [])
        self.assertEqual(decode(LinkView, {"id": "l", "type": "t", "from": "a", "to": "b"}).to_id, "b")


if __name__ == "__main__":
    unittest.main()

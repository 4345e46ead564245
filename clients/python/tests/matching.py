"""Compares what came with what a scenario expects; clients/scenario/README.md tells the matchers."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from somagent_memory._decode import instant

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def fault(expected: Any, actual: Any, at: str = "$") -> str | None:
    """Where it does not match; None when it does."""
    if isinstance(expected, dict) and len(expected) == 1 and next(iter(expected)).startswith("$"):
        ((name, value),) = expected.items()
        return None if _matches(name, value, actual) else _say(at, expected, actual)
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _first(fault(value, actual.get(name), f"{at}.{name}") for name, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, (list, tuple)) and len(expected) == len(actual):
        return _first(fault(item, actual[i], f"{at}[{i}]") for i, item in enumerate(expected))
    if isinstance(expected, bool) or isinstance(actual, bool):
        return None if expected is actual else _say(at, expected, actual)
    return None if expected == actual and not isinstance(expected, (dict, list)) else _say(at, expected, actual)


def _matches(name: str, value: Any, actual: Any) -> bool:
    if name == "$anything":
        return True
    if name == "$any":
        return actual is not None
    if name == "$absent":
        return actual is None
    if name == "$id":
        return isinstance(actual, str) and UUID.fullmatch(actual) is not None
    if name == "$gte":
        return _is_number(actual) and actual >= value
    if name == "$lte":
        return _is_number(actual) and actual <= value
    if name == "$time":
        return isinstance(actual, str) and instant(actual) == instant(value)
    if name == "$contains" and isinstance(actual, str):
        return value in actual
    if not isinstance(actual, (list, tuple)):
        return False
    if name == "$length":
        return fault(value, len(actual)) is None
    if name == "$contains":
        return any(fault(value, item) is None for item in actual)
    if name == "$none":
        return all(fault(value, item) is not None for item in actual)
    if name == "$each":
        return all(fault(value, item) is None for item in actual)
    raise ValueError(f"The scenario uses an unknown matcher: {name}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _first(faults: Any) -> str | None:
    return next((found for found in faults if found is not None), None)


def _say(at: str, expected: Any, actual: Any) -> str:
    return f"at {at}\n  expected {json.dumps(expected)}\n  actual   {json.dumps(actual, default=_text)}"


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)

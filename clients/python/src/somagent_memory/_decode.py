"""JSON into the dataclasses of ``models``: by type hints, read once for each class."""

from __future__ import annotations

import re
import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_FRACTION = re.compile(r"\.(\d+)")


def instant(text: str) -> datetime:
    """ISO 8601 with a zone; digits beyond microseconds are cut off."""
    text = _FRACTION.sub(lambda match: "." + match.group(1)[:6].ljust(6, "0"), text)
    return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)


def decode(shape: type[T], value: Any) -> T:
    """Fields that the class does not know are left out; fields that the server does not know get their default, or None."""
    return _value(shape, value)


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _value(next(part for part in get_args(hint) if part is not type(None)), value)
    if origin is list:
        return [_value(get_args(hint)[0], item) for item in value]
    if hint is datetime:
        return instant(value)
    return _build(hint, value) if is_dataclass(hint) else value


def _build(shape: Any, value: Any) -> Any:
    known: dict[str, Any] = {}
    for name, wire, part, default in _plan(shape):
        known[name] = _value(part, value[wire]) if value.get(wire) is not None else default() if callable(default) else default
    return shape(**known)


@lru_cache(maxsize=None)
def _plan(shape: Any) -> list[tuple[str, str, Any, Any]]:
    hints = get_type_hints(shape)
    plan = []
    for field in fields(shape):
        default: Any = None
        if field.default_factory is not MISSING:
            default = field.default_factory
        elif field.default is not MISSING:
            default = field.default
        plan.append((field.name, field.metadata.get("wire", field.name), hints[field.name], default))
    return plan

"""Typed client for a SomaStack server: memory, working memory, sessions. Standard library only."""

from .aio import AsyncSomaClient
from .client import SomaClient
from .errors import FieldError, Reason, SomaCancelled, SomaClientError, SomaConnectionError, SomaError, SomaStreamError, SomaTimeoutError
from .memory import RememberItem
from .models import *  # noqa: F403
from .outbox import OutboxItem

__version__ = "0.1.0"
__all__ = [
    "AsyncSomaClient", "FieldError", "OutboxItem", "Reason", "RememberItem", "SomaCancelled", "SomaClient", "SomaClientError", "SomaConnectionError", "SomaError",
    "SomaStreamError", "SomaTimeoutError",
]

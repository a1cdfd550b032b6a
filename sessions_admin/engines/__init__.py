"""Bulk operations for each session engine: load many, delete many, refuse deleted keys."""

from sessions_admin.engines.base import Engine, digest, is_away, is_loaded, is_local
from sessions_admin.engines.choice import can_end_sessions, current

__all__ = ["Engine", "can_end_sessions", "current", "digest", "is_away", "is_loaded", "is_local"]

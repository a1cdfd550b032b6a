"""What each session engine can do in bulk: load many, delete many, and refuse a deleted key."""

from sessions_admin.engines.base import Engine, digest, is_away, is_local
from sessions_admin.engines.choice import can_end_sessions, current

__all__ = ["Engine", "can_end_sessions", "current", "digest", "is_away", "is_local"]

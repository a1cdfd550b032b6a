"""End sessions on purpose: by an admin, by a limit, after a change of their user, by the sweep."""

from sessions_admin.ending import end
from sessions_admin.termination.immediate import terminate
from sessions_admin.termination.programmatic import (
    terminate_all,
    terminate_by_key,
    terminate_user,
)

__all__ = ["end", "terminate", "terminate_all", "terminate_by_key", "terminate_user"]

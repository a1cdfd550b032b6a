"""End sessions on purpose: by an admin, by a limit, after a change of their user, by the sweep."""

from sessions_admin.ending import end
from sessions_admin.termination.immediate import terminate

__all__ = ["end", "terminate"]

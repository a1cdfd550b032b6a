"""From sign-in to sign-out: how rows follow their sessions."""

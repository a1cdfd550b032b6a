"""Apps that sign in by allauth's headless API with its own tokens."""

from projects.allauth_headless import *

HEADLESS_TOKEN_STRATEGY = "allauth.headless.tokens.strategies.sessions.SessionTokenStrategy"

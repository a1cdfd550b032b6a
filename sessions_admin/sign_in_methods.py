"""How people sign in: what a new session says of it, and the words for it.

A support session is one that somebody of the staff began in another person's name, with
django-hijack, django-loginas or django-su. Nothing here runs a query at an ordinary sign-in.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, get_user_model
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin.people import label_of
from sessions_admin.resolvers import SignInMethod

PASSWORD, TWO_FACTORS, SINGLE_SIGN_ON = "password", "two-factor", "sso"
PASSKEY, CODE, LINK, TOKEN, SUPPORT = "passkey", "code", "link", "token", "support"
# The methods that have words of their own. A project's other methods are shown as they are.
WORDS: Mapping[str, str | Promise] = {
    PASSWORD: _("Password"),
    TWO_FACTORS: _("Password and second factor"),
    SINGLE_SIGN_ON: _("Single sign-on"),
    PASSKEY: _("Passkey"),
    CODE: _("Sign-in code"),
    LINK: _("Sign-in link"),
    TOKEN: _("Token"),
    SUPPORT: _("Support session"),
}
# The packages whose backends do not say by their parameters what they accept.
PACKAGES = {
    # What else it accepts is in its own record.
    "allauth": PASSWORD,
    "mozilla_django_oidc": SINGLE_SIGN_ON,
    "social_core": SINGLE_SIGN_ON,
    "social_django": SINGLE_SIGN_ON,
    "djangosaml2": SINGLE_SIGN_ON,
    "django_saml2_auth": SINGLE_SIGN_ON,
    "django_auth_adfs": SINGLE_SIGN_ON,
    "django_cas_ng": SINGLE_SIGN_ON,
    "oauth2_provider": TOKEN,
    "rest_framework": TOKEN,
    "sesame": LINK,
}
# The parameters of ``authenticate`` that say what a backend accepts, the most telling one first.
PARAMETERS = {"remote_user": SINGLE_SIGN_ON, "password": PASSWORD, "token": TOKEN}
# What allauth calls its methods. A second factor and passkeys are both "mfa" there.
OF_ALLAUTH = {"password": PASSWORD, "socialaccount": SINGLE_SIGN_ON, "code": CODE}
OF_ALLAUTH_KEY = "account_authentication_methods"


def by_backend(request: HttpRequest) -> SignInMethod:
    """Return the method by what the session says: the default of SIGN_IN_METHOD."""
    session = request.session
    if staff := _staff_behind(session):
        return SignInMethod(SUPPORT, by=_label(request, staff))
    if method := _of_allauth(session.get(OF_ALLAUTH_KEY)):
        return SignInMethod(method)
    return SignInMethod(_of_backend(str(session.get(BACKEND_SESSION_KEY, ""))))


def in_words(method: str, by: str = "") -> str:
    """Return the words for a method as it is stored, with who signed in for the person."""
    if method == SUPPORT and by:
        return gettext("Support session by %(name)s") % {"name": by}
    return str(WORDS.get(method, method))


def _staff_behind(session: Any) -> str:
    """Return the primary key of who signed in in this person's name, as text; empty for nobody."""
    if isinstance(hijackers := session.get("hijack_history"), list) and hijackers:
        return str(hijackers[-1])
    if isinstance(left := session.get("exit_users_pk"), list) and left:
        last = left[-1]
        return str(last[0] if isinstance(last, list | tuple) and last else last)
    if signed := session.get("loginas_from_user"):
        try:
            return str(signing.TimestampSigner().unsign(str(signed)))
        except signing.BadSignature:
            return ""
    return ""


def _label(request: HttpRequest, key: str) -> str:
    """Return the name of this person, whom Django has loaded as the user of the same request."""
    known = getattr(request, "_cached_user", None)
    if known is not None and known.is_authenticated and str(known.pk) == key:
        return label_of(known)
    try:
        found = get_user_model()._base_manager.filter(pk=key).first()
    except (ValidationError, ValueError, OverflowError):
        return ""
    return label_of(found) if found else ""


def _of_allauth(recorded: Any) -> str:
    """Return the method in allauth's record of a sign-in; empty without one."""
    records = [each for each in recorded if isinstance(each, dict)] if _is_list(recorded) else []
    used = [str(each.get("method", "")) for each in records]
    if any(each.get("passwordless") for each in records):
        return PASSKEY
    first = next((OF_ALLAUTH.get(each, each) for each in used if each != "mfa"), "")
    return TWO_FACTORS if first == PASSWORD and "mfa" in used else first


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | Mapping)


@cache
def _of_backend(path: str) -> str:
    """Return the method of an authentication backend, or its name in words."""
    try:
        backend = import_string(path)
    except ImportError:
        return ""
    for each in inspect.getmro(backend):
        if method := PACKAGES.get(each.__module__.partition(".")[0]):
            return method
    try:
        accepted = inspect.signature(backend.authenticate).parameters
    except (AttributeError, TypeError, ValueError):
        accepted = {}  # type: ignore[assignment]
    for name, method in PARAMETERS.items():
        if name in accepted:
            return method
    return _name_in_words(backend.__name__)


def _name_in_words(name: str) -> str:
    """Return "Magic link" for "MagicLinkBackend"."""
    short = re.sub(r"(Authentication|Auth)?(Backend)?$", "", name) or name
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", short) or [short]
    return " ".join([words[0], *(w if w.isupper() else w.lower() for w in words[1:])])

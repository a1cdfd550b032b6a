"""The Django admin cannot be used to avoid reauthentication."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.forms.models import model_to_dict
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import Account, Membership, User
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import LIST, Browser
from tests.support.factories import PASSWORD, AccountFactory, MembershipFactory, UserFactory
from tests.views.test_reauthentication import grown_old

pytestmark = pytest.mark.django_db

CONFIRM = LIST + "confirm-password/"
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
ACTS = ("add", "change", "delete", "history")
# URL names that need no reauthentication; all others do.
FREE = {"index", "app_list", "autocomplete", "jsi18n", None}
# These redirect to pages of the site, or are for signing in and out.
NOT_ASKED = {"login", "logout"}


@pytest.fixture
def operator():
    """A superuser whose last reauthentication is too old."""
    person = UserFactory(is_staff=True, is_superuser=True, name="Olga Operator")
    return grown_old(Browser().sign_in(person, "/admin/login/"))


@pytest.fixture
def objects():
    """Create one object of every model."""
    now = timezone.now()
    member = MembershipFactory()
    made = {"ip_address": "203.0.113.9", "username": "a", "path_info": "/", "user_agent": "x"}
    termination = Termination.objects.create(actor_label="Ada Admin", scope="Everything of Acme")
    row = TrackedSession.objects.create(
        user_label="Mia", application="web", expires_at=now, ended_at=now, termination=termination
    )
    found = [
        Group.objects.create(name="Helpers"),
        member.user,
        member.account,
        member,
        row,
        termination,
        AccessAttempt.objects.create(failures_since_start=1, **made),
        AccessLog.objects.create(**made),
        AccessFailureLog.objects.create(**made),
    ]
    return {type(each): each for each in found}


def address_of(act, model, pk):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{act}"
    return reverse(name, args=[] if act in {"add", "changelist"} else [pk])


def asks(answer, back=None):
    target = urlsplit(answer.headers.get("Location", ""))
    if answer.status_code != 302 or target.path != CONFIRM:
        return False
    return back is None or parse_qs(target.query)["next"] == [back]


def state():
    """Return all rows of all registered models."""
    return {model: list(model.objects.order_by("pk").values()) for model in MODELS}


def test_the_walk_knows_every_model(objects):
    assert set(objects) == set(MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("act", ACTS)
def test_every_page_of_an_object_asks_and_nothing_is_written(operator, objects, model, act):
    before = state()
    address = address_of(act, model, objects[model].pk)
    fields = {n: v for n, v in model_to_dict(objects[model]).items() if v and n != "password"}
    for answer in (
        operator.get(address),
        operator.post(address, {"post": "yes", "name": "Changed", **fields}),
    ):
        assert asks(answer, address)
    assert state() == before


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_action_asks(operator, objects, model):
    before = state()
    address = address_of("changelist", model, None)
    names = admin.site._registry[model].actions
    for action in ("delete_selected", *(names or ())):
        fields = {"action": action, "_selected_action": objects[model].pk, "post": "yes"}
        assert asks(operator.post(address, fields), address)
    assert state() == before


def patterns(resolver, prefix="/"):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix, entry


def test_every_address_of_the_django_admin_asks_whatever_is_posted(operator, objects):
    """Pages other than lists require it even for GET."""
    walked = 0
    for prefix, entry in patterns(get_resolver()):
        if not prefix.startswith("/admin/") or entry.name in NOT_ASKED:
            continue
        arguments = dict.fromkeys(entry.pattern.converters, 1)
        if entry.name == "app_list":
            arguments = {"app_label": "accounts"}
        try:
            address = reverse(f"admin:{entry.name}", kwargs=arguments)
        except NoReverseMatch:
            address = "/admin/no-such-page/"
        if address == "/admin/password_change/":
            continue  # Replaced by the site's own page.
        walked += 1
        assert asks(operator.post(address, {})), address
        assert asks(operator.put(address)), address
        is_list = str(entry.name).endswith("_changelist") and "termination" not in entry.name
        assert asks(operator.get(address)) != (entry.name in FREE or is_list), address
    assert walked > 60


def test_the_termination_log_is_not_read_without_a_proof(operator, objects):
    addresses = [
        address_of("changelist", Termination, None),
        address_of("changelist", Termination, None) + "?q=acme",
        address_of("change", Termination, objects[Termination].pk),
        address_of("history", Termination, objects[Termination].pk),
        address_of("change", TrackedSession, objects[TrackedSession].pk),
    ]
    for address in addresses:
        assert asks(operator.get(address), address)
    fields = {"app_label": "sessions_admin", "model_name": "trackedsession", "term": ""}
    ask = [reverse("admin:autocomplete"), {**fields, "field_name": "termination"}]
    assert operator.get(*ask).json()["results"] == []

    operator.post(CONFIRM, {"password": PASSWORD, "next": addresses[0]})
    for address in addresses:
        assert "Everything of Acme" in operator.get(address).content.decode(), address
    assert len(operator.get(*ask).json()["results"]) == 1


@pytest.mark.urls("tests.admin.plain_site_urls")
def test_nor_in_the_django_admin_of_a_host(operator, objects):
    """A host has Django's own admin site, with its own rules for its own models."""
    termination = f"/plain/sessions_admin/termination/{objects[Termination].pk}/change/"
    row = f"/plain/sessions_admin/trackedsession/{objects[TrackedSession].pk}/change/"
    for address in ("/plain/sessions_admin/termination/", termination, row):
        assert asks(operator.get(address), address)
    for query in ("session_key__regex=^a", "key_digest__gt=a", "user__password__regex=^a"):
        address = f"/plain/sessions_admin/trackedsession/?{query}"
        assert operator.get(address).status_code == 400
    assert operator.get("/plain/sessions_admin/trackedsession/").status_code == 200


def test_after_the_proof_it_leads_back_and_writes(operator):
    account = AccountFactory(name="Acme")
    address = address_of("delete", Account, account.pk)
    operator.post(CONFIRM, {"password": PASSWORD, "next": address})
    assert operator.post(address, {"post": "yes"}).status_code == 302
    assert not Account.objects.filter(pk=account.pk).exists()


def test_those_who_may_not_come_in_are_not_asked():
    member = grown_old(Browser().sign_in(UserFactory()))
    for address in ("/admin/", address_of("changelist", Termination, None)):
        assert member.get(address)["Location"].startswith("/admin/login/")
        assert Browser().get(address)["Location"].startswith("/admin/login/")


def test_a_proof_gives_no_permission():
    staff = UserFactory(is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_user"))
    browser = Browser().sign_in(staff)
    assert browser.get(address_of("changelist", Termination, None)).status_code == 403
    assert browser.post(address_of("add", Membership, None)).status_code == 403
    assert browser.post(address_of("delete", User, staff.pk), {"post": "yes"}).status_code == 403


def test_leaving_asks_for_nothing(operator):
    assert operator.post("/admin/logout/")["Location"] == reverse("login")
    assert not operator.is_signed_in()

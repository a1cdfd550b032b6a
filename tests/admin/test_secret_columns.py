"""Filters, orders and searches in the Django admin cannot reveal a hidden column."""

from __future__ import annotations

import re

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db.models.lookups import Transform
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from sessions_admin.models import Termination, TrackedSession
from sessions_admin.project.admin import Site
from tests.support.browsing import Browser
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

# No page shows these columns, whatever model it is about.
SECRET = {
    TrackedSession: {"session_key", "key_digest", "wrong_passwords", "latitude", "longitude"},
    Termination: {"newest", "kept_session", "last_session", "worker", "leased_until", "reached"},
    User: {"password"},
    Session: {"session_key", "session_data"},
    AccessAttempt: {"post_data", "get_data"},
    AccessLog: {"session_hash"},
}
# The number of relations that are followed from a model's own fields.
DEPTH = 2
# The two values that the differential test puts in each other's place.
ONE, OTHER = "aaaa1111", "zzzz9999"


def registered():
    return sorted(admin.site._registry, key=lambda model: model._meta.label)


def paths(model, depth=DEPTH):
    """Yield every field's path from ``model``, and whether it ends at a secret."""
    for field in model._meta.get_fields(include_hidden=True):
        name = field.name
        # A relation without a reverse name cannot be used in a filter.
        if name.endswith("+"):
            continue
        yield name, name in SECRET.get(model, set())
        if field.is_relation and field.related_model and depth:
            for rest, is_secret in paths(field.related_model, depth - 1):
                yield f"{name}__{rest}", is_secret


def field_at(model, path):
    for name in path.split("__"):
        field = model._meta.get_field(name)
        model = field.related_model or model
    return field


def lookups(field):
    """Return all lookups that may follow a field, including those that follow a transform."""
    for name, lookup in getattr(field, "get_lookups", dict)().items():
        yield name
        if issubclass(lookup, Transform):
            yield from (f"{name}__{inner}" for inner in ("exact", "gt", "regex", "in"))


SECRET_PATHS = [
    (model, path) for model in registered() for path, is_secret in paths(model) if is_secret
]


@pytest.fixture
def request_of_a_reader(rf: RequestFactory):
    request = rf.get("/")
    request.user = reader()
    return request


def reader():
    """A person who may view everything in the Django admin and change nothing."""
    person = UserFactory(is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return person


def changelist(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def test_the_walk_reaches_secrets_in_every_way():
    """If the walk missed paths, the tests below would pass without testing anything."""
    walked = {f"{model.__name__}.{path}" for model, path in SECRET_PATHS}
    assert {
        "TrackedSession.session_key",
        "TrackedSession.user__password",
        "TrackedSession.termination__worker",
        "User.tracked_sessions__session_key",
        "User.memberships__user__password",
        "Membership.user__tracked_sessions__key_digest",
        "Termination.sessions__session_key",
        "Group.user__password",
        "AccessLog.session_hash",
    } <= walked
    assert len(walked) > 60


def test_no_lookup_on_a_secret_is_allowed(request_of_a_reader):
    asked = 0
    for model, path in SECRET_PATHS:
        guard = admin.site._registry[model]
        for lookup in ["", *lookups(field_at(model, path))]:
            name = f"{path}__{lookup}" if lookup else path
            for value in ("a", "1", "true"):
                asked += 1
                assert not guard.lookup_allowed(name, value, request_of_a_reader), (model, name)
    assert asked > 5000


def test_only_what_is_offered_as_a_filter_is_allowed(request_of_a_reader):
    """For all other fields: every allowed lookup begins with a filter of the page."""
    for model in registered():
        guard = admin.site._registry[model]
        offered = {guard.date_hierarchy, *(f for f in guard.list_filter if isinstance(f, str))}
        for path, _ in paths(model):
            for lookup in ("", "__exact", "__isnull", "__regex", "__gte", "__in"):
                if guard.lookup_allowed(path + lookup, "1", request_of_a_reader):
                    assert path.split("__")[0] in offered, (model, path)


def test_sessions_of_django_are_guarded_where_they_are_registered(request_of_a_reader):
    site = Site()
    site.register(Session)
    guard = site._registry[Session]
    for path in ("session_key", "session_data", "pk", "expire_date"):
        for lookup in ("", "__regex", "__startswith", "__gt", "__in"):
            assert not guard.lookup_allowed(path + lookup, "a", request_of_a_reader)


@pytest.fixture
def browser():
    return Browser().sign_in(reader())


def test_over_http_it_is_a_bad_request(browser):
    """The model's own secrets with every lookup, those of related models with one."""
    asked = 0
    for model, path in SECRET_PATHS:
        if path.count("__") > 1:
            continue
        own = "__" not in path
        for lookup in lookups(field_at(model, path)) if own else ["regex"]:
            answer = browser.get(f"{changelist(model)}?{path}__{lookup}=^a")
            assert answer.status_code == 400, (model, path, lookup)
            asked += 1
    assert asked > 150


def test_what_the_page_offers_still_works(browser):
    for address in (
        "accounts_user_changelist?is_staff__exact=1",
        "accounts_account_changelist?plan__exact=premium",
        "accounts_membership_changelist?role__exact=owner",
        "sessions_admin_trackedsession_changelist?application__exact=web&created_at__year=2026",
        "sessions_admin_trackedsession_changelist?end_reason__exact=terminated&q=ada",
        "sessions_admin_termination_changelist?created_at__year=2026&created_at__month=1",
        "axes_accessattempt_changelist?locked_out=yes&path_info=/accounts/login/",
        "axes_accesslog_changelist?attempt_time__gte=2026-01-01+00:00:00Z",
        "auth_group_changelist?q=staff",
    ):
        name, _, query = address.partition("?")
        assert browser.get(f"{reverse(f'admin:{name}')}?{query}").status_code == 200, address


def write(*secrets):
    """Put the two secrets into the rows of the pairs, in this order."""
    TrackedSession.objects.update(session_key=None)
    places = (
        (User.objects.filter(name="Pair"), ["password"]),
        (TrackedSession.objects.filter(user_label="Pair"), ["session_key", "key_digest"]),
        (Termination.objects.all(), ["reached"]),
        (AccessLog.objects.all(), ["session_hash"]),
    )
    for rows, columns in places:
        keys = rows.order_by("pk").values_list("pk", flat=True)
        for pk, secret in zip(list(keys), secrets, strict=True):
            rows.filter(pk=pk).update(**dict.fromkeys(columns, secret))


@pytest.fixture
def pairs():
    now = timezone.now()
    Group.objects.create(name="Group")
    for number in range(2):
        person = MembershipFactory(user__name="Pair", role="owner").user
        termination = Termination.objects.create(actor=person, actor_label="A", scope=f"{number}")
        TrackedSession.objects.create(
            user=person,
            user_label="Pair",
            application="web",
            expires_at=now,
            ended_at=now,
            termination=termination,
        )
        same = {"ip_address": "203.0.113.9", "username": "a", "path_info": "/", "http_accept": ""}
        AccessLog.objects.create(user_agent=f"{number}", **same)
        AccessFailureLog.objects.create(user_agent=f"{number}", **same)
        AccessAttempt.objects.create(user_agent=f"{number}", failures_since_start=1, **same)


def questions(model):
    """Yield other query parameters of a list: orders, searches, popups, references, facets."""
    columns = len(admin.site._registry[model].list_display) + 2
    yield from (f"o=-{number}" for number in range(columns))
    for name in SECRET.get(model, ()):
        yield from (f"{way}={name}" for way in ("o", "_to_field"))
    yield from ("_facets=True", "all=", "_popup=1", f"q={ONE}", f"q={ONE[:4]}")


def suggestions(model):
    """Yield the URLs that autocomplete fields of ``model`` request while a person types."""
    for field in model._meta.get_fields():
        names = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}"
        if field.is_relation:
            address = f"{reverse('admin:autocomplete')}?{names}&field_name={field.name}"
            yield f"{address}&term={ONE}"


def answer_to(browser, address):
    answer = browser.get(address)
    assert answer.status_code < 500, address
    body = re.sub(r"csrfmiddlewaretoken[^>]*>", "", answer.content.decode())
    return answer.status_code, answer.headers.get("Location"), body


def test_no_answer_depends_on_a_secret(browser, pairs):
    addresses = [address for model in registered() for address in suggestions(model)]
    for model in registered():
        addresses += [f"{changelist(model)}?{question}" for question in questions(model)]
    write(ONE, OTHER)
    before = {address: answer_to(browser, address) for address in addresses}
    write(OTHER, ONE)
    for address in addresses:
        assert answer_to(browser, address) == before[address], address
    assert sum(status == 200 for status, _, _ in before.values()) > 100


def test_nothing_is_referred_to_by_a_hidden_column(request_of_a_reader):
    for model, guard in admin.site._registry.items():
        names = {field.name for field in model._meta.get_fields()} | {"nothing"}
        allowed = {n for n in names if guard.to_field_allowed(request_of_a_reader, n)}
        assert allowed <= {"id", "access_attempt"}


@pytest.mark.parametrize(
    "query",
    [
        "is_staff__exact=maybe",
        "is_staff__regex=(",
        "groups__id__exact=%00",
        "groups__id__exact=99999999999999999999",
        "q=%00",
        "p=99999999999999999999",
        "o=99999999999999999999.x.-",
        "_to_field=memberships",
        "no_such_field=1",
    ],
)
def test_bad_input_gets_a_clear_answer(browser, query):
    assert browser.get(f"{changelist(User)}?{query}", follow=True).status_code in {200, 400}


@pytest.mark.parametrize("value", ["0", "-1", "x", "%00", "99999999999999999999"])
@pytest.mark.parametrize("name", ["created_at__year", "created_at__month", "created_at__gte"])
def test_so_does_a_bad_date(browser, name, value):
    address = f"{changelist(TrackedSession)}?{name}={value}"
    assert browser.get(address, follow=True).status_code in {200, 400}


def test_every_model_of_ours_is_looked_through():
    """A new model must state which of its columns are secret, if any."""
    apps_of_ours = (apps.get_app_config(name) for name in ("accounts", "sessions_admin"))
    names = {model.__name__ for app in apps_of_ours for model in app.get_models()}
    assert names == {
        *("User", "Account", "Membership", "Allowance"),
        *("TrackedSession", "Termination", "Export"),
    }

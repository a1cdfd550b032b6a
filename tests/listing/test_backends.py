"""The list asks the authentication backend whether a person may be signed in, as requests do."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import AllowAllUsersModelBackend, BaseBackend, ModelBackend

from accounts.models import User
from sessions_admin import auth_backends, liveness
from sessions_admin.models import Termination, TrackedSession
from tests.hosts.other_backend import BadgeBackend
from tests.support.browsing import LIST, Browser, listed
from tests.support.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

ALLOW_ALL = "django.contrib.auth.backends.AllowAllUsersModelBackend"


class LookUpBackend(BaseBackend):
    """As in Django's documentation: ``get_user`` is a simple query."""

    def authenticate(self, request, username=None, password=None, **more):
        user = User.objects.filter(email=username or "").first()
        return user if user and user.check_password(password) else None

    def get_user(self, user_id):
        return User.objects.filter(pk=user_id).first()


class SuspendedBackend(ModelBackend):
    """Refuses suspended people, about whom the database knows nothing."""

    suspended: set[int] = set()

    def get_user(self, user_id):
        return None if user_id in self.suspended else super().get_user(user_id)


class FailingBackend(ModelBackend):
    """Raises an error for one person."""

    failing: set[int] = set()

    def get_user(self, user_id):
        if user_id in self.failing:
            raise RuntimeError("the directory has two of them")
        return super().get_user(user_id)


@pytest.fixture
def ana():
    return MembershipFactory(user__name="Ana Novak").user


def use(settings, backend):
    path = backend if isinstance(backend, str) else f"{__name__}.{backend.__name__}"
    settings.AUTHENTICATION_BACKENDS = ["accounts.guessing.Gate", path]


def is_listed(admin, browser):
    row = TrackedSession.objects.filter(session_key=browser.key).first()
    return row is not None and str(row.public_id) in listed(admin)


@pytest.mark.parametrize("backend", [ALLOW_ALL, LookUpBackend])
@pytest.mark.parametrize("way", ["saved", "updated"])
def test_deactivated_user_who_stays_signed_in_is_listed_and_ended(settings, ana, backend, way):
    use(settings, backend)
    browser, admin = Browser().sign_in(ana), Browser().sign_in(UserFactory(is_superuser=True))
    if way == "saved":
        ana.is_active = False
        ana.save()
    else:
        User.objects.filter(pk=ana.pk).update(is_active=False)
    assert browser.is_signed_in()
    assert is_listed(admin, browser)

    admin.post(LIST + "terminate-all/", {"keep_current": "on"})
    assert Termination.objects.get().ended == 1
    assert not browser.is_signed_in()


@pytest.mark.parametrize("way", ["saved", "updated"])
def test_django_s_own_backend_refuses_and_nothing_is_listed(ana, way):
    browser, admin = Browser().sign_in(ana), Browser().sign_in(UserFactory(is_superuser=True))
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert not is_listed(admin, browser)
    assert not browser.is_signed_in()


def test_backend_that_refuses_for_its_own_reasons(settings, ana, monkeypatch):
    use(settings, SuspendedBackend)
    browser, admin = Browser().sign_in(ana), Browser().sign_in(UserFactory(is_superuser=True))
    assert is_listed(admin, browser)
    monkeypatch.setattr(SuspendedBackend, "suspended", {ana.pk})
    assert not is_listed(admin, browser)
    assert not browser.is_signed_in()


def test_default_manager_that_hides_people(settings, ana, monkeypatch):
    class Undeleted(type(User._default_manager)):
        def get_queryset(self):
            return super().get_queryset().exclude(name="Ana Novak")

    browser, admin = Browser().sign_in(ana), Browser().sign_in(UserFactory(is_superuser=True))
    other = Browser().sign_in(MembershipFactory().user)
    assert is_listed(admin, browser)
    manager = Undeleted()
    manager.model, manager.name = get_user_model(), "objects"
    monkeypatch.setitem(User._meta.__dict__, "default_manager", manager)
    assert User._default_manager is manager
    assert not is_listed(admin, browser)
    assert is_listed(admin, other)
    assert not browser.is_signed_in()


def test_backend_that_fails_for_one_fails_for_nobody_else(settings, ana, monkeypatch, caplog):
    use(settings, FailingBackend)
    browser, admin = Browser().sign_in(ana), Browser().sign_in(UserFactory(is_superuser=True))
    other = Browser().sign_in(MembershipFactory().user)
    monkeypatch.setattr(FailingBackend, "failing", {ana.pk})
    row = TrackedSession.objects.select_related("user").get(session_key=browser.key)
    assert is_listed(admin, other)
    assert not is_listed(admin, browser)
    assert str(row.public_id) in caplog.text
    # The error may be temporary, so the sweep leaves the session alone.
    assert liveness.verdicts([row]) == {}
    admin.post(LIST + "terminate-all/", {"keep_current": "on"})
    assert not TrackedSession.objects.filter(user=ana, ended_at=None).exists()


def test_a_page_asks_django_s_own_backend_nothing_and_others_once_a_person(
    settings, ana, django_assert_num_queries
):
    for _ in range(5):
        Browser().sign_in(ana)
    rows = list(TrackedSession.objects.for_liveness())
    with django_assert_num_queries(1):
        assert len(liveness.signed_in(rows)) == 5
    use(settings, LookUpBackend)
    Browser().sign_in(ana)
    for _ in range(5):
        Browser().sign_in(ana)
    rows = list(TrackedSession.objects.for_liveness().order_by("-pk")[:5])
    with django_assert_num_queries(2):
        assert len(liveness.signed_in(rows)) == 5


class Renamed(ModelBackend):
    """Changes how people sign in, but not who may be signed in."""

    def authenticate(self, request, **credentials):
        return super().authenticate(request, **credentials)


class MayAnyway(ModelBackend):
    def user_can_authenticate(self, user):
        return True


@pytest.mark.parametrize(
    ("backend", "refuses"),
    [
        (ModelBackend, True),
        (Renamed, True),
        (BaseBackend, True),
        (AllowAllUsersModelBackend, False),
        (MayAnyway, False),
        (LookUpBackend, False),
        (SuspendedBackend, False),
        (BadgeBackend, False),
    ],
)
def test_sql_leaves_out_only_whom_every_backend_refuses(settings, backend, refuses):
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        f"{backend.__module__}.{backend.__qualname__}",
    ]
    assert auth_backends.refuse_inactive() is refuses
    assert ("is_active" in str(TrackedSession.objects.active().query)) is refuses

"""Terminate and Terminate all: the confirmation, the effect, and the message."""

from __future__ import annotations

import re
import uuid

import pytest
from django.contrib.messages import get_messages
from django.db import DatabaseError

from sessions_admin import engines
from sessions_admin.models import Termination
from tests.support.browsing import (
    IPHONE,
    LIST,
    TERMINATE_ALL,
    Browser,
    listed,
    row,
    terminate_url,
    text,
)
from tests.support.factories import person

pytestmark = pytest.mark.django_db


def said(answer):
    return [str(message) for message in get_messages(answer.wsgi_request)]


class TestTerminate:
    def test_confirmation_names_person_device_and_location_and_changes_nothing(self, admin, mia):
        shown = text(admin.get(terminate_url(row(mia))))
        for fact in ("Mia Member", "iPhone", "Safari 17", "Unknown location", "2001:db8::5"):
            assert fact in shown
        assert mia.is_signed_in()

    def test_ends_it_immediately_and_says_what_happened(self, admin, mia):
        session = row(mia)
        answer = admin.post(terminate_url(session), follow=True)

        assert not mia.is_signed_in()
        assert str(session.public_id) not in listed(admin)
        assert "Signed out Mia Member from Safari on iPhone." in text(answer)
        assert Termination.objects.get().ended == 1

    def test_already_gone_says_so(self, admin, mia):
        session = row(mia)
        mia.post("/accounts/logout/")
        for answer in (
            admin.get(terminate_url(session), follow=True),
            admin.post(terminate_url(session), follow=True),
        ):
            assert answer.status_code == 200
            assert "had already ended" in text(answer)

    def test_gone_from_the_store_says_so(self, admin, mia):
        session = row(mia)
        engines.current().delete_many([mia.key])
        answer = admin.post(terminate_url(session), follow=True)
        assert "had already ended" in text(answer)

    def test_own_session_signs_out_and_says_why(self, admin):
        session = row(admin)
        assert "This is your current session." in text(admin.get(terminate_url(session)))
        answer = admin.post(terminate_url(session) + "?q=ada", follow=True)

        assert answer.redirect_chain[0][0].startswith("/accounts/login/?next=")
        assert "You've been signed out." in text(answer)
        assert not admin.is_signed_in()

    def test_unknown_and_malformed_ids_are_404(self, admin):
        assert admin.post(f"{LIST}{uuid.uuid4()}/terminate/").status_code == 404
        assert admin.post(f"{LIST}{uuid.uuid4()}x/terminate/").status_code == 404
        assert admin.get(f"{LIST}1/terminate/").status_code == 404

    def test_foreign_id_is_404_and_lives_on(self, globex, admin):
        other = Browser().sign_in(person(globex, "Gus Globex"))
        for method in (admin.get, admin.post):
            assert method(terminate_url(row(other))).status_code == 404
        assert other.is_signed_in()

    def test_without_csrf_token_403(self, acme, mia):
        careful = Browser(enforce_csrf_checks=True)
        careful.force_login(person(acme, "Ada Admin", "admin"))
        for address in (terminate_url(row(mia)), TERMINATE_ALL):
            assert careful.post(address).status_code == 403
        assert mia.is_signed_in()

    def test_signed_out_poster_ends_nothing(self, mia):
        answer = Browser().post(terminate_url(row(mia)))
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
        assert mia.is_signed_in()

    def test_failure_is_reported_and_can_be_tried_again(self, admin, mia, monkeypatch):
        session = row(mia)

        def broken(*args):
            raise DatabaseError("the store is away")

        with monkeypatch.context() as patch:
            patch.setattr(engines.database.DatabaseEngine, "delete_many", broken)
            answer = admin.post(terminate_url(session), follow=True)
        assert "1 session could not be terminated" in text(answer)
        assert str(session.public_id) in listed(admin)
        assert mia.is_signed_in()
        admin.post(terminate_url(session))
        assert not mia.is_signed_in()


class TestTerminateAll:
    def test_confirmation_says_which_and_how_many(self, admin, mia):
        shown = text(admin.get(TERMINATE_ALL))
        for fact in ("2", "Acme", "Mia Member", "Keep me signed in here"):
            assert fact in shown
        assert mia.is_signed_in()

    def test_ends_everything_ones_own_included(self, admin, mia, globex):
        other = Browser().sign_in(person(globex, "Gus Globex"))
        answer = admin.post(TERMINATE_ALL, follow=True)

        assert not mia.is_signed_in()
        assert not admin.is_signed_in()
        assert other.is_signed_in()
        assert "2 sessions terminated. You've been signed out." in text(answer)
        assert answer.redirect_chain[0][0].startswith("/accounts/login/")

    def test_keeps_this_session_when_asked_to(self, admin, mia):
        second = Browser().sign_in(row(admin).user)
        answer = admin.post(TERMINATE_ALL, {"keep_current": "on"}, follow=True)

        assert admin.is_signed_in()
        assert not second.is_signed_in()
        assert not mia.is_signed_in()
        assert "2 sessions terminated." in text(answer)
        assert listed(admin) == [str(row(admin).public_id)]

    def test_ends_what_matches_the_filters_and_nothing_else(self, acme, admin, mia):
        bo = Browser().sign_in(person(acme, "Bo Berg"))
        label = admin.get(LIST + "?q=berg").context["terminate_all_label"]
        assert label == "Terminate this session"
        admin.post(TERMINATE_ALL + "?q=berg")

        assert not bo.is_signed_in()
        assert mia.is_signed_in()
        assert admin.is_signed_in()
        assert Termination.objects.get().filters["q"] == "berg"

    def test_nothing_to_end(self, admin):
        answer = admin.get(TERMINATE_ALL + "?q=nobody")
        assert answer.status_code == 200
        assert "<button" not in answer.content.decode().partition("<main")[2]


def test_ones_own_sessions_are_listed_with_the_comma_of_the_language(admin):
    Browser(IPHONE).sign_in(row(admin).user)
    admin.cookies["django_language"] = "ar"
    question = admin.get(TERMINATE_ALL).content.decode()
    own = re.sub(r"\s+", " ", question.partition("sa-points")[2].partition("</ul>")[0])
    assert "\u2069، \u2067" in own

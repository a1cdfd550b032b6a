"""Terminating what has ended meanwhile: the message, the entry and the exports say the same."""

from __future__ import annotations

import csv
import io
import json
import uuid

import pytest

from sessions_admin import engines
from sessions_admin.models import Termination, TrackedSession
from tests.support.browsing import (
    IPHONE,
    LIST,
    TERMINATE_ALL,
    WINDOWS,
    Browser,
    counts,
    row,
    terminate_url,
    text,
)
from tests.support.factories import UserFactory, person

pytestmark = pytest.mark.django_db

SELECTED = LIST + "terminate-selected/"
LOG = LIST + "termination-log/"
ALL_OVER = "Nothing was terminated, because all 2 sessions had already ended."
ONE_OVER = "Nothing was terminated, because the session had already ended."
NONE_ACTIVE = "Nothing was terminated, because no matching session was still active."


@pytest.fixture
def petra(acme):
    """Two browsers of a member of Acme."""
    user = person(acme, "Petra Zupan")
    return [Browser(agent, ip="10.0.0.7").sign_in(user) for agent in (WINDOWS, IPHONE)]


@pytest.fixture
def bo(acme):
    return Browser().sign_in(person(acme, "Bo Berg"))


def sign_out(*browsers):
    for browser in browsers:
        browser.post("/accounts/logout/")


def ends():
    """How each session has ended, by its public id."""
    found = TrackedSession.objects.over()
    return {each.public_id: (each.end_reason, each.termination_id) for each in found}


def confirmed(admin, sessions, meanwhile=lambda: None, **given):
    """Select these sessions and confirm, after what happens while the question is open."""
    question = admin.get(SELECTED, {"session": [each.public_id for each in sessions]})
    meanwhile()
    form = {"submission": question.context["submission"], **given}
    return admin.post(question.context["terminate_url"], form, follow=True)


def entry_page(admin, termination):
    return admin.get(f"{LOG}{termination.public_id}/")


def exported(admin):
    """The numbers of the log's only entry in CSV and in JSON Lines."""
    answers = [admin.post(LOG + "export/", {"format": each}) for each in ("csv", "jsonl")]
    as_csv, as_json = (b"".join(each.streaming_content).decode("utf-8-sig") for each in answers)
    (line,), found = csv.DictReader(io.StringIO(as_csv)), json.loads(as_json)
    names = ("Requested", "Terminated", "Already ended", "Failed")
    assert [int(line[each]) for each in names] == [
        found[each] for each in ("requested", "terminated", "already_ended", "failed")
    ]
    assert (line["Action"], line["Result"]) == (found["action"], found["result"])
    return *(int(line[each]) for each in names), found["action"], found["result"]


class TestSelected:
    def test_all_had_ended(self, admin, petra):
        sessions = [row(each) for each in petra]
        answer = confirmed(admin, sessions, lambda: sign_out(*petra))

        termination = Termination.objects.get()
        assert counts(termination) == (2, 0, 2, 0)
        assert termination.account_ids == [sessions[0].account_id]
        assert f"{ALL_OVER} View log entry" in text(answer)
        log = text(admin.get(LOG))
        assert "Terminated 2 selected sessions" in log
        assert "2 had already ended" in log
        page = entry_page(admin, termination)
        assert ALL_OVER in text(page)
        assert {each["session"].public_id for each in page.context["over"]} == {
            each.public_id for each in sessions
        }
        assert text(page).count("Petra Zupan") == 2
        for each in sessions:
            assert f"{LIST}{each.public_id}/?of=login_records" in page.content.decode()
        said = ("Terminated 2 selected sessions", "2 had already ended")
        assert exported(admin) == (2, 0, 2, 0, *said)

    def test_some_had_ended(self, admin, petra, bo):
        sessions = [row(each) for each in (*petra, bo)]
        answer = confirmed(admin, sessions, lambda: sign_out(bo))

        termination = Termination.objects.get()
        assert counts(termination) == (3, 2, 1, 0)
        assert "2 sessions terminated. 1 had already ended. View log entry" in text(answer)
        page = entry_page(admin, termination)
        for fact in ("Terminated 3 selected sessions", "Requested 3", "Already ended 1"):
            assert fact in text(page)
        assert [each["session"].user_name for each in page.context["over"]] == ["Bo Berg"]
        assert len(page.context["rows"]) == 2
        said = ("Terminated 3 selected sessions", "2 terminated, 1 had already ended")
        assert exported(admin) == (3, 2, 1, 0, *said)

    def test_what_had_ended_keeps_its_end(self, acme, admin, petra, bo):
        other = Browser().sign_in(person(acme, "Otto Other", "admin"))
        sessions = [row(each) for each in (*petra, bo)]
        sign_out(petra[0])
        other.post(terminate_url(sessions[1]))
        before = ends()
        confirmed(admin, sessions)

        latest = Termination.objects.first()
        assert counts(latest) == (3, 1, 2, 0)
        assert ends() == before | {sessions[2].public_id: ("terminated", latest.pk)}
        assert {
            each["session"].public_id for each in entry_page(admin, latest).context["over"]
        } == {each.public_id for each in sessions[:2]}

    def test_lost_by_the_store_and_ended_count_alike(self, admin, petra):
        sessions = [row(each) for each in petra]
        engines.current().delete_many([petra[0].key])
        sign_out(petra[1])
        assert ALL_OVER in text(confirmed(admin, sessions))
        assert counts(Termination.objects.get()) == (2, 0, 2, 0)

    def test_a_store_that_is_away_has_not_failed_with_what_had_ended(
        self, admin, petra, bo, monkeypatch
    ):
        sessions = [row(each) for each in (*petra, bo)]
        sign_out(petra[0])

        def away(self, keys):
            raise ConnectionError

        with monkeypatch.context() as patch:
            patch.setattr(type(engines.current()), "delete_many", away)
            answer = confirmed(admin, sessions)
        termination = Termination.objects.get()
        assert counts(termination) == (3, 0, 1, 2)
        assert "1 had already ended. 2 sessions could not be terminated" in text(answer)
        # What ended later had not ended before.
        sign_out(bo)
        found = entry_page(admin, termination).context["over"]
        assert [each["session"].public_id for each in found] == [sessions[0].public_id]

    def test_submitted_twice_counts_once(self, admin, petra):
        sessions = [row(each) for each in petra]
        question = admin.get(SELECTED, {"session": [each.public_id for each in sessions]})
        sign_out(*petra)
        form = {"submission": question.context["submission"]}
        for _ in range(2):
            answer = admin.post(question.context["terminate_url"], form, follow=True)
            assert ALL_OVER in text(answer)
        assert counts(Termination.objects.get()) == (2, 0, 2, 0)

    def test_ones_own_that_is_kept_was_not_asked_for(self, admin, petra):
        sessions = [row(admin), *(row(each) for each in petra)]
        confirmed(admin, sessions, lambda: sign_out(petra[0]), keep_current="on")
        termination = Termination.objects.get()
        assert counts(termination) == (2, 1, 1, 0)
        assert termination.scope == "Terminated 2 selected sessions"
        assert admin.is_signed_in()

        answer = confirmed(admin, sessions[:1], keep_current="on")
        assert "Nothing to terminate" in text(answer)
        assert Termination.objects.count() == 1
        assert admin.is_signed_in()

    def test_what_is_out_of_scope_or_of_nothing_is_not_told_apart(self, globex, admin, petra):
        gus = Browser().sign_in(person(globex, "Gus Globex"))
        foreign = row(gus)
        left = Browser().sign_in(person(globex, "Lea Left"))
        ended = row(left)
        sign_out(left, petra[0])
        own = TrackedSession.objects.over().get(user__name="Petra Zupan")
        answers = []
        for unknown in (foreign.public_id, ended.public_id, uuid.uuid4()):
            answer = admin.post(SELECTED, {"session": unknown}, follow=True)
            answers.append((answer.redirect_chain, "Nothing to terminate" in text(answer)))
        assert answers == [([(LIST, 302)], True)] * 3
        assert not Termination.objects.exists()
        for unknown in (foreign.public_id, ended.public_id, uuid.uuid4()):
            admin.post(SELECTED, {"session": [own.public_id, unknown]})
            termination = Termination.objects.first()
            assert counts(termination) == (1, 0, 1, 0)
            assert termination.account_ids == [own.account_id]
            assert str(unknown) not in str(termination.action)
        assert gus.is_signed_in()

    @pytest.mark.parametrize("given", [{}, {"session": ["x", ""]}])
    def test_nothing_selected_is_an_error_and_no_entry(self, admin, petra, given):
        answer = admin.post(SELECTED, given)
        assert answer.status_code == 400
        assert "Select at least one session." in text(answer)
        assert not Termination.objects.exists()
        assert petra[0].is_signed_in()


class TestOne:
    def test_had_ended(self, admin, bo):
        session = row(bo)
        sign_out(bo)
        before = ends()
        answer = admin.post(terminate_url(session), follow=True)

        assert "Bo Berg's session had already ended." in text(answer)
        termination = Termination.objects.get()
        assert counts(termination) == (1, 0, 1, 0)
        assert ends() == before
        page = entry_page(admin, termination)
        assert ONE_OVER in text(page)
        assert f"{LIST}{session.public_id}/?of=login_records" in page.content.decode()
        assert exported(admin)[:4] == (1, 0, 1, 0)

    def test_selected_alone(self, admin, bo):
        session = row(bo)
        sign_out(bo)
        assert ONE_OVER in text(admin.post(SELECTED, {"session": session.public_id}, follow=True))
        assert counts(Termination.objects.get()) == (1, 0, 1, 0)


class TestAll:
    @pytest.mark.parametrize("query", ["?q=petra", "?user={user}", "?q=petra&application=web"])
    def test_nothing_matches_any_more(self, admin, petra, query):
        query = query.format(user=row(petra[0]).user_id)
        question = admin.get(TERMINATE_ALL + query)
        sign_out(*petra)
        before = ends()
        answer = admin.post(question.context["terminate_url"], follow=True)

        termination = Termination.objects.get()
        assert f"{NONE_ACTIVE} View log entry" in text(answer)
        assert "0 sessions" not in text(answer)
        assert NONE_ACTIVE in text(entry_page(admin, termination))
        assert exported(admin)[-1] == "Nothing to terminate"
        assert "etra" in termination.scope
        assert ends() == before

    def test_the_entry_names_the_person_and_the_account_that_it_was_for(self, petra):
        session = row(petra[0])
        sign_out(*petra)
        olga = Browser().sign_in(UserFactory(is_superuser=True, name="Olga Operator"))
        olga.post(f"{TERMINATE_ALL}?user={session.user_id}&account={session.account_id}")
        termination = Termination.objects.get()
        assert counts(termination) == (0, 0, 0, 0)
        said = f"Terminated the sessions that match User “{session.user_label}”, in Acme"
        assert termination.scope == said
        assert entry_page(olga, termination).context["filter_lines"] == [
            ("Account", "Acme"),
            ("User", session.user_label),
        ]

    def test_whom_the_admin_may_not_see_stays_a_number(self, globex, admin):
        gus = Browser().sign_in(person(globex, "Gus Globex"))
        user = row(gus).user_id
        sign_out(gus)
        admin.post(f"{TERMINATE_ALL}?user={user}")
        assert f"User “{user}”" in Termination.objects.get().scope


class TestWhoReadsIt:
    def test_the_other_admins_of_the_account(self, acme, globex, admin, petra):
        confirmed(admin, [row(each) for each in petra], lambda: sign_out(*petra))
        termination = Termination.objects.get()
        lena = Browser().sign_in(person(acme, "Lena Admin", "admin"))
        assert len(entry_page(lena, termination).context["over"]) == 2
        stranger = Browser().sign_in(person(globex, "Sven Stranger", "owner"))
        assert entry_page(stranger, termination).status_code == 404

    def test_of_a_part_nothing_is_said(self, acme, globex, petra):
        olga = Browser().sign_in(UserFactory(is_superuser=True, name="Olga Operator"))
        gus, ula = (Browser().sign_in(person(globex, each)) for each in ("Gus", "Ula"))
        confirmed(olga, [row(each) for each in (*petra, gus, ula)], lambda: sign_out(gus, petra[0]))
        termination = Termination.objects.get()
        assert counts(termination) == (4, 2, 2, 0)
        lena = Browser().sign_in(person(acme, "Lena Admin", "admin"))
        page = entry_page(lena, termination)
        assert list(page.context["over"]) == []
        assert "Gus" not in text(page)

    def test_an_entry_that_names_none_has_no_list(self, admin, petra):
        """An older one, or one that is damaged."""
        confirmed(admin, [row(each) for each in petra], lambda: sign_out(*petra))
        for action in ({}, [7], {"kind": "selected", "facts": {"n": 2}}):
            Termination.objects.update(action=action)
            page = entry_page(admin, Termination.objects.get())
            assert page.context["over"] == []
            assert ALL_OVER in text(page)

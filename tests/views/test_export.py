"""Exports: the rows of the page, in the reader's scope, after a proof, and on record."""

from __future__ import annotations

import csv
import io
import json
import re
from urllib.parse import urlencode

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import DatabaseError
from django.test import AsyncClient
from django.utils import timezone

from accounts.models import Account, Membership, User
from sessions_admin import engines
from sessions_admin.listing import export as exporting
from sessions_admin.models import Export, Termination, TrackedSession
from sessions_admin.termination import terminate
from sessions_admin.views import export as views
from tests.support.browsing import IPHONE, LIST, Browser, grown_old, listed, row, text
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory, person

pytestmark = pytest.mark.django_db

EXPORT = LIST + "export/"
LOG = LIST + "termination-log/"
EXPORT_LOG = LOG + "export/"
RECORDS = LIST + "login-records/"
EXPORT_RECORDS = RECORDS + "export/"
EXPORTS = LOG + "exports/"


@pytest.fixture
def ada(acme):
    return person(acme, "Ada Admin", "admin")


@pytest.fixture
def admin(ada):
    return Browser(ip="10.0.0.1").sign_in(ada)


@pytest.fixture
def crowd(acme, globex):
    """Four people signed in, two in each account."""
    for account, name, agent in (
        (acme, "Mia Member", IPHONE),
        (acme, "Bo Berg", ""),
        (globex, "Gus Globex", IPHONE),
        (globex, "Gil Globex", ""),
    ):
        Browser(agent, ip="10.0.0.5").sign_in(person(account, name))


def acme_owner(acme):
    return person(acme, "Olaf Owner", "owner")


def download(browser, address=EXPORT, file_format="jsonl"):
    answer = browser.post(address, {"format": file_format})
    assert answer.status_code == 200, answer
    return answer.getvalue().decode()


def objects(browser, address=EXPORT):
    return [json.loads(line) for line in download(browser, address).splitlines()]


def hang_up(answer):
    """Do what a server does when the client is gone. (Closing all would close the database.)"""
    for close in answer._resource_closers:
        close()


def rows_of_csv(text):
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


class TestItIsWhatThePageShows:
    @pytest.mark.parametrize(
        "query",
        [
            "",
            *("?q=mia", "?q=iphone", "?q=nobody", "?q=globex", "?country=AT"),
            *("?account={acme}", "?user={mia}", "?application=odd", "?flag=odd"),
            "?flag=idle&flag=far",
        ],
    )
    @pytest.mark.parametrize("kind", ["admin", "operator", "elsewhere"])
    def test_of_the_list(self, admin, crowd, acme, globex, query, kind):
        mia = User.objects.get(name="Mia Member")
        query = query.format(acme=acme.pk, mia=mia.pk)
        browser = admin
        if kind == "operator":
            browser = Browser().sign_in(UserFactory(is_superuser=True))
        elif kind == "elsewhere":
            browser = Browser().sign_in(person(globex, "Gina Globex", "admin"))
        shown = browser.get(LIST + query).context["rows"]
        exported = objects(browser, EXPORT + query)
        assert [each["session"] for each in exported] == listed(browser, query)
        for seen, found in zip(shown, exported, strict=True):
            account = found["account"] or "\N{EN DASH}No account"
            said = re.sub(r"<[^>]+>", "", f"{seen.name} {seen.account} {seen.location}")
            assert f"{found['user']} {account} " in said
            assert found["location"] in said
            assert seen.created_iso == found["created_on"]
        as_csv = rows_of_csv(download(browser, EXPORT + query, "csv"))
        assert [each["Session ID"] for each in as_csv] == listed(browser, query)

    @pytest.mark.parametrize(
        "query",
        [
            *("", "?q=mia", "?status=active", "?status=signed_out", "?status=odd"),
            *("?method=password", "?method=sso", "?within=24h", "?to=2020-01-01", "?flag=many"),
            "?account={acme}&status=terminated",
        ],
    )
    def test_of_the_login_records(self, admin, crowd, acme, query):
        left = Browser(IPHONE, ip="10.0.0.6").sign_in(person(acme, "Lea Left"))
        left.post("/accounts/logout/")
        bo = TrackedSession.objects.filter(user__name="Bo Berg")
        terminate(bo, actor=acme_owner(acme), scope="Bo")
        query = query.format(acme=acme.pk)
        shown = admin.get(RECORDS + query).context["records"]
        exported = objects(admin, EXPORT_RECORDS + query)
        assert [each["session"] for each in exported] == [r.row.public_id for r in shown]
        assert [each["status"] for each in exported] == [r.status.text for r in shown]
        assert [each["sign_in_method"] for each in exported] == [r.method for r in shown]
        as_csv = rows_of_csv(download(admin, EXPORT_RECORDS + query, "csv"))
        assert len(as_csv) == len(shown)

    def test_who_ended_an_admin_elsewhere_is_not_in_the_records(self, admin, ada, globex):
        """Only the other account may know; its name is not exported either."""
        Membership.objects.create(user=ada, account=globex, role="member")
        row = TrackedSession.objects.get(user=ada)
        TrackedSession.objects.filter(pk=row.pk).update(account_id=str(globex.pk))
        other = person(globex, "Gina Globex", "owner")
        olga = Browser().sign_in(UserFactory(is_superuser=True))
        away = Browser(IPHONE).sign_in(ada)
        session = TrackedSession.objects.get(session_key=away.key)
        TrackedSession.objects.filter(pk=session.pk).update(
            account_id=str(globex.pk), account_name="Globex"
        )
        gone = TrackedSession.objects.filter(pk=session.pk)
        terminate(gone, actor=other, scope="Ada", accounts=[str(globex.pk)])
        assert "Gina Globex" in download(olga, EXPORT_RECORDS)
        TrackedSession.objects.filter(pk=row.pk).update(account_id=row.account_id)
        assert "Gina Globex" not in download(admin, EXPORT_RECORDS)
        assert "Gina Globex" not in admin.get(RECORDS).content.decode()

    def test_more_than_a_chunk_and_without_those_that_are_over(
        self, admin, crowd, monkeypatch, settings
    ):
        monkeypatch.setattr(exporting, "CHUNK", 2)
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 100}
        browser = Browser().sign_in(UserFactory(is_superuser=True))
        over = row(Browser().sign_in(UserFactory(name="Over Tomorrow")))
        engines.current().delete_many([over.session_key])
        found = [each["session"] for each in objects(browser)]
        assert len(found) == 6
        assert found == listed(browser)
        assert str(over.public_id) not in found

    @pytest.mark.parametrize(
        "query", ["", "?q=mia", "?result=nothing", "?q=lost&within=7d", "?result=x"]
    )
    @pytest.mark.parametrize("kind", ["admin", "operator"])
    def test_of_the_log(self, admin, ada, acme, crowd, query, kind):
        operator = UserFactory(is_superuser=True, name="Olga Operator")
        for name, reason in (("Mia Member", "A lost phone"), ("Gus Globex", "")):
            rows = TrackedSession.objects.filter(user__name=name)
            terminate(rows, actor=operator, scope=f"Terminated {name}", reason=reason)
        Termination.objects.create(
            actor=ada, actor_label="Ada", scope="All", account_ids=[str(acme.pk)], already_gone=1
        )
        browser = admin if kind == "admin" else Browser().sign_in(operator)
        entries = browser.get(LOG + query).context["entries"]
        exported = objects(browser, EXPORT_LOG + query)
        found = [(e["entry"], e["action"], e["result"], e["reason"]) for e in exported]
        shown = [(str(e.termination.public_id), e.scope, e.result, e.reason) for e in entries]
        assert found == shown
        assert [e["admin"] for e in exported] == [e.termination.actor_label for e in entries]
        if kind == "admin":
            assert "Gus" not in str(exported)
            assert "lost phone" not in str(exported)
            assert all(e["failed"] is None for e in exported if e["admin"] != "Ada")

    def test_another_accounts_name_stays_hidden(self, acme, globex, ada, admin):
        MembershipFactory(user=ada, account=globex, last_chosen_at=timezone.now())
        elsewhere = row(Browser().sign_in(ada))
        assert elsewhere.account_name == "Globex"
        found = {each["session"]: each["account"] for each in objects(admin)}
        assert found[str(elsewhere.public_id)] == "Another account"

    def test_in_the_language_and_the_time_zone_of_the_reader(self, admin, crowd):
        admin.cookies["django_language"] = "de"
        answer = admin.post(EXPORT, {"format": "csv"}, headers={"Accept-Language": "de"})
        assert "Benutzer" in answer.getvalue().decode().splitlines()[0]

    def test_the_file(self, admin, crowd):
        day = timezone.localdate()
        for address, name in ((EXPORT, "active-user-sessions"), (EXPORT_LOG, "termination-log")):
            for file_format, kind in (("csv", "text/csv"), ("jsonl", "application/jsonl")):
                answer = admin.post(address, {"format": file_format})
                assert answer.streaming
                assert answer["Content-Type"] == f"{kind}; charset=utf-8"
                said = answer["Content-Disposition"]
                assert said == f'attachment; filename="{name}-{day}.{file_format}"'
                assert "no-store" in answer["Cache-Control"]
                hang_up(answer)

    def test_no_key_leaves(self, admin, crowd):
        keys = set(TrackedSession.objects.values_list("session_key", flat=True))
        digests = set(TrackedSession.objects.values_list("key_digest", flat=True))
        text = download(admin, EXPORT, "csv") + download(admin, EXPORT, "jsonl")
        assert not [secret for secret in keys | digests if secret and secret in text]


class TestProof:
    @pytest.mark.parametrize("address", [EXPORT, EXPORT_LOG])
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_asks_first_and_comes_back_with_the_filters(self, admin, crowd, address, method):
        grown_old(admin)
        query = "?q=mia&sort=oldest" if address == EXPORT else "?q=mia&within=7d"
        fields = {"format": "csv"} if method == "post" else {}
        answer = getattr(admin, method)(address + query, fields)
        assert answer.status_code == 302
        next_page = urlencode({"next": address + query})
        assert answer["Location"] == f"{LIST}confirm-password/?{next_page}"
        assert not Export.objects.exists()
        back = admin.post(answer["Location"], {"password": PASSWORD})
        assert back["Location"].startswith(address + "?q=mia")
        page = admin.get(back["Location"])
        assert ("Search", "mia") in page.context["filter_lines"]
        assert download(admin, back["Location"], "csv")

    def test_cancelling_leads_to_the_list_as_it_was(self, admin):
        grown_old(admin)
        question = admin.get(admin.get(f"{EXPORT}?q=mia")["Location"])
        assert question.context["cancel_url"] == f"{LIST}?q=mia"

    def test_without_a_token(self, ada):
        strict = Browser(enforce_csrf_checks=True)
        page = strict.get("/accounts/login/")
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[1]
        fields = {"username": ada.email, "password": PASSWORD, "csrfmiddlewaretoken": token}
        strict.post("/accounts/login/", fields)
        assert strict.post(EXPORT, {"format": "csv"}).status_code == 403
        assert not Export.objects.exists()


@pytest.mark.parametrize("address", [EXPORT, EXPORT_RECORDS, EXPORT_LOG])
def test_the_question_says_which_accounts_are_in_the_file(admin, address):
    operator = Browser().sign_in(UserFactory(is_superuser=True))
    assert "newest first, within the accounts you administer." in text(admin.get(address))
    assert "newest first, in every account." in text(operator.get(address))


class TestBadInput:
    @pytest.mark.parametrize("file_format", ["", "xlsx", "CSV", "\0", "csv; drop"])
    @pytest.mark.parametrize("address", [EXPORT, EXPORT_LOG])
    def test_an_unknown_format_is_asked_for_again(self, admin, address, file_format):
        answer = admin.post(address, {"format": file_format})
        assert answer.status_code == 400
        assert "Choose a format." in text(answer)
        assert not Export.objects.exists()

    @pytest.mark.parametrize("query", ["q=%00", "user=%FF", "flag=%00", "account=" + "x" * 5000])
    def test_wrong_filters_export_nothing_and_say_so(self, admin, crowd, query):
        assert admin.get(f"{EXPORT}?{query}").context["notices"]
        assert objects(admin, f"{EXPORT}?{query}") == []
        assert Export.objects.get().rows == 0

    def test_the_list_leads_there_with_its_filters(self, admin, crowd):
        body = admin.get(f"{LIST}?q=mia&sort=oldest").content.decode()
        assert f'href="{EXPORT}?q=mia&amp;sort=oldest"' in body
        body = admin.get(f"{LOG}?q=&within=7d").content.decode()
        assert f'href="{EXPORT_LOG}?within=7d"' in body


class TestRecord:
    def test_who_what_when_and_how_many(self, admin, ada, acme, crowd):
        download(admin, f"{EXPORT}?q=mia", "csv")
        record = Export.objects.get()
        assert record.actor == ada
        assert record.actor_label == f"Ada Admin ({ada.email})"
        assert (record.page, record.format, record.rows) == ("sessions", "csv", 1)
        assert record.account_ids == [str(acme.pk)]
        assert record.filters == {"q": "mia"}
        assert record.is_complete
        assert record.finished_at >= record.created_at
        said = text(admin.get(LOG))
        for part in ("Exports", "Active user sessions", "Search: mia", "1 row", "CSV"):
            assert part in said
        assert "1 row" in text(admin.get(EXPORTS))

    def test_the_log_too(self, admin, acme):
        download(admin, f"{EXPORT_LOG}?account={acme.pk}")
        record = Export.objects.get()
        kept = {"account": str(acme.pk), "account_name": "Acme"}
        assert (record.page, record.filters) == ("log", kept)

    def test_a_client_that_goes_away(self, admin, crowd, monkeypatch):
        monkeypatch.setattr(exporting, "CHUNK", 1)
        answer = admin.post(EXPORT, {"format": "csv"})
        next(answer.streaming_content)
        next(answer.streaming_content)
        hang_up(answer)
        record = Export.objects.get()
        assert record.rows == 2
        assert record.finished_at is not None
        assert not record.is_complete
        assert "2 rows, interrupted" in text(admin.get(LOG))

    def test_a_client_that_never_reads(self, admin, crowd):
        hang_up(admin.post(EXPORT, {"format": "csv"}))
        assert Export.objects.get().finished_at is not None

    def test_it_is_written_before_the_first_row_leaves(self, admin, crowd):
        answer = admin.post(EXPORT, {"format": "csv"})
        record = Export.objects.get()
        assert record.rows == 3
        assert record.finished_at is None
        assert "not finished" in text(admin.get(EXPORTS))
        hang_up(answer)

    def test_what_cannot_be_recorded_is_not_exported(self, admin, crowd, monkeypatch):
        monkeypatch.setattr(
            Export.objects, "create", lambda **fields: (_ for _ in ()).throw(DatabaseError("full"))
        )
        with pytest.raises(DatabaseError):
            admin.post(EXPORT, {"format": "csv"})

    def test_while_the_store_is_away(self, admin, crowd, monkeypatch):
        def away(keys):
            raise OSError("away")

        with monkeypatch.context() as patch:
            patch.setattr(engines.current(), "load_many", away, raising=False)
            answer = admin.post(f"{EXPORT}?q=mia", {"format": "csv"})
        assert answer.status_code == 302
        assert answer["Location"] == f"{LIST}?q=mia"
        assert not Export.objects.get().is_complete

    def test_nobody_changes_it(self, admin):
        for method in ("post", "put", "patch", "delete"):
            assert getattr(admin, method)(EXPORTS).status_code == 405


class TestWhoSeesTheRecord:
    def test_the_admins_of_the_account(self, acme, globex, admin, crowd):
        other = person(acme, "Al Admin", "owner")
        both = MembershipFactory(
            user=person(acme, "Bea Both", "admin"), account=globex, role="admin"
        ).user
        download(Browser().sign_in(both), f"{EXPORT}?q=gus")
        said = text(Browser().sign_in(other).get(EXPORTS))
        assert "Active user sessions of several accounts, including yours" in said
        assert "Bea Both" in said
        assert "gus" not in said
        assert "1 row" not in said
        assert "gus" in text(Browser().sign_in(both).get(EXPORTS))

    def test_not_those_of_another_account(self, globex, admin, crowd):
        download(admin)
        stranger = Browser().sign_in(person(globex, "Gina Globex", "admin"))
        assert "No exports yet" in text(stranger.get(EXPORTS))
        assert "Ada" not in text(stranger.get(LOG))

    def test_exports_of_all_accounts_are_for_those_who_see_all(self, admin, crowd):
        operator = Browser().sign_in(UserFactory(is_superuser=True, name="Olga Operator"))
        download(operator)
        assert "Olga" not in text(admin.get(EXPORTS))
        assert "Olga" in text(operator.get(EXPORTS))

    def test_they_page(self, admin, settings):
        settings.SESSIONS_ADMIN = settings.SESSIONS_ADMIN | {"PAGE_SIZE": 2}
        for n in range(5):
            download(admin, f"{EXPORT}?q=search{n}")
        page = admin.get(EXPORTS)
        older = admin.get(EXPORTS + page.context["older_url"])
        assert [line.export.filters["q"] for line in older.context["exports"]] == [
            "search2",
            "search1",
        ]
        assert "That page is gone" in text(admin.get(EXPORTS + "?after=x"))


class TestTheScopeOfEveryChunk:
    """What changes while a file is being sent counts for the rest of it."""

    @pytest.fixture
    def started(self, admin, crowd, monkeypatch):
        """A download of three sessions, one in each chunk, of which one has been sent."""
        monkeypatch.setattr(exporting, "CHUNK", 1)
        answer = admin.post(EXPORT, {"format": "jsonl"})
        assert next(answer.streaming_content)
        return answer

    @pytest.mark.parametrize("change", ["demoted", "deactivated", "plan", "signed out", "deleted"])
    def test_who_may_not_read_on_gets_no_more(self, started, admin, ada, acme, change):
        if change == "demoted":
            Membership.objects.filter(user=ada).update(role="member")
        elif change == "deactivated":
            User.objects.filter(pk=ada.pk).update(is_active=False)
        elif change == "plan":
            Account.objects.filter(pk=acme.pk).update(plan="starter")
        elif change == "signed out":
            terminate(TrackedSession.objects.filter(user=ada), actor=None, scope="x")
        else:
            ada.delete()
        with pytest.raises(views.StoppedError):
            next(started.streaming_content)
        hang_up(started)
        record = Export.objects.get()
        assert (record.rows, record.is_complete) == (1, False)

    def test_a_smaller_scope_is_a_smaller_file(self, acme, globex, crowd, monkeypatch):
        monkeypatch.setattr(exporting, "CHUNK", 1)
        both = MembershipFactory(
            user=person(acme, "Bea Both", "admin"), account=globex, role="admin"
        ).user
        answer = Browser().sign_in(both).post(EXPORT, {"format": "jsonl"})
        next(answer.streaming_content)
        Membership.objects.filter(user=both, account=globex).delete()
        rest = [json.loads(line)["account"] for line in answer.streaming_content]
        assert "Globex" not in rest
        assert "Acme" in rest


@pytest.mark.django_db(transaction=True)
def test_under_asgi_the_file_is_sent_in_steps(acme, ada, monkeypatch):
    """Django would otherwise read all of the file before it sends any of it."""
    for name in ("Mia", "Bo"):
        Browser().sign_in(person(acme, name))
    monkeypatch.setattr(exporting, "CHUNK", 1)
    browser = Browser(ip="10.0.0.1").sign_in(ada)
    client = AsyncClient()
    client.cookies = browser.cookies

    async def request(most):
        answer = await client.post(EXPORT, {"format": "jsonl"})
        assert answer.is_async
        parts = []
        async for part in answer.streaming_content:
            parts.append(part)
            if len(parts) == most:
                break
        await sync_to_async(hang_up)(answer)
        return parts

    parts = async_to_sync(request)(9)
    assert len(parts) == 3
    assert Export.objects.get().is_complete
    assert len(async_to_sync(request)(1)) == 1
    interrupted = Export.objects.get(is_complete=False)
    assert (interrupted.rows, bool(interrupted.finished_at)) == (1, True)

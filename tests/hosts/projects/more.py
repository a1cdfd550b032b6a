"""What is driven in some projects in addition to the story of all."""

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django_tenants.utils import tenant_context

from sessions_admin.models import TrackedSession

LOGIN = "/_allauth/app/v1/auth/login"
SESSION = "/_allauth/app/v1/auth/session"
ROWS = TrackedSession._meta.db_table


def tenant():
    """Create the shared tables, and a tenant with tables of its own."""
    call_command("migrate_schemas", shared=True, verbosity=0)
    # Not migrated, like all apps of the projects.
    with connection.schema_editor() as editor:
        for name in ("Customer", "Domain"):
            editor.create_model(apps.get_model("customers", name))
    for name, host in (("birch", settings.OTHER_HOST), ("acme", settings.HOST)):
        customers = apps.get_model("customers", "Customer").objects
        connection.set_schema_to_public()
        customer = customers.create(schema_name=name, name=name.title())
        customer.domains.create(domain=host, is_primary=True)
    call_command("migrate_schemas", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT schemaname FROM pg_tables WHERE tablename = %s", [ROWS])
        assert {schema for (schema,) in cursor} == {"acme", "birch"}
    connection.set_tenant(customer)


def another_tenant(browser, olga_name, ana_name):
    """People of the same names in another tenant: not listed, not ended, not let in."""
    acme = connection.tenant
    birch = apps.get_model("customers", "Customer").objects.get(schema_name="birch")
    people = get_user_model()._default_manager
    with tenant_context(birch):
        if not people.filter(username=ana_name):
            people.create_user(ana_name, "ana@birch.example", "secret")
    olga, ana, other = browser(), browser(), browser()
    other.client.defaults["HTTP_HOST"] = settings.OTHER_HOST
    for each, name in ((olga, olga_name), (ana, ana_name), (other, ana_name)):
        each.sign_in(name)
    with tenant_context(birch):
        theirs = open_rows(ana_name).get().public_id
    connection.set_tenant(acme)
    assert [row.public_id for row in open_rows(ana_name)] != [theirs]
    listed = olga.get(settings.LIST).content.decode()
    assert str(open_rows(ana_name).get().public_id) in listed
    assert str(theirs) not in listed
    assert olga.post(f"{settings.LIST}{theirs}/terminate/").status_code == 404
    olga.post(f"{settings.LIST}terminate-all/", {"keep_current": "on"})
    assert ana.who() == "nobody"
    assert other.who() == ana_name
    # The cookie of one tenant at the other.
    intruder = other.with_its_cookie()
    assert intruder.who() == "nobody"
    if settings.SESSION_ENGINE.endswith(".file"):
        # The tenants share the files: Django itself removes the session of somebody unknown here.
        other.sign_in(ana_name)
    assert other.who() == ana_name
    call_command("all_tenants_command", "sweep_sessions", verbosity=0)
    assert other.who() == ana_name
    other.post("/logout/")
    connection.set_tenant(acme)


def open_rows(name):
    people = get_user_model()._default_manager
    return TrackedSession.objects.filter(user=people.get_by_natural_key(name), ended_at=None)


def app_of_allauth(browser, olga_name, ana_name):
    """An app signs in with a token: listed, terminated, refused; and signs out."""
    data = {"username": ana_name, "password": "secret"}

    def sign_in():
        answer = browser().client.post(LOGIN, data, content_type="application/json")
        assert answer.status_code == 200, answer.content
        return answer.json()["meta"]["session_token"]

    def is_signed_in(token):
        return browser().get(SESSION, **{"X-Session-Token": token}).status_code == 200

    token = sign_in()
    assert is_signed_in(token)
    row = open_rows(ana_name).get()
    assert row.sign_in_method == "password"
    olga = browser().sign_in(olga_name)
    address = f"/active-user-sessions/{row.public_id}/terminate/"
    assert olga.get(address).status_code == 200
    olga.post(address)
    assert not is_signed_in(token)
    row.refresh_from_db()
    assert row.end_reason == "terminated"
    token = sign_in()
    row = open_rows(ana_name).get()
    answer = browser().client.delete(SESSION, headers={"X-Session-Token": token})
    assert answer.status_code == 401
    row.refresh_from_db()
    assert row.end_reason == "signed_out"
    assert not is_signed_in(token)


def acting_as_somebody(browser, olga_name, ana_name):
    """An admin who acts as somebody has one session, listed with that person, and it can end."""
    acting, olga = browser().sign_in(olga_name), browser().sign_in(olga_name)
    ana = get_user_model()._default_manager.get_by_natural_key(ana_name)
    assert acting.post("/hijack/acquire/", {"user_pk": ana.pk}).status_code == 302
    assert acting.who() == ana_name
    assert open_rows(olga_name).count() == 1
    acting.post("/hijack/release/")
    assert acting.who() == olga_name
    assert {row.sign_in_method for row in open_rows(olga_name)} == {"password"}
    assert not open_rows(ana_name)
    acting.post("/hijack/acquire/", {"user_pk": ana.pk})
    row = open_rows(ana_name).get()
    assert row.sign_in_method == "support"
    assert row.signed_in_by == open_rows(olga_name).first().user_label
    olga.post(f"/active-user-sessions/{row.public_id}/terminate/")
    assert acting.who() == "nobody"
    olga.post("/logout/")

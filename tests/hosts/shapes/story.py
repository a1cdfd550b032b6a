"""What holds for every shape of users, from the sign-in to the cookie that is used again."""

import os
import time
from html import unescape
from importlib import import_module
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client, override_settings

LIST = "/active-user-sessions/"
PEOPLE = import_module(f"tests.hosts.shapes.{os.environ['HOST_USER']}").PEOPLE


def person(who):
    fields, _shown = PEOPLE[who]
    model = get_user_model()
    return model._default_manager.get(**{model.USERNAME_FIELD: fields[model.USERNAME_FIELD]})


def signed_in(who):
    client = Client()
    assert client.post("/sign-in/", {"who": who}).content == b"signed in"
    return client


def text(answer):
    assert answer.status_code == 200, answer
    return unescape(answer.content.decode())


def tell():
    from sessions_admin import termination
    from sessions_admin.models import Termination, TrackedSession

    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("check", fail_level="WARNING")
    call_command("makemigrations", "sessions_admin", check=True, dry_run=True, verbosity=0)
    for fields, _shown in PEOPLE.values():
        get_user_model()._default_manager.create_person(**fields)
    clients = {who: signed_in(who) for who in PEOPLE}
    root = clients["root"]
    rows = {who: TrackedSession.objects.get(user=person(who).pk) for who in PEOPLE}

    page = text(root.get(LIST))
    assert "None" not in page
    for who, (_fields, shown) in PEOPLE.items():
        assert rows[who].user_name == shown, (who, rows[who].user_name)
        assert rows[who].user_label.startswith(shown)
        assert rows[who].initials
        assert shown in page
        address = f"{LIST}{rows[who].public_id}/"
        assert shown in text(root.get(address))
        # The very text that a row shows finds the row, and so does the label of a suggestion.
        for words in (shown, rows[who].user_label, shown.upper()):
            found = text(root.get(f"{LIST}?{urlencode({'q': words})}"))
            assert address in found, (who, words)
        suggested = text(root.get(f"{LIST}suggestions/people/?{urlencode({'person': shown})}"))
        assert rows[who].user_label in suggested, (who, suggested)
        chosen = root.get(f"{LIST}?{urlencode({'person': rows[who].user_label})}", follow=True)
        assert chosen.redirect_chain, who
        assert address in text(chosen), who
    assert clients["ana"].get(LIST).status_code == 403
    # Nobody is a superuser here, whether or not the model has them.
    with override_settings(SESSIONS_ADMIN={}):
        assert root.get(LIST).status_code == 403
    text(clients["ana"].get(f"{LIST}own/"))

    text(root.get(f"{LIST}{rows['ana'].public_id}/terminate/"))
    root.post(f"{LIST}{rows['ana'].public_id}/terminate/")
    assert clients["ana"].get("/").content == b"signed out"
    assert Termination.objects.get().actor_label.startswith(PEOPLE["root"][1])
    text(root.get(f"{LIST}termination-log/"))
    record = termination.terminate_user(person("nameless"), reason="left")
    assert (record.ended, record.actor_label) == (1, "System")
    assert clients["nameless"].get("/").content == b"signed out"

    session = root.session
    session["_sessions_admin_proved_at"] = 0
    session.save()
    asked = root.get(f"{LIST}terminate-all/", follow=True)
    answer = root.post(asked.redirect_chain[-1][0], {"password": "wrong"})
    if hasattr(get_user_model(), "check_password"):
        assert "Confirm your password" in text(asked)
        assert "That password is incorrect." in text(answer)
        session["_sessions_admin_proved_at"] = int(time.time())
        session.save()
    else:
        assert "Sign in again" in text(asked)
        assert root.get("/").content == b"signed out"
        root = signed_in("root")

    text(root.get(f"{LIST}terminate-all/"))
    call_command("adopt_sessions", verbosity=0)
    call_command("sweep_sessions", verbosity=0)
    root.post(f"{LIST}terminate-all/")
    assert root.get("/").content == b"signed out"

"""The searchable text of a row, a generated column that the database keeps in step.

It holds, folded, every field that the list shows of the row: its origin at sign-in and its origin
now; and placeholders for what the list says in the reader's language, such as "Unknown device".
Names and addresses of people are not in it, since they live in the user table and change there,
except for a person who was deleted. On PostgreSQL with ``pg_trgm`` a trigram index finds any part
of it, and there it has the addresses twice, once in letters. On SQLite it is not folded (see
``folding``).

On PostgreSQL a function of the database computes it. The expression itself is long, and PostgreSQL
would read it anew for every statement that writes a row, which takes longer than the write.
"""

from __future__ import annotations

from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    F,
    Func,
    Model,
    Q,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, NullIf, Replace
from django.db.models.lookups import Exact
from django.db.models.sql import Query

from sessions_admin.folding import sql

OF_AN_ORIGIN = (
    "city",
    "region",
    "country",
    "browser",
    "browser_version",
    "os",
    "os_version",
    "device",
)
LATEST = "other_origins__0__"
# The columns that the text is made from, by their types.
INETS = ("ip_address",)
TEXTS = ("account_name", *OF_AN_ORIGIN, "country_code")
JSON = ("other_origins",)
# Stands before and after each field. A word of the search has no space in it, so it is never found
# across two fields.
BETWEEN = "\n"
# After the name of the account, which the index of ended rows has apart from the other texts. The
# search parts words at it, so no word has it.
AFTER_ACCOUNT = "\x1e"
# Around country codes, which are searched for as a whole.
AROUND_CODE = "\t"
# Before the placeholders, which are in capitals: no word that was typed and folded finds them.
BEFORE_PLACEHOLDERS = "\f"
PRIVATE, NOWHERE = "PRIVATE", "NOWHERE"
NO_ADDRESS, NO_DEVICE, NO_BROWSER = "NOADDRESS", "NODEVICE", "NOBROWSER"

# The addresses once more, in letters for their hexadecimal digits: groups of three decimal digits
# are in too many addresses for the index to tell them apart. They are capitals, like the
# placeholders, without vowels, so that their trigrams are in few other words.
DIGITS, LETTERS = "0123456789abcdef", "BCDFGHJKMNPQTVWX"
ADDRESS = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$|^[0-9a-f:]*:[0-9a-f:.]*$"

# What the index of ended rows has, in the SQL of PostgreSQL: the account's name, the other texts.
ACCOUNT_NAME = "split_part({text}, chr(30), 1)"
BESIDE_ACCOUNT = "substr({text}, strpos({text}, chr(30)))"
INDEXED = [each.format(text="search_text") for each in (BESIDE_ACCOUNT, ACCOUNT_NAME)]

# The private networks of ``client.locations`` as patterns of the texts of their addresses.
PRIVATE_ADDRESSES = (
    *("10.*", "127.*", "169.254.*", "192.168.*", "::1"),
    *("100.6[4-9].*", "100.[7-9][0-9].*", "100.1[01][0-9].*", "100.12[0-7].*"),
    *("172.1[6-9].*", "172.2[0-9].*", "172.3[01].*"),
    *("f[cd][0-9a-f][0-9a-f]:*", "fe[89ab][0-9a-f]:*"),
)


class Host(Func):
    """An address without its netmask: PostgreSQL writes one into the text of every address."""

    function = "HOST"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="%(expressions)s", **context)


class Joined(Func):
    """Concatenation. (``Concat`` nests too deeply for SQLite.)"""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = TextField()


class IsPrivate(Func):
    """Whether the text of an address is one of a private network."""

    output_field = BooleanField()
    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        patterns = (p.replace(".", r"\.").replace("*", ".*") for p in PRIVATE_ADDRESSES)
        whole = f"^({'|'.join(patterns)})$"
        return self.as_sql(compiler, connection, template=f"(%(expressions)s ~ '{whole}')")

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        text, params = compiler.compile(self.source_expressions[0])
        globs = " OR ".join(f"{text} GLOB '{pattern}'" for pattern in PRIVATE_ADDRESSES)
        return f"({globs})", [*params] * len(PRIVATE_ADDRESSES)


def address_now() -> NullIf:
    """The text of the address of the latest origin. SQLite reads a ``null`` in JSON as a word."""
    return NullIf(KT(f"{LATEST}ip_address"), Value("null"))


class SearchText(Func):
    """The expression that the column is generated from."""

    function = "sessions_admin_search_text"
    output_field = TextField()

    def __init__(self) -> None:
        super().__init__(*(F(name) for name in (*INETS, *TEXTS, *JSON)), _deleted_user())

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        inline = _fields(_deleted_user()), Value(BEFORE_PLACEHOLDERS), *_placeholders()
        return compiler.compile(Joined(*inline).resolve_expression(compiler.query))


def create_function(apps: Any, schema_editor: Any) -> None:
    """Create the function, as a step for ``RunPython`` between the table and this column."""
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    model = apps.get_model("sessions_admin", "TrackedSession")
    fields = _sql(_fields(RawSQL("deleted_user", [])), model, schema_editor)
    placeholders = _sql(Joined(*_placeholders()), model, schema_editor)
    types = {**dict.fromkeys(INETS, "inet"), **dict.fromkeys(TEXTS, "text")}
    types |= {**dict.fromkeys(JSON, "jsonb"), "deleted_user": "text"}
    parameters = ", ".join(f"{name} {kind}" for name, kind in types.items())
    schema_editor.execute(
        f"CREATE OR REPLACE FUNCTION {SearchText.function}({parameters}) RETURNS text "
        "LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $function$ "
        f"DECLARE fields text := {fields}; "
        f"BEGIN RETURN {sql('fields')} || '{BEFORE_PLACEHOLDERS}' || {placeholders} "
        f"|| {_in_letters()}; END "
        "$function$"
    )


def _in_letters() -> str:
    """The SQL for the addresses of the sign-in and of the latest origin in letters."""

    def letters(address: str) -> str:
        digits = f"encode(substring(inet_send({address}) FROM 5), 'hex')"
        return f"COALESCE(translate({digits}, '{DIGITS}', '{LETTERS}'), '')"

    now = "(other_origins #>> '{0,ip_address}')"
    is_address = f"CASE WHEN {now} ~ '{ADDRESS}' THEN {now}::inet END"
    parts = (letters("ip_address"), letters(is_address))
    return "".join(f"'{BETWEEN}' || {part} || " for part in parts) + f"'{BETWEEN}'"


def in_letters(address: bytes) -> str:
    return address.hex().translate(str.maketrans(DIGITS, LETTERS))


def drop_function(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {SearchText.function}")


def _sql(expression: Any, model: type[Model], schema_editor: Any) -> str:
    """Return the SQL of an expression without parameters, its columns without a table."""
    query = Query(model, alias_cols=False)
    compiler = query.get_compiler(connection=schema_editor.connection)
    text, params = compiler.compile(expression.resolve_expression(query))
    return str(text % tuple(schema_editor.quote_value(value) for value in params))


def _fields(deleted_user: Any) -> Joined:
    """The fields that the list shows, not folded."""
    account = Replace(_text(F("account_name")), Value(AFTER_ACCOUNT), Value(" "))
    sign_in = [_text(Host("ip_address")), *(_text(F(name)) for name in OF_AN_ORIGIN)]
    latest = [_text(address_now()), *(_text(KT(f"{LATEST}{name}")) for name in OF_AN_ORIGIN)]
    fields: list[Any] = [Value(BETWEEN), account, Value(f"{BETWEEN}{AFTER_ACCOUNT}")]
    for part in (*sign_in, *latest, deleted_user):
        fields += [Value(BETWEEN), part]
    fields.append(Value(BETWEEN))
    for code in (F("country_code"), KT(f"{LATEST}country_code")):
        fields += [Value(AROUND_CODE), _text(code), Value(AROUND_CODE)]
    return Joined(*fields)


def _deleted_user() -> Case:
    """The name of a person who was deleted. Others are found by their own rows."""
    return _if(Q(user__isnull=True), F("user_label"))


def _placeholders() -> list[Any]:
    """What the list says of fields that are empty, at the sign-in and now."""
    nowhere = Q(city="", country="")
    nowhere_now = _is_empty("city") & _is_empty("country")
    is_private, is_private_now = (
        Q(IsPrivate(_text(address))) for address in (Host("ip_address"), address_now())
    )
    said = [
        (nowhere & is_private, PRIVATE),
        (nowhere & ~is_private, NOWHERE),
        (nowhere_now & is_private_now, PRIVATE),
        (nowhere_now & ~is_private_now, NOWHERE),
        (Q(ip_address__isnull=True), NO_ADDRESS),
        (Q(device=""), NO_DEVICE),
        (Q(browser=""), NO_BROWSER),
        (_is_empty("device") & _is_empty("browser"), NO_DEVICE),
    ]
    return [_if(condition, Value(f"{placeholder}{BETWEEN}")) for condition, placeholder in said]


def _text(part: Any) -> Coalesce:
    return Coalesce(part, Value(""), output_field=TextField())


def _is_empty(name: str) -> Q:
    """Whether the latest origin has this field and nothing in it; never where there is none."""
    return Q(Exact(KT(f"{LATEST}{name}"), Value("")))


def _if(condition: Q, then: Any) -> Case:
    return Case(When(condition, then=then), default=Value(""), output_field=TextField())

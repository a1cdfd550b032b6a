"""The demo's four accounts, one for each plan, and the people in them."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Account, Membership, User

PASSWORD = "demo-password"  # noqa: S105  (printed for everybody who tries the demo)

Plan = Account.Plan
Role = Membership.Role


@dataclass(frozen=True)
class DemoAccount:
    """A customer; `slug` is the domain of its people's email addresses, `city` has its office."""

    slug: str
    name: str
    plan: Plan
    addon: bool
    city: str


@dataclass(frozen=True)
class DemoPerson:
    """A person, their role in each account by slug, and the number of their devices."""

    email: str
    name: str
    roles: dict[str, Role]
    city: str
    sessions: int
    is_superuser: bool = False


ACCOUNTS = (
    DemoAccount("acme", "Acme Instruments", Plan.PREMIUM, False, "Ljubljana"),
    DemoAccount("borealis", "Borealis Freight", Plan.GROWTH, True, "Oslo"),
    DemoAccount("cedarfinch", "Cedar & Finch Books", Plan.PROFESSIONAL, False, "London"),
    DemoAccount("dunmore", "Dunmore Dental", Plan.STARTER, False, "Dublin"),
)


def _at(slug: str, name: str, role: Role, city: str, sessions: int, **more: Role) -> DemoPerson:
    email = f"{name.split(' ')[0].lower()}@{slug}.example"
    return DemoPerson(email, name, {slug: role, **more}, city, sessions)


PEOPLE = (
    DemoPerson(
        "admin@acme.example",
        "Maja Kovač",
        {"acme": Role.ADMIN, "borealis": Role.OWNER},
        "Ljubljana",
        7,
    ),
    DemoPerson("operator@site.example", "Robin Meyer", {}, "Zürich", 2, is_superuser=True),
    _at("acme", "Tomaž Novak", Role.OWNER, "Ljubljana", 5),
    _at("acme", "Lena Hofer", Role.ADMIN, "Vienna", 6, cedarfinch=Role.MEMBER),
    _at("acme", "Petra Zupan", Role.MEMBER, "Maribor", 5),
    _at("acme", "Jonas Weber", Role.MEMBER, "Berlin", 8),
    _at("acme", "Aiko Tanaka", Role.MEMBER, "Tokyo", 5),
    _at("acme", "Mateus Oliveira", Role.MEMBER, "São Paulo", 5),
    _at("acme", "Grace Wanjiru", Role.MEMBER, "Nairobi", 5),
    _at("acme", "Oliver Hughes", Role.MEMBER, "Sydney", 5),
    _at("acme", "Priya Raman", Role.MEMBER, "Bengaluru", 5),
    _at("acme", "Emily Carter", Role.MEMBER, "New York", 5),
    _at("acme", "Luca Moretti", Role.MEMBER, "Milan", 5),
    _at("borealis", "Ingrid Solberg", Role.ADMIN, "Oslo", 5),
    _at("borealis", "Erik Lindqvist", Role.MEMBER, "Stockholm", 5, acme=Role.MEMBER),
    _at("borealis", "Aino Virtanen", Role.MEMBER, "Helsinki", 4),
    _at("borealis", "Marek Wójcik", Role.MEMBER, "Warsaw", 4),
    _at("borealis", "Sofia Papadaki", Role.MEMBER, "Athens", 4),
    _at("cedarfinch", "Harriet Finch", Role.OWNER, "London", 5),
    _at("cedarfinch", "Daniel Okafor", Role.ADMIN, "Lagos", 4),
    _at("cedarfinch", "Chloé Laurent", Role.MEMBER, "Paris", 4),
    _at("cedarfinch", "Noah Tremblay", Role.MEMBER, "Toronto", 3),
    _at("dunmore", "Aoife Dunmore", Role.OWNER, "Dublin", 4),
    _at("dunmore", "Carlos Ruiz", Role.ADMIN, "Madrid", 3),
    _at("dunmore", "Sinead Byrne", Role.MEMBER, "Dublin", 2),
)

# The people to try the demo as; each sees a different part of it.
SIGN_INS = (
    ("admin@acme.example", "admin of Acme Instruments (Premium), owner of Borealis Freight"),
    ("operator@site.example", "superuser: all accounts, and the Django admin at /admin/"),
    ("aoife@dunmore.example", "owner of Dunmore Dental (Starter, without the add-on: locked)"),
    ("petra@acme.example", "member of Acme Instruments: may not open the page"),
)


def create_accounts() -> dict[str, Account]:
    """Create the demo's accounts and return them by slug."""
    return {
        demo.slug: Account.objects.create(
            name=demo.name, plan=demo.plan, advanced_security_addon=demo.addon
        )
        for demo in ACCOUNTS
    }


def create_people(accounts: dict[str, Account], *, encoded_password: str) -> None:
    """Create all people and their memberships.

    All share one encoded password, because hashing it for each person takes long.
    """
    users = User.objects.bulk_create(_user(person, encoded_password) for person in PEOPLE)
    Membership.objects.bulk_create(
        Membership(user=user, account=accounts[slug], role=role)
        for user, person in zip(users, PEOPLE, strict=True)
        for slug, role in person.roles.items()
    )


def _user(person: DemoPerson, encoded_password: str) -> User:
    return User(
        email=person.email,
        name=person.name,
        password=encoded_password,
        is_staff=person.is_superuser,
        is_superuser=person.is_superuser,
    )

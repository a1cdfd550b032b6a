"""Settings of the runnable site, read from environment variables (see docs/settings.md).

Without DEBUG=1 these are production settings: a secret key is required and TLS is assumed.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from sessions_admin.project import environment

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = BASE_DIR / "var"

DEBUG = environment.flag("DEBUG", default=False)
SECRET_KEY = environment.secret_key(debug=DEBUG)
SECRET_KEY_FALLBACKS = environment.secret_key_fallbacks(debug=DEBUG)
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", default="127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")
SECURE_TLS = environment.flag("SECURE_TLS", default=not DEBUG)
# Base URL for links in mails. The request's Host header is under the sender's control.
SITE_URL = environment.site_url(hosts=ALLOWED_HOSTS, tls=SECURE_TLS)

INSTALLED_APPS = [
    "accounts",
    "sessions_admin",
    "heroicons",
    "django_htmx",
    "axes",
    # The guarded Django admin.
    "sessions_admin.project.apps.SiteAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Its padding hides the length of a page, which could reveal its content (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "sessions_admin.project.private.PrivatePagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "sessions_admin.middleware.TrackedSessionMiddleware",
    "accounts.preferences.PreferencesMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "sessions_admin.project.urls"
WSGI_APPLICATION = "sessions_admin.project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context_processors.navigation",
            ],
        },
    },
]

# --- Data -----------------------------------------------------------------------------------------

DATABASES = {"default": environment.database(default=f"sqlite:///{VAR_DIR / 'site.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = environment.caches()
SESSION_ENGINE = environment.session_engine()

# Written by `manage.py seed_demo`, from networks reserved for documentation.
DEMO_GEOIP_PATH = VAR_DIR / "demo-City.mmdb"
GEOIP_PATH = environment.text(
    "GEOIP_PATH", default=str(DEMO_GEOIP_PATH) if DEMO_GEOIP_PATH.exists() else ""
)

# --- People ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.guessing.Gate",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {"user_attributes": ("email", "name")},
        "MinimumLengthValidator": {},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

# Against password guessing; accounts.guessing describes the rules.
AXES_HANDLER = "accounts.guessing.Handler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "accounts.guessing.name_of"
AXES_CLIENT_IP_CALLABLE = "accounts.guessing.network_of"
AXES_LOCKOUT_CALLABLE = "accounts.guessing.too_many_tries"
# Our own rows record sign-ins, and people type passwords into the email field.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_SENSITIVE_PARAMETERS = ["username"]

MAIL = environment.email(default="consolemail://")
BACKGROUND_EMAIL_BACKEND = MAIL["EMAIL_BACKEND"]
globals().update(MAIL, EMAIL_BACKEND="accounts.mail.LaterBackend")
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", default="noreply@localhost")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "German"), ("sl", "Slovenian"), ("ar", "Arabic")]
# Texts in templates/ are translated in the catalogue of accounts.
LOCALE_PATHS = [BASE_DIR / "accounts" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# --- Transport and browser security ---------------------------------------------------------------

SECURE_SSL_REDIRECT = SECURE_TLS
SESSION_COOKIE_SECURE = SECURE_TLS
CSRF_COOKIE_SECURE = SECURE_TLS
CSRF_COOKIE_HTTPONLY = True
# Browsers accept cookies with this prefix only from this exact host and over TLS, never from
# another subdomain.
COOKIE_PREFIX = "__Host-" if SECURE_TLS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
LANGUAGE_COOKIE_SECURE = SECURE_TLS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
SECURE_HSTS_SECONDS = environment.number(
    "SECURE_HSTS_SECONDS", default=31536000 if SECURE_TLS else 0
)
SECURE_HSTS_INCLUDE_SUBDOMAINS = environment.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = environment.flag("SECURE_HSTS_PRELOAD", default=False)
SECURE_PROXY_SSL_HEADER = environment.proxy_header("SECURE_PROXY_SSL_HEADER")
SECURE_REFERRER_POLICY = "same-origin"
FILE_UPLOAD_HANDLERS = ["sessions_admin.project.uploads.NoUploads"]
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    # Only the domain's owner knows whether all other subdomains will always use TLS.
    "security.W005",
    "security.W021",
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Static files ---------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# In development, files are served from where they are written, without collectstatic.
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Logging --------------------------------------------------------------------------------------

DEFAULT_EXCEPTION_REPORTER_FILTER = "sessions_admin.project.reports.Filter"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        # Times include their UTC offset (ASVS 16.2.2).
        "line": {
            "format": "{asctime} {levelname} {name}: {message}",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
            "style": "{",
        },
    },
    "filters": {"keys": {"()": "sessions_admin.redaction.KeyRedaction"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["keys"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # Replaces Django's own handlers, which log nothing outside DEBUG and mail to ADMINS.
        "django": {"level": "INFO", "handlers": []},
        "sessions_admin": {"level": "INFO"},
        # Its warnings repeat what the caller gets as an exception.
        "psycopg.pool": {"level": "ERROR"},
        # It logs a greeting at every start.
        "axes.apps": {"level": "WARNING"},
    },
}

# --- Sessions Admin -------------------------------------------------------------------------------

SESSIONS_ADMIN = {
    "ACCOUNT_RESOLVER": "accounts.access.account_to_track",
    "ADMINISTERED_ACCOUNTS": "accounts.access.administered_by",
    "ADMINS_OF_ACCOUNTS": "accounts.access.admins_of",
    "APPLICATIONS": [
        {"id": "management", "name": _("Account Management"), "path": "/account-management/"},
        {"id": "mobile", "name": _("Mobile app"), "path": "/api/mobile/"},
        {"id": "admin", "name": _("Django admin"), "path": "/admin/"},
        {"id": "web", "name": _("Web app")},
    ],
    "APPLICATION_RESOLVER": "accounts.access.application_of",
    "NEXT_STEPS": "accounts.people.next_steps",
    "UPGRADE_URL": environment.text("UPGRADE_URL"),
    "TRUSTED_PROXIES": environment.count_or_words("TRUSTED_PROXIES"),
    "FORWARDED_HEADER": environment.text("FORWARDED_HEADER", default="X-Forwarded-For"),
    "IDLE_TIMEOUT": environment.number("IDLE_TIMEOUT", default=0),
    "MAX_LIFETIME": environment.number("MAX_LIFETIME", default=0),
}

"""The app's URLs below a group without a name, in two places, and below a language."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path

from projects.urls import COMMON, OURS

urlpatterns = [
    *COMMON,
    re_path(r"^shop/(\w+)/", include([OURS])),
    *i18n_patterns(path("", include([OURS]))),
]

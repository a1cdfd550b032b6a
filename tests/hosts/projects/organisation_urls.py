"""The app's URLs below a value that the project captures, and that its own pages get, too."""

from django.urls import include, path

from projects.urls import COMMON, OURS

INNER = [OURS]
urlpatterns = [*COMMON, path("<slug:org>/", include((INNER, "organisation")), {"theme": "dark"})]

"""URLs without the app's."""

from shapes.urls import COMMON

urlpatterns = COMMON

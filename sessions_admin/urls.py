"""Addresses of the page; include them wherever account management lives."""

from django.urls import path

from sessions_admin import views

app_name = "sessions_admin"

urlpatterns = [
    path("", views.session_list, name="list"),
    path("terminate-all/", views.terminate_all, name="terminate_all"),
    path("<uuid:public_id>/", views.session_detail, name="detail"),
    path("<uuid:public_id>/terminate/", views.terminate, name="terminate"),
]

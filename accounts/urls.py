"""URLs of people and accounts; their names have no prefix, as Django's own auth views expect."""

from __future__ import annotations

from django.contrib.auth import views as auth_views
from django.urls import path
from django.views.i18n import set_language

from . import api, people, views

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("accounts/login/", views.SignInView.as_view(), name="login"),
    path("accounts/logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("accounts/choose/", views.ChooseAccountView.as_view(), name="choose_account"),
    path(
        "accounts/password_change/",
        views.PasswordChangeView.as_view(),
        name="password_change",
    ),
    path(
        "accounts/password_change/done/",
        auth_views.PasswordChangeDoneView.as_view(),
        name="password_change_done",
    ),
    path(
        "accounts/password_reset/",
        views.PasswordResetView.as_view(),
        name="password_reset",
    ),
    path(
        "accounts/password_reset/done/",
        auth_views.PasswordResetDoneView.as_view(),
        name="password_reset_done",
    ),
    path(
        "accounts/reset/<uidb64>/<token>/",
        auth_views.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path(
        "accounts/reset/done/",
        auth_views.PasswordResetCompleteView.as_view(),
        name="password_reset_complete",
    ),
    path("accounts/people/<int:pk>/send-reset/", people.send_reset, name="send_reset"),
    path("accounts/people/<int:pk>/deactivate/", people.deactivate, name="deactivate"),
    path("accounts/preferences/", views.PreferencesView.as_view(), name="preferences"),
    path("accounts/language/", set_language, name="set_language"),
    path(
        "account-management/",
        views.AccountManagementView.as_view(),
        name="account_management",
    ),
    path(
        "account-management/login/",
        views.AccountManagementSignInView.as_view(),
        name="account_management_login",
    ),
    path("api/mobile/sign-in/", api.SignInView.as_view(), name="mobile_sign_in"),
    path("api/mobile/me/", api.MeView.as_view(), name="mobile_me"),
    path("api/mobile/sign-out/", api.SignOutView.as_view(), name="mobile_sign_out"),
]

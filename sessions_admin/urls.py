"""URLs of the pages, to include in the project's URLs."""

from django.urls import path

from sessions_admin.views import (
    details,
    ended_session,
    export,
    export_records,
    listing,
    login_records,
    own,
    progress,
    reauthentication,
    suggestions,
    terminate,
    termination_log,
)

app_name = "sessions_admin"

urlpatterns = [
    path("", listing.session_list, name="list"),
    path("news/", listing.news, name="news"),
    path("terminate-selected/", terminate.terminate_selected, name="terminate_selected"),
    path("terminate-all/", terminate.terminate_all, name="terminate_all"),
    path("suggestions/people/", suggestions.people, name="people"),
    path("suggestions/accounts/", suggestions.accounts, name="accounts"),
    path("suggestions/countries/", suggestions.countries, name="countries"),
    path("login-records/", login_records.login_records, name="login_records"),
    path("login-records/export/", export.login_records, name="export_records"),
    path("<uuid:public_id>/", details.session_detail, name="detail"),
    path("confirm-password/", reauthentication.confirm_password, name="reauthenticate"),
    path("export/", export.sessions, name="export"),
    path("termination-log/", termination_log.log, name="termination_log"),
    path("termination-log/export/", export.log, name="export_log"),
    path("termination-log/exports/", export_records.exports, name="exports"),
    path(
        "termination-log/<uuid:public_id>/",
        termination_log.entry,
        name="termination_log_entry",
    ),
    path("termination-log/<uuid:public_id>/progress/", progress.progress, name="progress"),
    path("ended-session/", ended_session.ended_session, name="ended_session"),
    path("own/", own.own, name="own"),
    path("own/sign-out-others/", own.sign_out_others, name="sign_out_others"),
    path("own/<uuid:public_id>/", own.details, name="own_detail"),
    path("own/<uuid:public_id>/name/", own.name_device, name="name_device"),
    path("own/<uuid:public_id>/sign-out/", own.sign_out, name="sign_out"),
    path("<uuid:public_id>/terminate/", terminate.terminate_one, name="terminate"),
]

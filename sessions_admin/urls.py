"""URLs of the pages; include them where account management lives."""

from django.urls import path

from sessions_admin.views import (
    details,
    listing,
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
    path("choices/people/", suggestions.people, name="people"),
    path("choices/accounts/", suggestions.accounts, name="accounts"),
    path("<uuid:public_id>/", details.session_detail, name="detail"),
    path("confirm-password/", reauthentication.confirm_password, name="step_up"),
    path("receipts/", termination_log.receipts, name="receipts"),
    path("receipts/<uuid:public_id>/", termination_log.receipt, name="receipt"),
    path("receipts/<uuid:public_id>/progress/", progress.progress, name="progress"),
    path("own/", own.own, name="own"),
    path("own/end-others/", own.end_others, name="end_others"),
    path("own/<uuid:public_id>/end/", own.end_own, name="end_own"),
    path("<uuid:public_id>/terminate/", terminate.terminate_one, name="terminate"),
]

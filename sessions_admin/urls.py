"""Addresses of the page; include them wherever account management lives."""

from django.urls import path

from sessions_admin import choice_views, own_views, receipt_views, step_up_views, views

app_name = "sessions_admin"

urlpatterns = [
    path("", views.session_list, name="list"),
    path("news/", views.news, name="news"),
    path("terminate-selected/", views.terminate_selected, name="terminate_selected"),
    path("terminate-all/", views.terminate_all, name="terminate_all"),
    path("choices/people/", choice_views.people, name="people"),
    path("choices/accounts/", choice_views.accounts, name="accounts"),
    path("<uuid:public_id>/", views.session_detail, name="detail"),
    path("confirm-password/", step_up_views.confirm_password, name="step_up"),
    path("receipts/", receipt_views.receipts, name="receipts"),
    path("receipts/<uuid:public_id>/", receipt_views.receipt, name="receipt"),
    path("receipts/<uuid:public_id>/progress/", views.progress, name="progress"),
    path("own/", own_views.own, name="own"),
    path("own/end-others/", own_views.end_others, name="end_others"),
    path("own/<uuid:public_id>/end/", own_views.end_own, name="end_own"),
    path("<uuid:public_id>/terminate/", views.terminate, name="terminate"),
]

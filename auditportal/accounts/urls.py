from django.urls import include, path

from auditportal.accounts import (
    agent_link_views,
    grant_views,
    own_views,
    people_files,
    people_views,
    person_security_views,
    views,
)
from auditportal.accounts.factors import sign_in_views
from auditportal.accounts.factors import views as factor_views

people = [
    path("", people_views.people, name="list"),
    path("invite/", people_views.invite, name="invite"),
    path("export/", people_files.export, name="export"),
    path("import/", people_files.import_people, name="import"),
    path("import/create/", people_files.create_imported, name="create_imported"),
    path("<int:pk>/", people_views.person, name="person"),
    path("<int:pk>/grant/", grant_views.grant, name="grant"),
    path("<int:pk>/grants/<int:grant_pk>/end/", grant_views.end_grant, name="end_grant"),
    path("<int:pk>/agent/", agent_link_views.link, name="link"),
    path("<int:pk>/agent/<int:link_pk>/end/", agent_link_views.unlink, name="unlink"),
    path("<int:pk>/deactivate/", people_views.confirm, {"act": "deactivate"}, name="deactivate"),
    path("<int:pk>/reactivate/", people_views.confirm, {"act": "reactivate"}, name="reactivate"),
    path("<int:pk>/link/", people_views.confirm, {"act": "new_link"}, name="new_link"),
    path("<int:pk>/single-sign-on/", people_views.confirm, {"act": "single_sign_on"}, name="single_sign_on"),
    path("<int:pk>/unlock/", people_views.confirm, {"act": "unlock"}, name="unlock"),
    path("<int:pk>/security/", person_security_views.security, name="security"),
    path("<int:pk>/security/sessions/", person_security_views.end_sessions, name="end_sessions"),
    path("<int:pk>/security/reset/", person_security_views.ask_reset, name="ask_reset"),
    path("<int:pk>/security/reset/confirm/", person_security_views.confirm_reset, name="confirm_reset"),
    path("<int:pk>/security/reset/withdraw/", person_security_views.withdraw_reset, name="withdraw_reset"),
    path("<int:pk>/security/break-glass/", person_security_views.mark_break_glass, name="break_glass"),
    path("break-glass/<int:pk>/", person_security_views.acknowledge, name="acknowledge"),
    path("enrolment/", person_security_views.enrolment_page, name="enrolment"),
    path("enrolment/close/", person_security_views.close_enrolment, name="close_enrolment"),
    path("test-mail/", people_views.test_mail, name="test_mail"),
]

factors = [
    path("accounts/login/passkey/options/", sign_in_views.passkey_options, name="passkey_options"),
    path("accounts/login/passkey/", sign_in_views.sign_in_with_passkey, name="passkey_sign_in"),
    # allauth's name for the page after the password.
    path("accounts/second-step/", sign_in_views.second_step, name="mfa_authenticate"),
    path("accounts/second-step/options/", sign_in_views.second_step_options, name="second_step_options"),
    path("accounts/second-factor/", factor_views.second_factor, name="second_factor"),
    path("accounts/second-factor/passkey/", factor_views.add_passkey, name="add_passkey"),
    path(
        "accounts/second-factor/passkey/options/",
        factor_views.passkey_registration,
        name="passkey_registration",
    ),
    path("accounts/second-factor/app/", factor_views.add_app, name="add_app"),
    path("accounts/second-factor/codes/", factor_views.recovery_codes, name="recovery_codes"),
    path("accounts/second-factor/<int:pk>/remove/", factor_views.remove_factor, name="remove_factor"),
    path("accounts/confirm/options/", factor_views.confirm_options, name="confirm_options"),
    path("accounts/confirm/passkey/", factor_views.confirm_passkey, name="confirm_passkey"),
    path("settings/security/", factor_views.security, name="security"),
    path("settings/password/", own_views.change_password, name="change_password"),
    path("settings/security/sessions/<int:pk>/end/", own_views.end_session, name="end_session"),
    path("settings/security/sessions/end/", own_views.end_other_sessions, name="end_other_sessions"),
]

urlpatterns = [
    *factors,
    path("accounts/login/", views.sign_in, name="account_login"),
    path("accounts/logout/", views.sign_out, name="account_logout"),
    path("accounts/session/", views.session_state, name="session"),
    path("accounts/signed-in/", views.signed_in, name="signed_in"),
    path("accounts/invitation/<str:token>/", views.invitation, name="invitation"),
    path("accounts/single-sign-on/", include(("auditportal.accounts.single_sign_on.urls", "single_sign_on"))),
    path("settings/", views.my_settings, name="my_settings"),
    path("settings/name/", views.own_name, name="own_name"),
    path("", include("auditportal.accounts.access.urls")),
    path("people/provisioning/", include(("auditportal.accounts.provisioning.page_urls", "provisioning"))),
    path("people/", include((people, "people"))),
]

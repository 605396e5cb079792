"""URLs of coaching and training."""

from django.urls import path

from recordings.reviews.coaching import library_views, session_views, training_views

app_name = "coaching"
urlpatterns = [
    path("reviews/coaching/", session_views.session_list, name="sessions"),
    path("reviews/coaching/new/", session_views.new, name="new"),
    path("reviews/coaching/<uuid:pk>/", session_views.session, name="session"),
    path("reviews/coaching/<uuid:pk>/close/", session_views.close, name="close"),
    path("reviews/library/", library_views.library, name="library"),
    path("recordings/<uuid:pk>/exemplar/", library_views.add, name="add"),
    path("reviews/library/<uuid:pk>/", library_views.exemplar, name="exemplar"),
    path("reviews/library/<uuid:pk>/assign/", library_views.assign, name="assign"),
    path("reviews/library/<uuid:pk>/withdraw/", library_views.withdraw, name="withdraw"),
    path("reviews/library/<uuid:pk>/cancel/<uuid:viewing_pk>/", library_views.cancel, name="cancel"),
    path("my-coaching/", session_views.mine, name="mine"),
    path("my-coaching/sessions/<uuid:pk>/", session_views.my_session, name="my_session"),
    path("my-coaching/viewings/<uuid:pk>/", training_views.viewing, name="viewing"),
    path("my-coaching/viewings/<uuid:pk>/play/", training_views.play, name="play"),
    path("my-coaching/viewings/<uuid:pk>/attempt/", training_views.attempt, name="attempt"),
]

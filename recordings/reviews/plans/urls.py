from django.urls import path

from recordings.reviews.plans import sample_views, views, work_views

app_name = "plans"
urlpatterns = [
    path("reviews/todo/", work_views.todo, name="todo"),
    path("reviews/todo/<uuid:pk>/begin/", work_views.begin, name="begin"),
    path("reviews/todo/<uuid:pk>/skip/", work_views.skip, name="skip"),
    path("reviews/plans/", views.plan_list, name="list"),
    path("reviews/plans/new/", views.new_plan, name="new"),
    path("reviews/plans/<uuid:pk>/", views.plan, name="plan"),
    path("reviews/plans/<uuid:pk>/edit/", views.edit, name="edit"),
    path("reviews/plans/<uuid:pk>/draw/", views.draw_now, name="draw"),
    path("reviews/plans/<uuid:pk>/give/", views.give, name="give"),
    path("reviews/plans/<uuid:pk>/end/", views.end, name="end"),
    path("reviews/samples/<uuid:pk>/", sample_views.sample, name="sample"),
    path("reviews/samples/<uuid:pk>/again/", sample_views.again, name="again"),
    path("reviews/samples/<uuid:pk>/export/", sample_views.export, name="export"),
    path("reviews/samples/<uuid:pk>/picks/<uuid:pick_pk>/skip/", sample_views.skip, name="skip_pick"),
    path("reviews/samples/<uuid:pk>/picks/<uuid:pick_pk>/assign/", sample_views.assign, name="assign"),
]

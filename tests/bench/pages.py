"""The list of fifty objects as a whole page, beside the same page the usual way: models, a paginator, a template.

Both go through the same middleware, sign-in, right and shell. The usual way is written with care: its names are joined,
its recordings prefetched, its order is that of the primary key, so that it does not sort 100,000 rows each time.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import include, path

from recordings.catalog.forms import SearchForm
from recordings.catalog.queries import PAGE
from recordings.models import CommBoxObject
from recordings.models.fields import uuid7
from recordings.permissions import Permission
from recordings.policies import permission_required
from tests.bench.results import Measured, timed
from tests.factories import person

ROUNDS, REQUESTS = 5, 30
AGAINST = "the same page with models, Paginator and a row template"

# What a list template usually looks like: attributes of models, a part for the age.
TEMPLATE = """
{% extends "base.html" %}{% load l10n %}
{% block heading %}Objects{% endblock %}
{% block content %}
  <form class="sheet" method="get">
    {% include "catalog/_search.html" with label="Search objects" %}
    <div id="results"><div class="tablebox"><table class="rows">
      <thead><tr><th>Object</th><th>Customer</th><th>Channel · agent</th><th class="r">Recorded (UTC)</th>
        <th class="r">Length</th><th class="r opt">Files</th><th>State</th><th class="r">As of</th></tr></thead>
      <tbody>{% for object in objects %}{% with newest=object.recordings.all|first %}
        <tr data-row>
          <td><a class="num" data-open href="{% url "catalog:object" object.pk %}">{{ object.pk|unlocalize }}</a></td>
          <td data-label="Customer"><bdi>{{ object.customer_name }}</bdi>
            <span class="sub num">•••• {{ object.customer_phone|slice:"-4:" }}</span></td>
          <td data-label="Channel · agent">{{ object.stream }}
            <span class="sub"><bdi>{{ object.agent }}</bdi></span></td>
          <td class="r" data-label="Recorded (UTC)">{% if newest %}{{ newest.recorded_at|utc_minute }}{% endif %}</td>
          <td class="r num" data-label="Length">{% if newest %}{{ newest.duration_seconds|clock }}{% endif %}</td>
          <td class="r num opt" data-label="Files">{{ object.recordings.all|length }}</td>
          <td class="corner" data-label="State"><span class="tag {{ newest.state|tag_of }}">
            {{ newest.state_label|default:"No recording found" }}</span></td>
          <td class="r" data-label="As of">{% include "parts/_fresh.html" with at=object.refreshed_at %}</td>
        </tr>{% endwith %}{% endfor %}</tbody>
    </table></div>
    {% include "parts/_pager.html" with target="results" shown="Shown 1–50" older_url="?page=2" %}</div>
  </form>
{% endblock %}
"""


def measure() -> Iterator[Measured]:
    """Requests a second of one process, rounds taking turns, the best of each."""
    with override_settings(ROOT_URLCONF=__name__):
        client = Client()
        client.force_login(person("compliance_officer", f"bench.{uuid7().hex[-8:]}"))
        rounds = [(_rate(client, "/objects/"), _rate(client, "/plain/")) for _ in range(ROUNDS)]
        typed = max(_rate(client, "/objects/?q=dana", {"HX-Request": "true"}) for _ in range(ROUNDS))
    ours, plain = (max(rates) for rates in zip(*rounds, strict=True))
    yield Measured("page, 50 objects", ours, "requests/s", ours / plain, AGAINST)
    yield Measured("page, 50 objects swapped while typing", typed, "requests/s", typed / plain, AGAINST)


def _rate(client: Client, address: str, headers: dict[str, str] | None = None) -> float:
    def get(_: object) -> None:
        assert client.get(address, headers=headers).status_code == 200

    return 1000 / timed(get, [None], REQUESTS).p50


@permission_required(Permission.SEARCH_OBJECTS)
def plain_list(request: HttpRequest) -> HttpResponse:
    objects = CommBoxObject.objects.select_related("stream", "agent").prefetch_related("recordings")
    page = Paginator(objects.order_by("-pk"), PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {"objects": page.object_list, "page": page, "form": SearchForm(request.GET)}
    return HttpResponse(_template().render(context, request))


@cache
def _template() -> Any:
    return engines["django"].from_string(TEMPLATE)


urlpatterns = [path("plain/", plain_list), path("", include("auditportal.urls"))]

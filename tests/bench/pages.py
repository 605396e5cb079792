"""The list of fifty objects as a whole page, beside the same page the usual way: models, a paginator, a template.

Both go through the same middleware, sign-in, right and shell. The usual way is written with care: its names are joined,
its recordings prefetched, its order is that of the primary key, so that it does not sort 100,000 rows each time.
"""

from collections.abc import Iterator
from functools import cache
from statistics import median
from time import perf_counter
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import include, path

from recordings.catalog.forms import SearchForm
from recordings.catalog.queries import PAGE
from recordings.http import Request
from recordings.models import CommBoxObject
from recordings.models.fields import uuid7
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.reach import EVERYTHING
from tests.bench.results import Measured
from tests.factories import person

WARM, REQUESTS = 10, 150
PAGES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/objects/", {}),
    ("/plain/", {}),
    ("/objects/", {"HX-Request": "true"}),
    ("/plain/", {"HX-Request": "true"}),
)
AGAINST = "the same with models, Paginator and a template"

# What a list template usually looks like: attributes of models, a part for the age.
TEMPLATE = """
{% extends shell %}{% load l10n %}
{% block heading %}Objects{% endblock %}
{% block content %}
  <form class="sheet" method="get">
    {% if not request.htmx %}{% include "catalog/_search.html" with label="Search objects" %}{% endif %}
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
    """Requests a second of one process: the pages take turns, request by request, and the median of each counts."""
    with override_settings(ROOT_URLCONF=__name__):
        client = Client()
        client.force_login(person("compliance_officer", f"bench.{uuid7().hex[-8:]}"))
        taken = [[_seconds(client, *page) for page in PAGES] for _ in range(WARM + REQUESTS)][WARM:]
    page, plain_page, part, plain_part = (1 / median(seconds) for seconds in zip(*taken, strict=True))
    yield Measured("list of 50 objects, the whole page", page, "requests/s", page / plain_page, AGAINST)
    yield Measured("list of 50 objects, swapped by htmx", part, "requests/s", part / plain_part, AGAINST)


def _seconds(client: Client, address: str, headers: dict[str, str]) -> float:
    started = perf_counter()
    status = client.get(address, headers=headers).status_code
    assert status == 200, (address, status)
    return perf_counter() - started


@permission_required(Permission.SEARCH_OBJECTS)
def plain_list(request: Request) -> HttpResponse:
    objects = CommBoxObject.objects.select_related("stream", "agent").prefetch_related("recordings")
    page = Paginator(objects.order_by("-pk"), PAGE).get_page(request.GET.get("page"))
    shell = "{% block content %}{% endblock %}" if request.htmx else '{% extends "base.html" %}'
    context: dict[str, Any] = {
        "objects": page.object_list,
        "page": page,
        "form": SearchForm(request.GET, EVERYTHING),
    }
    context["shell"] = _template(shell).template
    return HttpResponse(_template(TEMPLATE).render(context, request))


@cache
def _template(text: str) -> Any:
    return engines["django"].from_string(text)


urlpatterns = [path("plain/", plain_list), path("", include("auditportal.urls"))]

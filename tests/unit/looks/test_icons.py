"""Icons are drawn once and are what the package draws."""

from django.template import engines
from lucide.templatetags.lucide import lucide as draw


def test_an_icon_is_the_packages_own():
    made = (
        engines["django"].from_string('{% lucide "menu" size=18 class="icon" aria_hidden="true" %}').render()
    )
    assert made == draw("menu", size=18, **{"class": "icon", "aria_hidden": "true"})
    assert made.startswith("<svg ")

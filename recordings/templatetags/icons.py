"""Lucide's icons, each drawn once: a page shows a dozen of them, and drawing one parses and copies XML."""

from functools import lru_cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as draw

register = template.Library()


@register.simple_tag
def lucide(name: str, *, size: int | None = 24, **attributes: object) -> SafeString:
    """The icon of this name as inline SVG; attributes as the tag of the same name in `lucide` takes them."""
    return _drawn(name, size, tuple(attributes.items()))


@lru_cache(maxsize=512)
def _drawn(name: str, size: int | None, attributes: tuple[tuple[str, object], ...]) -> SafeString:
    return SafeString(draw(name, size=size, **dict(attributes)))  # markup: the name is a template's own

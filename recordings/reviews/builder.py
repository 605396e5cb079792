"""The builder: what was typed becomes the draft; its faults and what it would score are shown beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from recordings.models import ScorecardState, ScorecardVersion
from recordings.reviews.documents import canonical
from recordings.reviews.edited import Document, as_bytes
from recordings.reviews.errors import NotADraft
from recordings.reviews.preview import Preview, answers_from, preview_of
from recordings.reviews.shown import ShownFinding, finding_at, findings_of, number_of
from recordings.scorecards.form import SCORED_TYPES, Form
from recordings.scorecards.lint import lint
from recordings.scorecards.strict_json import BadFile
from recordings.scorecards.texts import localized


@dataclass(frozen=True)
class Checked:
    """What the page says about the form: why it cannot be read, its faults, and its preview when it has none."""

    unreadable: ShownFinding | None = None
    faults: list[ShownFinding] = field(default_factory=list)
    warnings: list[ShownFinding] = field(default_factory=list)
    preview: Preview | None = None
    weights: str = ""

    @classmethod
    def of(cls, document: Document, fields: Mapping[str, list[str]], language: str) -> "Checked":
        """Check a form, and compute its preview with the answers among the fields."""
        try:
            form, _ = canonical(as_bytes(document))
        except BadFile as error:
            return cls(finding_at(error.place, error.sentence, _titles(document, language)))
        findings = findings_of(form, lint(form), language)
        faults = [finding for finding in findings if not finding.warning]
        preview = None if faults else preview_of(form, answers_from(form, fields), language)
        return cls(
            None, faults, [finding for finding in findings if finding.warning], preview, _weights(form)
        )


def _titles(document: Document, language: str) -> list[tuple[str, list[str]]]:
    """Return the title of each section with the texts of its questions, of a form that may be unreadable."""
    return [
        (
            localized(section["title"], language),
            [localized(node["text"], language) for node in section["questions"]],
        )
        for section in document["sections"]
    ]


def _weights(form: Form) -> str:
    """Say what the weights of the sections add up to, in mode `sections`; empty when it is 100."""
    total = sum((section.weight for section in form.sections if not section.bonus), Fraction(0))
    if form.mode != "sections" or total in (0, 100):
        return ""
    return gettext(
        "The weights of the sections add up to %(total)s, not 100. "
        "The score does not depend on it: each weight is a share of the total."
    ) % {"total": number_of(total)}


class DraftChanged(Exception):
    """Somebody else saved the draft since this page was loaded. `by`: their name."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


@transaction.atomic
def save_draft(*, version: ScorecardVersion, document: Document, base: str, person: Any) -> ScorecardVersion:
    """Save what was typed, unless somebody else saved since `base`, the hash that the page began with.

    Raises BadFile, NotADraft and DraftChanged. Drafts are not in the trail: their activation is.
    """
    form, data = canonical(as_bytes(document))
    draft = (
        ScorecardVersion.objects.select_for_update(of=("self",))
        .select_related("changed_by")
        .get(pk=version.pk)
    )
    if draft.state != ScorecardState.DRAFT:
        raise NotADraft
    if draft.hash == form.hash:
        return draft
    if draft.hash != base:
        raise DraftChanged(draft.changed_by.display_name)
    draft.document, draft.hash, draft.title = data, form.hash, form.title
    draft.questions = len(list(form.questions()))
    draft.changed_at, draft.changed_by = timezone.now(), person
    draft.save(update_fields=["document", "hash", "title", "questions", "changed_at", "changed_by"])
    return draft


# --- what the template shows


@dataclass(frozen=True)
class TextField:
    """A text in one language: the name of its field, the language (empty for all), and its value."""

    name: str
    language: str
    language_name: str
    value: str


@dataclass(frozen=True)
class BuilderItem:
    """An option, a range or a condition with its path."""

    path: str
    node: Document
    texts: list[TextField] = field(default_factory=list)
    about: Document | None = None
    choices: list[tuple[str, str, bool]] = field(default_factory=list)


@dataclass(frozen=True)
class BuilderQuestion:
    """A question with its path and parts. `earlier`: what conditions can be about, key and text."""

    path: str
    number: str
    node: Document
    title: str
    texts: list[TextField]
    helps: list[TextField]
    options: list[BuilderItem]
    ranges: list[BuilderItem]
    joined_by: str
    conditions: list[BuilderItem]
    earlier: list[tuple[str, str]]

    @property
    def can_be_scored(self) -> bool:
        return self.node["type"] in SCORED_TYPES


@dataclass(frozen=True)
class BuilderSection:
    """A section with its path and questions."""

    path: str
    number: int
    node: Document
    title: str
    texts: list[TextField]
    questions: list[BuilderQuestion]


@dataclass(frozen=True)
class BuilderPage:
    """The fields of the whole form."""

    document: Document
    texts: list[TextField]
    sections: list[BuilderSection]
    missing_languages: list[tuple[str, str]]

    @classmethod
    def of(cls, document: Document, language: str) -> "BuilderPage":
        """Build the fields of a form, in the languages of its title."""
        title = document["title"]
        names = dict(settings.LANGUAGES)
        used = list(title) if isinstance(title, dict) else ["en"]
        missing = [(code, str(name)) for code, name in names.items() if code not in used]
        earlier: list[Document] = []
        sections = []
        for place, section in enumerate(document["sections"]):
            path, questions = f"sections.{place}", []
            for index, node in enumerate(section["questions"]):
                known = [other for other in earlier if other["type"] in SCORED_TYPES]
                number = f"{place + 1}.{index + 1}"
                questions.append(_question(f"{path}.questions.{index}", number, node, known, title, language))
                earlier.append(node)
            texts = _texts(f"{path}.title", section["title"], title)
            sections.append(
                BuilderSection(
                    path, place + 1, section, localized(section["title"], language), texts, questions
                )
            )
        return cls(document, _texts("title", title, title), sections, missing)


def _question(
    path: str, number: str, node: Document, earlier: list[Document], title: Any, language: str
) -> BuilderQuestion:
    options = [
        BuilderItem(
            f"{path}.options.{at}", option, _texts(f"{path}.options.{at}.label", option["label"], title)
        )
        for at, option in enumerate(node.get("options", ()))
    ]
    ranges = [BuilderItem(f"{path}.ranges.{at}", range_) for at, range_ in enumerate(node.get("ranges", ()))]
    joined_by, conditions = next(iter(node.get("when", {"all": []}).items()))
    return BuilderQuestion(
        path,
        number,
        node,
        localized(node["text"], language),
        _texts(f"{path}.text", node["text"], title),
        _texts(f"{path}.help", node.get("help", ""), title),
        options,
        ranges,
        joined_by,
        [
            _condition(f"{path}.when.{at}", condition, earlier, language)
            for at, condition in enumerate(conditions)
        ],
        [(other["key"], localized(other["text"], language) or other["key"]) for other in earlier],
    )


def _condition(path: str, node: Document, earlier: list[Document], language: str) -> BuilderItem:
    about = next((other for other in earlier if other["key"] == node["question"]), None)
    chosen = node.get("options", ())
    options = about.get("options", ()) if about else ()
    choices = [
        (option["key"], localized(option["label"], language) or option["key"], option["key"] in chosen)
        for option in options
    ]
    return BuilderItem(path, node, about=about, choices=choices)


def _texts(name: str, text: Any, title: Any) -> list[TextField]:
    """Return the fields of a text: one for each language of the title, or one when it is a string."""
    names = dict(settings.LANGUAGES)
    if not isinstance(title, dict):
        return [TextField(name, "", "", localized(text, "en"))]
    return [
        TextField(
            f"{name}.{language}",
            language,
            str(names.get(language, language)),
            text.get(language, "") if isinstance(text, dict) else text,
        )
        for language in title
    ]

"""Read the file: the request of CreateEvaluationForm, or the answer of DescribeEvaluationForm."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.scorecards.amazon.notes import Notes
from recordings.scorecards.amazon.shapes import AmazonForm, Outcome, Question, Section
from recordings.scorecards.strict_json import BadFile, Node, read_json
from recordings.wording import filled

MAX_BYTES = 512 * 1024
MODES = ("QUESTION_ONLY", "SECTION_ONLY", "POINTS_BASED")
# Amazon's type of question: ours, and the member of QuestionTypeProperties that describes it.
TYPES = {
    "SINGLESELECT": ("choice", "SingleSelect"),
    "MULTISELECT": ("multiple", "MultiSelect"),
    "NUMERIC": ("number", "Numeric"),
    "TEXT": ("text", "Text"),
    "DATETIME": ("date", ""),
}
_MOST_SCORE = 10
_MOST_POINTS = 100

_THRESHOLDS = _("The score thresholds of performance categories are not carried over.")
_AUTOMATION = _("The automation is not carried over: a person answers each question.")
# Members of the form that identify the file, its state and its writers. They do not describe the form.
_ADMINISTRATIVE = (
    "InstanceId", "ClientToken", "AsDraft", "EvaluationFormId", "EvaluationFormVersion", "EvaluationFormArn", "Locked",
    "Status", "CreatedTime", "CreatedBy", "LastModifiedTime", "LastModifiedBy", "LatestValidationStatus",
    "LastValidationTime",
)  # fmt: skip
_OF_FORM: dict[str, str | Promise] = {
    "Description": _("The description is not carried over: a scorecard has only a title."),
    "AutoEvaluationConfiguration": _AUTOMATION,
    "Tags": _("The tags are not carried over."),
    "ReviewConfiguration": _("Who is notified of a requested review is not carried over."),
    "TargetConfiguration": _("The kind of interaction that the form is for is not carried over."),
    "LanguageConfiguration": _("The language is not carried over: the texts are the same in every language."),
}
_OF_SECTION: dict[str, str | Promise] = {
    "Instructions": _("The instructions of the section are not carried over."),
    "ScoreThresholds": _THRESHOLDS,
}


def is_amazon(data: bytes) -> bool:
    """Return whether a file looks like a form of Amazon Connect. Raises BadFile for a file that is not JSON."""
    value = read_json(data).value
    return (
        isinstance(value, dict) and "format" not in value and bool({"EvaluationForm", "Items"} & value.keys())
    )


def read_amazon(data: bytes, notes: Notes) -> AmazonForm:
    """Read the file; add a note for each part that has no place in a form of ours. Raises BadFile."""
    if len(data) > MAX_BYTES:
        raise BadFile(_("The file is larger than 512 KiB."))
    node = read_json(data)
    if "EvaluationForm" in node.members():
        node = node.members()["EvaluationForm"]
    form = _members(
        node, "", notes, ("Title", "Items", "ScoringStrategy"), ("Title", "Items"), _OF_FORM, _ADMINISTRATIVE
    )
    mode = None
    if "ScoringStrategy" in form:
        mode = _strategy(form["ScoringStrategy"], notes)
    reader = _Reader(notes, mode)
    sections = []
    for item in form["Items"].list():
        kind, found = _union(item, ("Section", "Question"))
        if kind == "Question":
            found.refuse(_("A question must be in a section."))
        sections.append(reader.section(found, None))
    return AmazonForm(form["Title"].string(), mode, tuple(sections))


def _strategy(node: Node, notes: Notes) -> str | None:
    names = ("Mode", "Status")
    strategy = _members(node, "", notes, names, names, {"ScoreThresholds": _THRESHOLDS})
    mode = strategy["Mode"].one_of(MODES)
    return mode if strategy["Status"].one_of(("ENABLED", "DISABLED")) == "ENABLED" else None


@dataclass
class _Reader:
    """Reads sections and questions. `refs` are the identifiers so far: each must be unique in the form."""

    notes: Notes
    mode: str | None
    refs: set[str] = field(default_factory=set)

    def section(self, node: Node, parent: Section | None) -> Section:
        known = ("Title", "RefId", "Items", "Weight", "IsExcludedFromScoring")
        title = _title(node)
        about = f"{parent.about} · {title}" if parent else title
        members = _members(node, about, self.notes, known, known[:3], _OF_SECTION)
        section = Section(
            ref=self._ref(members["RefId"]),
            title=title,
            weight=_weight(members),
            is_excluded=_flag(members, "IsExcludedFromScoring") or bool(parent and parent.is_excluded),
            place=node.place,
            parent=parent,
        )
        for item in members["Items"].list():
            kind, found = _union(item, ("Section", "Question"))
            if kind == "Question":
                if section.sections:
                    self.notes.add(
                        found.place,
                        about,
                        _("The question now comes before the subsections that it followed."),
                    )
                section.questions.append(self.question(found, section))
            elif parent:
                found.refuse(_("Sections may be nested two levels deep, not more."))
            else:
                section.sections.append(self.section(found, section))
        return section

    def question(self, node: Node, section: Section) -> Question:
        known = (
            "Title", "RefId", "QuestionType", "Instructions", "NotApplicableEnabled", "QuestionTypeProperties",
            "Enablement", "Weight", "ScoringConfiguration",
        )  # fmt: skip
        text = _title(node)
        about = f"{section.about} · {text}"
        members = _members(node, about, self.notes, known, known[:3])
        kind, part = TYPES[members["QuestionType"].one_of(tuple(TYPES))]
        excluded, bonus, cap = self._scoring(members.get("ScoringConfiguration"), about)
        ends, outcomes = self._properties(members.get("QuestionTypeProperties"), node, kind, part, about)
        return Question(
            ref=self._ref(members["RefId"]),
            text=text,
            help=members["Instructions"].string() if "Instructions" in members else "",
            type=kind,
            na=_flag(members, "NotApplicableEnabled"),
            weight=_weight(members),
            is_excluded=excluded or section.is_excluded,
            is_bonus=bonus and self.mode == "POINTS_BASED",
            cap=cap,
            ends=ends,
            outcomes=outcomes,
            enablement=members.get("Enablement"),
            place=node.place,
            about=about,
        )

    def _scoring(self, node: Node | None, about: str) -> tuple[bool, bool, Fraction | None]:
        """Return whether the question is excluded, whether it is a bonus, and the most points that it gives."""
        if node is None:
            return False, False, None
        members = _members(
            node,
            about,
            self.notes,
            ("IsExcludedFromScoring", "PointsConfiguration"),
            (),
            {"ScoreThresholds": _THRESHOLDS},
        )
        excluded = _flag(members, "IsExcludedFromScoring")
        if "PointsConfiguration" not in members:
            return excluded, False, None
        known = ("MaxPointValue", "MinPointValue", "IsBonus")
        points = _members(members["PointsConfiguration"], about, self.notes, known, ())
        most = points["MaxPointValue"].json_number(0, _MOST_POINTS) if "MaxPointValue" in points else None
        return excluded, _flag(points, "IsBonus"), most

    def _properties(
        self, node: Node | None, question: Node, kind: str, part: str, about: str
    ) -> tuple[tuple[int, int] | None, tuple[Outcome, ...]]:
        """Return the ends of a number, and the options or ranges."""
        if node is None:
            if kind in ("choice", "multiple", "number"):
                question.refuse(filled(_('The key "%(key)s" is missing.'), key="QuestionTypeProperties"))
            return None, ()
        _name, properties = _union(node, (part,) if part else ())
        automation: dict[str, str | Promise] = {"Automation": _AUTOMATION}
        if kind == "text":
            _members(properties, about, self.notes, (), (), automation)
            return None, ()
        if kind == "number":
            numeric = _members(
                properties,
                about,
                self.notes,
                ("MinValue", "MaxValue", "Options"),
                ("MinValue", "MaxValue"),
                automation,
            )
            ranges = numeric["Options"].list() if "Options" in numeric else []
            return _ends(numeric), tuple(self._outcome(range_, kind, about) for range_ in ranges)
        select = _members(properties, about, self.notes, ("Options", "DisplayAs"), ("Options",), automation)
        if (
            "DisplayAs" in select
            and select["DisplayAs"].one_of(("DROPDOWN", "RADIO", "CHECKBOX")) == "DROPDOWN"
        ):
            self.notes.add(properties.place, about, _("The options are shown as a list, not as a drop-down."))
        options = tuple(self._outcome(option, kind, about) for option in select["Options"].list())
        refs = [option.ref for option in options]
        for index, ref in enumerate(refs):
            if ref in refs[:index]:
                select["Options"].list()[index].refuse(_("Another option has this RefId."))
        return None, options

    def _outcome(self, node: Node, kind: str, about: str) -> Outcome:
        names = ("MinValue", "MaxValue") if kind == "number" else ("RefId", "Text")
        scoring = ("Score", "AutomaticFail", "AutomaticFailConfiguration", "PointsConfiguration")
        members = _members(node, about, self.notes, (*names, *scoring), names)
        low, high = _ends(members) if kind == "number" else (0, 0)
        points, bonus = None, False
        if "Score" in members and self.mode != "POINTS_BASED":
            points = Fraction(members["Score"].json_integer(0, _MOST_SCORE))
        if "PointsConfiguration" in members and self.mode == "POINTS_BASED":
            given = _members(
                members["PointsConfiguration"], about, self.notes, ("PointValue", "IsBonus"), ("PointValue",)
            )
            points = Fraction(given["PointValue"].json_integer(0, _MOST_POINTS))
            bonus = _flag(given, "IsBonus")
        target = None
        if "AutomaticFailConfiguration" in members:
            limited = _members(
                members["AutomaticFailConfiguration"], about, self.notes, ("TargetSection",), ()
            )
            target = limited["TargetSection"].string() if "TargetSection" in limited else None
            if target and not _flag(members, "AutomaticFail"):
                self.notes.add(
                    node.place,
                    about,
                    _("It names a section to fail, but is not an automatic fail. Nothing fails here."),
                )
        return Outcome(
            ref=members["RefId"].string() if kind != "number" else "",
            text=members["Text"].string() if kind != "number" else "",
            low=low,
            high=high,
            points=points,
            is_bonus=bonus,
            fails=_flag(members, "AutomaticFail"),
            target=target,
            place=node.place,
        )

    def _ref(self, node: Node) -> str:
        ref = node.string()
        if ref in self.refs:
            node.refuse(_("Another section or question has this RefId."))
        self.refs.add(ref)
        return ref


def _members(
    node: Node,
    about: str,
    notes: Notes,
    known: Collection[str],
    required: Collection[str],
    dropped: Mapping[str, str | Promise] | None = None,
    ignored: Collection[str] = (),
) -> dict[str, Node]:
    """Return the members of an object, without those that are null. Note what is dropped or unknown."""
    members = {name: member for name, member in node.members().items() if member.value is not None}
    for name, member in members.items():
        if dropped and name in dropped:
            if member.value not in (False, "", [], {}, {"Enabled": False}):
                notes.add(member.place, about, dropped[name])
        elif name not in known and name not in ignored:
            notes.add(member.place, about, _("The key is not documented. It is not carried over."))
    for name in required:
        if name not in members:
            node.refuse(filled(_('The key "%(key)s" is missing.'), key=name))
    return members


def _union(node: Node, names: Collection[str]) -> tuple[str, Node]:
    """Return the one member of an object that has exactly one of these."""
    members = {name: member for name, member in node.members().items() if member.value is not None}
    if len(members) != 1 or not members.keys() <= set(names):
        node.refuse(filled(_("Exactly one of %(names)s is expected."), names=", ".join(names) or "–"))
    return next(iter(members.items()))


def _title(node: Node) -> str:
    members = node.members()
    if "Title" not in members:
        node.refuse(filled(_('The key "%(key)s" is missing.'), key="Title"))
    return members["Title"].string()


def _ends(members: dict[str, Node]) -> tuple[int, int]:
    low, high = (members[name].json_integer(-(10**9) + 1, 10**9 - 1) for name in ("MinValue", "MaxValue"))
    if low > high:
        members["MinValue"].refuse(_('"MinValue" is above "MaxValue".'))
    return low, high


def _weight(members: dict[str, Node]) -> Fraction | None:
    return members["Weight"].json_number(0, 100) if "Weight" in members else None


def _flag(members: dict[str, Node], name: str) -> bool:
    return name in members and members[name].flag()

"""Find faults in a form that can be read. Each finding has its place and says what to do."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.scorecards.form import Condition, Form, Option, Question, Range, Section
from recordings.wording import filled, in_english

MOST_QUESTIONS = 1_000
MOST_OPTIONS = 200
MOST_IN_CHAIN = 3


@dataclass(frozen=True)
class Finding:
    """A fault at a place. A form with only warnings can be used. As a text it is English."""

    place: str
    sentence: str | Promise
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.place or 'form'}: {'Warning: ' if self.warning else ''}{in_english(self.sentence)}"


def lint(form: Form) -> list[Finding]:
    """Return all findings of a form, in the order of their places; warnings last."""
    return [*_whole(form), *_sections(form), *_questions(form), *_conditions(form), *_warnings(form)]


def _whole(form: Form) -> Iterator[Finding]:
    questions = list(form.questions())
    if _is_blank(form.title):
        yield Finding("title", _("The form has no title. Give it one."))
    if form.bonus_cap is not None and form.bonus_cap < 100:
        yield Finding("bonus_cap", _('The cap is below 100. Use at least "100", or null for no cap.'))
    if len(questions) > MOST_QUESTIONS:
        yield Finding(
            "sections",
            filled(
                _("The form has too many questions: %(number)s. Use at most %(most)s."),
                number=f"{len(questions):,}",
                most=f"{MOST_QUESTIONS:,}",
            ),
        )
    if not any(question.is_scored for _section, question in questions):
        yield Finding("sections", _("The form has no scored question. Add one."))
    elif not any(
        question.is_scored and question.weight and section.weight and question.most_points
        for section, question in questions
    ):
        yield Finding(
            "sections",
            _("No question can change the score. Give one question and its section a weight above 0."),
        )


def _sections(form: Form) -> Iterator[Finding]:
    keys: set[str] = set()
    for section in form.sections:
        if section.key in keys:
            yield Finding(
                section.place,
                filled(_('Another section has the key "%(key)s". Use another key.'), key=section.key),
            )
        keys.add(section.key)
        if not section.questions:
            yield Finding(section.place, _("The section has no questions. Add one, or remove the section."))


def _questions(form: Form) -> Iterator[Finding]:
    keys: set[str] = set()
    for section, question in form.questions():
        if question.key in keys:
            yield Finding(
                question.place,
                filled(_('Another question has the key "%(key)s". Use another key.'), key=question.key),
            )
        keys.add(question.key)
        yield from _options(question)
        yield from _ranges(question)
        yield from _fails(section, question)
        if question.max_points is not None:
            total = sum((option.points for option in question.options), Fraction(0))
            if question.max_points > total:
                yield Finding(
                    f"{question.place}.max_points",
                    _("All options together give fewer points. Use their sum or less."),
                )
        if question.is_scored and not question.most_points:
            yield Finding(question.place, _('No answer gives points. Give points, or set "scored" to false.'))


def _options(question: Question) -> Iterator[Finding]:
    options = question.options
    if question.type == "choice" and question.is_scored and len(options) < 2:
        yield Finding(f"{question.place}.options", _("A scored choice needs at least two options. Add one."))
    if len(options) > MOST_OPTIONS:
        yield Finding(
            f"{question.place}.options",
            filled(
                _("The question has too many options: %(number)s. Use at most %(most)s."),
                number=f"{len(options):,}",
                most=MOST_OPTIONS,
            ),
        )
    for key, number in Counter(option.key for option in options).items():
        if number > 1:
            yield Finding(
                f"{question.place}.options",
                filled(_('Several options have the key "%(key)s". Use different keys.'), key=key),
            )


def _ranges(question: Question) -> Iterator[Finding]:
    if question.type != "number":
        return
    if not question.step:
        yield Finding(f"{question.place}.step", _('The step is 0. Use a step above 0, such as "1".'))
        return
    for range_ in question.ranges:
        ends = [end for end in (range_.low, range_.high) if end is not None]
        if any(end % question.step for end in ends):
            yield Finding(range_.place, _("An end of the range is not a multiple of the step. Change it."))
        if len(ends) == 2 and ends[0] > ends[1]:
            yield Finding(range_.place, _('"from" is above "to". Swap them.'))
    for before, after in zip(question.ranges, question.ranges[1:], strict=False):
        if before.high is None or after.low is None or after.low != before.high + question.step:
            yield Finding(
                after.place,
                _('The ranges overlap or leave a gap. Set "from" to the previous "to" plus the step.'),
            )


def _fails(section: Section, question: Question) -> Iterator[Finding]:
    outcomes: tuple[Option, ...] | tuple[Range, ...] = question.options or question.ranges
    failing = [outcome for outcome in outcomes if outcome.fail]
    best = max((outcome.points for outcome in outcomes if not outcome.fail), default=None)
    for outcome in failing:
        if question.type == "multiple":
            if outcome.points:
                yield Finding(outcome.place, _("An option that fails gives points. Give it 0 points."))
        elif best is not None and outcome.points >= best:
            yield Finding(
                outcome.place,
                _(
                    "It fails but gives as many points as the best that does not fail, or more. Give it fewer."
                ),
            )
    below = question.fail_below
    if below is not None and question.fail is None:
        yield Finding(question.place, _('"fail_below" needs "fail". Set it to "section" or "form".'))
    if below is not None and not 0 < below <= 100:
        yield Finding(f"{question.place}.fail_below", _("Use a percentage above 0 and at most 100."))
    if (failing or question.fail) and (not question.is_scored or question.bonus or section.bonus):
        yield Finding(
            question.place,
            _("An unscored question or a bonus cannot fail anything. Remove the fail."),
        )


def _conditions(form: Form) -> Iterator[Finding]:
    questions = {question.key: question for _section, question in form.questions()}
    earlier: dict[str, Question] = {}
    never: set[str] = set()  # questions that are never asked
    length: dict[str, int] = {}  # questions in the longest chain that ends with this one
    for _section, question in form.questions():
        for condition in question.conditions:
            yield from _condition(condition, question, questions, earlier)
        known = [condition for condition in question.conditions if condition.question in earlier]
        if question.joined_by == "all":
            impossible = sorted(_contradicted(known, earlier))
            for key in impossible:
                yield Finding(
                    f"{question.place}.when",
                    filled(_('No answer to "%(key)s" meets all conditions. Change one of them.'), key=key),
                )
            if impossible or any(condition.question in never for condition in known):
                never.add(question.key)
        elif known and all(
            condition.question in never or _contradicted([condition], earlier) for condition in known
        ):
            never.add(question.key)
        if question.key in never and any(condition.question in never for condition in known):
            yield Finding(
                f"{question.place}.when",
                _("The question depends on questions that are never asked. Change its conditions."),
            )
        chain = 1 + max((length[condition.question] for condition in known), default=0)
        if chain > MOST_IN_CHAIN:
            yield Finding(
                f"{question.place}.when",
                filled(
                    _(
                        "Too many questions depend on one another in a chain: %(number)s. Use at most %(most)s."
                    ),
                    number=chain,
                    most=MOST_IN_CHAIN,
                ),
            )
        earlier[question.key], length[question.key] = question, chain


def _condition(
    condition: Condition, question: Question, questions: dict[str, Question], earlier: dict[str, Question]
) -> Iterator[Finding]:
    if condition.question == question.key:
        yield Finding(condition.place, _("The question depends on itself. Name an earlier question."))
        return
    if condition.question not in questions:
        yield Finding(
            condition.place,
            filled(_('There is no question "%(key)s". Name an existing one.'), key=condition.question),
        )
        return
    if condition.question not in earlier:
        yield Finding(
            condition.place,
            filled(_('The question "%(key)s" comes later. Name an earlier one.'), key=condition.question),
        )
        return
    target = earlier[condition.question]
    if target.type not in (("number",) if condition.op == "in_range" else ("choice", "multiple")):
        yield Finding(
            condition.place,
            filled(
                _('"%(op)s" cannot be used with a question of type %(type)s.'),
                op=condition.op,
                type=target.type,
            ),
        )
    elif condition.op == "in" and not condition.options:
        yield Finding(condition.place, _('The "in" has no option. Name one.'))
    elif condition.op == "in_range":
        if target.step and not _has_multiple(condition.low, condition.high, target.step):
            yield Finding(
                condition.place,
                filled(_('The range contains no answer to "%(key)s". Widen it.'), key=target.key),
            )
    else:
        defined = {option.key for option in target.options}
        for option in condition.options:
            if option not in defined:
                yield Finding(
                    condition.place,
                    filled(
                        _('"%(key)s" has no option "%(option)s". Name one of its options.'),
                        key=target.key,
                        option=option,
                    ),
                )


def _contradicted(conditions: Iterable[Condition], questions: dict[str, Question]) -> set[str]:
    """Return the questions for which no answer can meet all conditions."""
    about: dict[str, list[Condition]] = {}
    for condition in conditions:
        about.setdefault(condition.question, []).append(condition)
    return {key for key, group in about.items() if not _satisfiable(group, questions[key])}


def _satisfiable(conditions: list[Condition], question: Question) -> bool:
    if question.type == "number":
        return question.step == 0 or any(
            _has_multiple(
                _highest([range_.low, *(c.low for c in conditions)]),
                _lowest([range_.high, *(c.high for c in conditions)]),
                question.step,
            )
            for range_ in question.ranges
        )
    keys = {option.key for option in question.options}
    excluded = {key for condition in conditions if condition.op == "not_in" for key in condition.options}
    required = [set(condition.options) & keys for condition in conditions if condition.op == "in"]
    if question.type == "multiple":
        return all(options - excluded for options in required)
    return bool(keys.intersection(*required) - excluded)


def _has_multiple(low: Fraction | None, high: Fraction | None, step: Fraction) -> bool:
    """Tell whether a multiple of `step` is between the ends, both included. An end of None is open."""
    return low is None or high is None or high // step * step >= low


def _highest(ends: list[Fraction | None]) -> Fraction | None:
    return max((end for end in ends if end is not None), default=None)


def _lowest(ends: list[Fraction | None]) -> Fraction | None:
    return min((end for end in ends if end is not None), default=None)


def _warnings(form: Form) -> Iterator[Finding]:
    failing = [question for _section, question in form.questions() if "form" in _possible_fails(question)]
    if len(failing) == 1 and failing[0].na:
        yield Finding(
            failing[0].place,
            _("This is the only question that can fail the form, but it allows N/A."),
            warning=True,
        )


def _possible_fails(question: Question) -> set[str | None]:
    fails = {option.fail for option in question.options} | {range_.fail for range_ in question.ranges}
    return fails | ({question.fail} if question.fail_below is not None else set())


def _is_blank(text: str | dict[str, str]) -> bool:
    texts = [text] if isinstance(text, str) else list(text.values())
    return not texts or any(not translation.strip() for translation in texts)

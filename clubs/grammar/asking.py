"""Ask back: which single problem a report has, and the sentence that names it beside a right example."""

from clubs.grammar.context import BY_DIGIT, Asked, Context, Draft, Prompt
from clubs.grammar.echo import counted, numbered, say
from clubs.grammar.gsm import cut, fold
from clubs.grammar.replies import EXAMPLES, FIELD_NAMES, LABELLED
from clubs.grammar.values import COUNTED, OF_A_CLUB, Flag, Kind, Outcome, Parsed, Problem, ProblemId, Values
from clubs.grammar.verdict import Do, Effect, Verdict
from clubs.grammar.words import ACTIONS, EVENTS, REASONS

LONGEST_QUOTE = 20
NEAREST = 2


def people(values: Values) -> int:
    """Women and men together; unknown ones count nothing."""
    return (values.women or 0) + (values.men or 0)


def first_problem(kind: Kind, values: Values, context: Context) -> Problem | None:
    """The first thing wrong with the figures of a report (field.md 2.2, checks), or None."""
    unknown = _unknown_code(kind, values, context)
    if unknown is not None:
        return unknown
    shape = context.vocabulary.shapes.get(kind)
    missing = [name for name in shape.required if getattr(values, name) is None] if shape else []
    if missing:
        return Problem(ProblemId.MISSING, missing[0])
    if kind is Kind.QZ:
        return _quiz_problem(values)
    if kind not in COUNTED:
        return None
    if people(values) == 0:
        return Problem(ProblemId.NOBODY)
    if (values.youth or 0) > people(values):
        return Problem(ProblemId.YOUTH)
    if (values.mothers or 0) > (values.women or 0):
        return Problem(ProblemId.MOTHERS)
    return None


def _unknown_code(kind: Kind, values: Values, context: Context) -> Problem | None:
    if kind in {Kind.CR, Kind.QZ}:
        strange = [code for code in values.themes if code not in context.themes]
        return Problem(ProblemId.THEME, str(strange[0])) if strange else None
    lists = {
        Kind.DC: (values.recipe, context.recipes, ProblemId.RECIPE),
        Kind.EV: (values.event_type, EVENTS.keys(), ProblemId.EVENT_TYPE),
        Kind.RAS: (values.reason, REASONS, ProblemId.REASON),
        Kind.AC: (values.action_type, ACTIONS.keys(), ProblemId.ACTION_TYPE),
    }
    if kind not in lists:
        return None
    code, known, problem = lists[kind]
    return Problem(problem, str(code)) if code is not None and code not in known else None


def _quiz_problem(values: Values) -> Problem | None:
    if values.more_themes:
        return Problem(ProblemId.PLUS)
    voters = values.voters or 0
    for right in (values.before or 0, values.after or 0):
        if right > voters:
            return Problem(ProblemId.QUIZ, str(right))
    return Problem(ProblemId.MISSING, "voters") if voters == 0 else None


def ask(
    context: Context,
    parsed: Parsed,
    problem: Problem,
    *,
    heard: Kind | None = None,
    keep: bool = True,
    prompt: Prompt | None = None,
    reply: str | None = None,
) -> Verdict:
    """One question back; a club's report is kept as a draft, so that a single piece can complete it."""
    effect = Effect()
    if keep and parsed.kind in OF_A_CLUB:
        effect = Effect(Do.DRAFT, opens=prompt, closes=superseded(context))
    return Verdict(
        Outcome.ASK,
        parsed.kind,
        heard or parsed.kind,
        parsed.values,
        sentence(context, parsed, problem) if reply is None else reply,
        effect,
        problem.id,
        parsed.flags,
    )


def superseded(context: Context) -> tuple[Prompt, ...]:
    """Choices about an earlier report: once a new one arrives, a late digit must not fall on them."""
    return tuple(item for item in context.prompts if item.asked in {Asked.SESSION, Asked.CLUB})


def draft_of(context: Context, verdict: Verdict) -> Draft:
    """The draft that an ASK with Do.DRAFT leaves."""
    problem = Problem(verdict.problem or ProblemId.MISSING)
    return Draft(verdict.kind, verdict.values, context.now, problem, verdict.flags - {Flag.INFERRED})


def _nearest(context: Context, code: int) -> list[str]:
    close = sorted(context.themes, key=lambda known: (abs(known - code), known))[:NEAREST]
    return [f"{known} {fold(context.themes[known][1])}" for known in close]


def sentence(context: Context, parsed: Parsed, problem: Problem) -> str:
    """The reply that names `problem`."""
    kind, values = parsed.kind, parsed.values
    label = f"ask_{problem.id.value}"
    words: dict[str, object] = {
        "word": cut(fold(problem.word), LONGEST_QUOTE),
        "example": EXAMPLES.get(kind.value, EXAMPLES["CR"]),
        "labelled": LABELLED.get(kind.value, LABELLED["CR"]),
        "keyword": kind.value,
    }
    if problem.id in {ProblemId.MISSING, ProblemId.REPEATED}:
        words["field"], words["piece"] = FIELD_NAMES[problem.word]
        started = any(getattr(values, name) is not None for name in ("theme", "women", "men", "recipe", "event_type"))
        if problem.id is ProblemId.MISSING and not (started and words["piece"]):
            label = "ask_missing_first"
    elif problem.id is ProblemId.THEME:
        words["list"] = ", ".join(_nearest(context, int(problem.word)))
    elif problem.id is ProblemId.YOUTH:
        words |= {"youth": values.youth, "total": people(values)}
    elif problem.id is ProblemId.MOTHERS:
        words |= {"mothers": values.mothers, "women": counted("women", values.women or 0)}
    elif problem.id is ProblemId.QUIZ:
        words["voters"] = values.voters
    elif problem.id is ProblemId.PROPOSAL:
        words["example"] = _proposed_example(context, problem.word)
    elif problem.id is ProblemId.NO_TEXT:
        label = f"ask_no_text_{kind.value}"
    elif problem.id is ProblemId.LANGUAGE:
        words["list"] = language_list(context)
    return say(context, label, **words)


def _proposed_example(context: Context, alias: str) -> str:
    head = alias.split()[0]
    return EXAMPLES.get(context.vocabulary.aliases.get(head, Kind.CR).value, head)


def language_list(context: Context) -> str:
    """`1 francais, 2 bambara...`."""
    return numbered([fold(language.label) for language in context.languages], 120)


def not_offered(context: Context, parsed: Parsed, prompt: Prompt) -> Verdict:
    """A digit outside the choices of its prompt; `prompt` takes digits."""
    assert prompt.asked in BY_DIGIT
    digits = [str(index) for index in range(1, len(prompt.options) + 1)]
    reply = say(context, "ask_not_offered", word=parsed.values.digit, list=" ou ".join(digits), first=digits[0])
    return ask(context, parsed, Problem(ProblemId.NOT_OFFERED), reply=reply)

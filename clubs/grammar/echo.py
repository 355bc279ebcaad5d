"""Say figures back in words, within one SMS (field.md 2.3): `18 femmes`, `0 homme`, `dont 9 jeunes`.

The wordings get shorter from the first to the last, down to labels; the figures are the same in all of them.
"""

from collections.abc import Iterator, Mapping

from clubs.grammar.context import Context, Version
from clubs.grammar.dates import in_words
from clubs.grammar.gsm import LIMIT, cut, first_that_fits, fold, septets
from clubs.grammar.values import Kind, Values
from clubs.grammar.words import ACTIONS, EVENTS, OTHER_ACTION

_NOUNS = {
    "women": ("femme", "femmes", "F"),
    "men": ("homme", "hommes", "H"),
    "youth": ("jeune", "jeunes", "J"),
    "mothers": ("mère", "mères", "M"),
    "children": ("enfant", "enfants", "E"),
    "villages": ("village", "villages", "V"),
    "before": ("juste avant", "justes avant", "AV"),
    "after": ("juste après", "justes après", "AP"),
    "voters": ("votant", "votants", "N"),
}
_CHANGED = {
    **{name: nouns[1] for name, nouns in _NOUNS.items()},
    "radio": "radio",
    "recipe": "recette",
    "reason": "motif",
    "event_type": "type",
}


def say(context: Context, label: str, **words: object) -> str:
    """The sentence of this label with `{name}` replaced; words are cut, never figures, should it be too long."""
    template = context.replies[label]
    written = {name: fold(str(word)) for name, word in words.items()}
    text = template.format_map(written)
    longest = max(written, key=lambda name: len(written[name]), default="")
    if septets(text) > LIMIT and longest:
        room = len(written[longest]) - (septets(text) - LIMIT)
        text = template.format_map({**written, longest: cut(written[longest], room)})
    return text


def counted(name: str, number: int) -> str:
    """`1 femme`, `0 homme`, `7 hommes`."""
    one, many, _ = _NOUNS[name]
    return f"{number} {one if number < 2 else many}"


def themes(context: Context, values: Values, short: bool = False) -> str:
    """The names of the session's themes, joined by +."""
    return " + ".join(fold(context.themes[code][1 if short else 0]) for code in values.themes if code in context.themes)


def _subject(context: Context, kind: Kind, values: Values, short: bool) -> list[str]:
    if kind in {Kind.CR, Kind.QZ}:
        return [themes(context, values, short)]
    if kind is Kind.DC:
        return [f"recette {values.recipe}"]
    return [EVENTS[values.event_type or 0]] if kind is Kind.EV else [f"motif {values.reason}"] if values.reason else []


def _figures(kind: Kind, values: Values, short: bool) -> list[str]:
    if kind is Kind.QZ:
        return [f"{values.before} puis {values.after} sur {values.voters}"]
    parts = []
    for name in ("women", "men", "youth", "mothers", "children", "villages"):
        number = getattr(values, name)
        if number is not None:
            text = f"{_NOUNS[name][2]}{number}" if short else counted(name, number)
            parts.append(f"dont {text}" if name == "youth" and not short else text)
    if values.radio is not None:
        said = "oui" if values.radio else "non"
        parts.append(f"R {said}" if short else f"radio {said}")
    return parts


def facts(context: Context, kind: Kind, values: Values, brevity: int = 0) -> str:
    """Club, day, subject, figures; `brevity` 0 in full, 1 short names, 2 labels for nouns, 3 the codes of the themes."""
    place = [f"club {values.club}", in_words(values.date) if values.date else ""]
    subject = _subject(context, kind, values, brevity > 0)
    if brevity > 2 and values.themes:
        subject = ["T" + "+".join(map(str, values.themes))]
    return ", ".join(part for part in (*place, *subject, *_figures(kind, values, brevity > 1)) if part)


def _written(context: Context, name: str, values: Values) -> str:
    value = getattr(values, name)
    if value is None:
        return "?"
    return ("oui" if value else "non") if isinstance(value, bool) else str(value)


def changes(context: Context, old: Values, new: Values) -> list[str]:
    """`femmes 21 (avant 18)` for each figure that differs, an unknown one as `?`: an arrow is read as "greater than"."""
    found = [f"{themes(context, new, True)} (avant {themes(context, old, True)})"] if old.themes != new.themes else []
    for name, noun in _CHANGED.items():
        if getattr(old, name) != getattr(new, name):
            found.append(f"{noun} {_written(context, name, new)} (avant {_written(context, name, old)})")
    return found


def _with_tails(
    context: Context, label: str, words: Mapping[str, object], wordings: list[str], tails: bool = True
) -> Iterator[str]:
    for text in wordings:
        start = context.replies[label].format_map({**words, "facts": text})
        for tail in ("tail", "tail_short", "") if tails else ("",):
            yield start + (context.replies[tail] if tail else "")


def echo(context: Context, label: str, kind: Kind, values: Values, tails: bool = True, **words: object) -> str:
    """A report said back under this label, as fully as one SMS allows, with how to correct it if `tails`."""
    wordings = [facts(context, kind, values, brevity) for brevity in range(4)]
    return first_that_fits(_with_tails(context, label, words, wordings, tails))


def echo_fix(context: Context, kind: Kind, old: Version, values: Values) -> str:
    """What changed in a report, its theme named."""
    told = changes(context, old.values, values)
    place = f"club {values.club}, {in_words(values.date) if values.date else ''}"
    subject = ", ".join(_subject(context, kind, values, False))
    short = ", ".join(_subject(context, kind, values, True))
    wordings = [
        ", ".join(part for part in (place, subject, *told) if part),
        ", ".join(part for part in (place, short, *told) if part),
        ", ".join(part for part in (f"club {values.club}", *told) if part),
        facts(context, kind, values, 1),
        facts(context, kind, values, 2),
        facts(context, kind, values, 3),
    ]
    return first_that_fits(_with_tails(context, "fixed", {"number": old.number}, wordings))


def action(values: Values) -> str:
    """The action's type and words; the type OTHER is not worth naming beside words."""
    name = ACTIONS[values.action_type or OTHER_ACTION]
    note = fold(values.note or "")
    if not note:
        return name
    return note if values.action_type in {None, OTHER_ACTION} else f"{name}, {note}"


def numbered(names: list[str], room: int = 90) -> str:
    """`1 x, 2 y`, as many as fit in `room` characters."""
    text = ""
    for index, name in enumerate(names, 1):
        longer = f"{text}, {index} {name}" if text else f"{index} {name}"
        if len(longer) > room:
            return f"{text}.."
        text = longer
    return text

"""How a facilitator types a report on a simple phone: the many right ways of the field guide, and some wrong ones."""

from datetime import date
from random import Random

from tests.quarter.life import Action, Fact, Values

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
WORDS = {
    "CR": ("CR", "cr", "Cr", "KR", "C.R", "rapport", "séance"),
    "QZ": ("QZ", "qz", "KZ", "quiz"),
    "DC": ("DC", "dc", "démo"),
    "EV": ("EV", "ev"),
    "RAS": ("RAS", "ras", "rien"),
}
NOTES = ("Merci Awa", "bonne ambiance", "Que Dieu nous aide", "merci beaucoup")
# The order of a kind's figures where they stand without labels; what comes after `required` may be left out.
ORDER = {
    "CR": ("theme", "women", "men", "youth", "radio"),
    "QZ": ("theme", "before", "after", "voters"),
    "DC": ("recipe", "women", "men", "children"),
    "EV": ("type", "women", "men", "villages"),
}
LABELS = {
    "CR": {"theme": "T", "women": "F", "men": "H", "youth": "J", "radio": "R", "mothers": "M"},
    "QZ": {"theme": "T", "before": "AV", "after": "AP", "voters": "N"},
    "DC": {"recipe": "P", "women": "F", "men": "H", "children": "E"},
    "EV": {"women": "F", "men": "H", "villages": "V"},
}
SPELLED = {"theme": "thème", "women": "femmes", "men": "hommes", "youth": "jeunes", "radio": "radio", "mothers": "mères"}


def day_words(chance: Random, day: date, today: date) -> str:
    """The session's day as a label, nothing where the day of sending says it."""
    gone = (today - day).days
    if gone == 0:
        return chance.choice(("", "", "", "D auj"))
    said = [f"D{day.day}/{day.month}", f"D{day.day}/{day.month:02}/{day.year}"]
    if gone == 1:
        said += ["D hier", "D hier"]
    if gone <= 6:
        said += [f"D {WEEKDAYS[day.weekday()]}", f"D{day.day}"]
    return chance.choice(said)


def report(chance: Random, fact: Fact, today: date, *, code: bool, plain: bool = False) -> str:
    """One right way to write it; `code` with the club's, `plain` without anything unusual."""
    where = _where(chance, fact, today, code)
    if fact.kind == "RAS":
        reason = fact.values["reason"]
        return " ".join(word for word in (chance.choice(WORDS["RAS"]), str(reason or ""), *where) if word)
    if fact.kind == "CR" and not plain and chance.random() < 0.3:
        labelled = _spelled(fact.values) if chance.random() < 0.5 else _short(chance, fact)
        return " ".join([chance.choice(WORDS["CR"][:3]), *where, labelled])
    if fact.kind != "CR" and not plain and chance.random() < 0.2:
        return " ".join([chance.choice(WORDS[fact.kind]), *where, _short(chance, fact)])
    return _in_order(chance, fact, where, plain)


def labelled(chance: Random, fact: Fact, today: date, *, code: bool) -> str:
    """With a letter before each figure: what somebody sends who was not understood."""
    return " ".join([fact.kind, *_where(chance, fact, today, code), _short(chance, fact)])


def _where(chance: Random, fact: Fact, today: date, code: bool) -> list[str]:
    words = [day_words(chance, fact.day, today), f"C{fact.club.code}" if code else ""]
    chance.shuffle(words)
    return [word for word in words if word]


def theme_of(values: Values) -> str:
    """One theme, or two joined."""
    return f"{values['theme']}+{values['second']}" if values.get("second") else str(values["theme"])


def _short(chance: Random, fact: Fact) -> str:
    first = "" if fact.kind != "EV" else f"{fact.values['type']} "
    pairs = [
        f"{letter}{theme_of(fact.values) if name == 'theme' else fact.values[name]}"
        for name, letter in LABELS[fact.kind].items()
        if fact.values[name] is not None
    ]
    chance.shuffle(pairs)
    return first + " ".join(pairs)


def _spelled(values: Values) -> str:
    parts = [f"thème {theme_of(values)}"]
    for name, word in SPELLED.items():
        value = values[name]
        if value is not None and name != "theme":
            parts.append(f"{word} {('non', 'oui')[value] if name == 'radio' else value}")
    return " ".join(parts)


def in_order(fact: Fact) -> list[str]:
    """The figures in their places; X for one that nobody counted before one that somebody did."""
    figures = ["X" if fact.values[name] is None else str(fact.values[name]) for name in ORDER[fact.kind]]
    while figures[-1] == "X":
        figures.pop()
    if "theme" in fact.values:
        figures[0] = theme_of(fact.values) if fact.kind == "CR" else figures[0]
    return figures


def _in_order(chance: Random, fact: Fact, where: list[str], plain: bool) -> str:
    figures = in_order(fact)
    mothers = fact.values.get("mothers")
    bare = not where and mothers is None and not fact.values.get("second")
    if plain or not bare:
        tail = [f"M{mothers}"] if mothers is not None else []
        return " ".join([chance.choice(WORDS[fact.kind]), *where, *figures, *tail])
    keyword = chance.choice(WORDS[fact.kind])
    glue = chance.choice((" ", " ", " ", ".", "*", " , ", "-"))
    ends = chance.choice(("", "", "", "#", f" {chance.choice(NOTES)}")) if len(figures) > 3 else ""
    return f"{keyword}{glue}{glue.join(figures)}{ends}"


def action(chance: Random, given: Action, today: date, *, code: bool) -> str:
    """An action decided; the days it may take where they were said."""
    where = [day_words(chance, given.day, today), f"C{given.club.code}" if code else ""]
    within = f"E{given.days}" if given.days else ""
    note = f"{given.quantity} pieds de moringa" if given.type == 2 else f"avec {given.quantity} familles du village"
    return " ".join(word for word in ("AC", *where, str(given.type), within, note) if word)


def question(chance: Random, place: int) -> str:
    """Words that nobody else asked."""
    food = chance.choice(("l'oeuf", "la patate orange", "le poisson sec", "la mangue", "le gombo"))
    return f"Q Comment conserver {food} pour la famille numero {place} ?"


def typed_letters(chance: Random, text: str) -> str | None:
    """The same with O, l or I typed for a 0 or 1 that touches a digit; None where there is none."""
    places = [
        place
        for place, digit in enumerate(text)
        if digit in "01" and (text[place - 1 : place].isdigit() or text[place + 1 : place + 2].isdigit())
    ]
    if not places:
        return None
    place = chance.choice(places)
    return text[:place] + {"0": "O", "1": "l"}[text[place]] + text[place + 1 :]

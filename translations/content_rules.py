"""What a content file must keep to: sizes, letters, sources, and the tone agreed for talking with families.

The word lists catch slips, not intentions: a text that passes them is still a draft that people have to approve.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from translations.content_entries import (
    MAX_EXPLANATION,
    ContentLibrary,
    Entry,
    Mark,
    MessageText,
    QuizText,
    ReplyText,
    Sourced,
    Theme,
)
from translations.sms import measure

CORE_WITHIN = 60
VOICE_WORDS = range(45, 101)
"""Twenty to forty seconds at the pace of a radio announcer, about 140 words a minute."""
VOICE_CORE_WORDS = 35
"""What the same announcer says in fifteen seconds."""
BEGINNINGS = ("ne ", "n'", "arrêtez", "jamais", "pourquoi", "trop de", "vous ne", "vous n'", "attention", "il ne faut")
"""A text that begins so forbids or reproaches before it has said what to do."""

_SLIPS: tuple[tuple[str, str], ...] = (
    (r"\d+\s*(mg|µg|g|ml|cl|ui)|gélules?|comprimés? par jour", "donne une dose : envoyez plutôt vers l'ASC ou le CSCom"),
    (
        r"paracétamol|amoxicilline|albendazole|mébendazole|artéméther|quinine|ibuprofène|acide folique|zinc",
        "nomme un médicament : dites plutôt ce que donne l'agent de santé",
    ),
    (r"maggi|nestlé|cérélac|cerelac|plumpy\S*|nido|jumbo|lait infantile", "nomme une marque ou un lait du commerce"),
    (r"honte|coupables?|(votre|sa|leur) faute|néglig\w+|ignorant\w*|paresseu\w+|mauvaise mère|vous devez", "fait un reproche"),
    (r"mourir|meurt|mort|mortel\w*|danger\w*|malheur\w*|peur", "fait peur"),
    (r"guéri\w*|miracle\w*|soigne tout|fois plus", "promet trop"),
    (r"vous êtes (enceinte|malade)|votre (grossesse|maladie)", "désigne la personne qui écoute : parlez de la famille"),
)
_UNWELCOME = tuple((re.compile(rf"\b(?:{words})\b", re.IGNORECASE), fault) for words, fault in _SLIPS)
_WORD = re.compile(r"\w[\w'’]*")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LABEL = re.compile(r"[a-z][a-z0-9_]*")
_E = TypeVar("_E", bound=Entry)
_CERTAINTY = {Mark.READ: 0, Mark.SECOND_HAND: 1, Mark.TO_CONFIRM: 2}


@dataclass(frozen=True)
class Problem:
    """One mistake: `line` is that of the entry's heading, 0 when unknown; `key` the entry's name, "" when it has none."""

    file: str
    line: int
    key: str
    sentence: str

    def __str__(self) -> str:
        line = f", ligne {self.line}" if self.line else ""
        key = f" [{self.key}]" if self.key else ""
        return f"{self.file}{line}{key} : {self.sentence}"


def problems_of(library: ContentLibrary, refused: Collection[str] = ()) -> list[Problem]:
    """Every rule broken in a library. `refused` names entries that could not be read: nobody is blamed for citing one."""
    cited = _Cited(library, refused)
    sourced: tuple[MessageText | QuizText, ...] = (*library.messages, *library.quizzes)
    checked: list[tuple[Entry, Iterator[str]]] = [
        *((theme, _theme(theme)) for theme in library.themes),
        *((entry, cited.sentences(entry)) for entry in sourced),
        *((message, _message(message)) for message in library.messages),
        *((quiz, _quiz(quiz)) for quiz in library.quizzes),
        *((reply, _reply(reply)) for reply in library.replies),
        *((prompt, _label(prompt.label)) for prompt in library.prompts),
    ]
    found = [_problem(entry, sentence) for entry, sentences in checked for sentence in sentences]
    for entries in (library.themes, library.facts, sourced, library.replies, library.prompts):
        found += _twice(entries, _name, "Le nom « {} » est déjà pris")
    asked = [quiz for quiz in library.quizzes if quiz.club_question]
    return found + _twice(asked, lambda quiz: str(quiz.theme), "Le thème {} a déjà sa question du club")


class _Cited:
    """Checks what a text refers to: its theme, its facts, and how sure they let it be."""

    def __init__(self, library: ContentLibrary, refused: Collection[str]) -> None:
        self._themes = {str(theme.code) for theme in library.themes} | set(refused)
        self._facts = {fact.number: fact for fact in library.facts}
        self._refused = refused

    def sentences(self, entry: Sourced) -> Iterator[str]:
        if not _SLUG.fullmatch(entry.key) or len(entry.key) > 64:
            yield "La clé ne prend que des minuscules sans accent, des chiffres et des tirets, 64 signes au plus."
        if len(entry.source) > 200:
            yield f"« source » a {len(entry.source)} signes. Il en faut 200 au plus."
        if str(entry.theme) not in self._themes:
            yield f"Le thème {entry.theme} n'existe pas. Regardez themes.toml."
        for number in entry.facts:
            fact = self._facts.get(number)
            if fact is None and str(number) not in self._refused:
                yield f"Le fait {number} n'existe pas. Regardez facts.toml."
            elif fact is not None and not fact.publishable:
                yield f"Le fait {number} ne se publie pas encore : les sources ne sont pas d'accord."
        known = [self._facts[number].mark for number in entry.facts if number in self._facts]
        weakest = max(known, key=_CERTAINTY.__getitem__, default=entry.mark)
        if _CERTAINTY[entry.mark] < _CERTAINTY[weakest]:
            yield f"La marque {entry.mark} est trop sûre : l'un des faits cités porte la marque {weakest}."


def _theme(theme: Theme) -> Iterator[str]:
    if not 11 <= theme.code <= 99:
        yield "Le code d'un thème a deux chiffres, de 11 à 99."
    for name, text, most in (("court", theme.short, 24), ("mot", theme.word, 12)):
        yield from _cheap(name, text)
        if len(text) > most:
            yield f"« {name} » a {len(text)} signes. Il en faut {most} au plus."
    if len(theme.group) > 40:
        yield "« groupe » a plus de 40 signes."


def _message(message: MessageText) -> Iterator[str]:
    yield from _title(message.title)
    yield from _cheap("texte", message.text)
    yield from _parts("texte", message.text, 2)
    if "." not in message.text[:CORE_WITHIN]:
        yield f"L'action vient d'abord : finissez-la par un point avant le {CORE_WITHIN}e signe de « texte »."
    if message.text.lower().startswith(BEGINNINGS):
        yield "« texte » commence par un interdit ou un reproche. Commencez par ce que l'on peut faire."
    words = _WORD.findall(message.voice)
    if len(words) not in VOICE_WORDS:
        yield (f"« voix » a {len(words)} mots. Il en faut {VOICE_WORDS.start} à {VOICE_WORDS.stop - 1}, soit 20 à 40 secondes.")
    first = re.split(r"[.!?]", message.voice, maxsplit=1)[0]
    if len(_WORD.findall(first)) > VOICE_CORE_WORDS:
        yield f"La première phrase de « voix » porte l'essentiel : {VOICE_CORE_WORDS} mots au plus, dits en 15 secondes."
    yield from _tone(("titre", message.title), ("texte", message.text), ("voix", message.voice))


def _quiz(quiz: QuizText) -> Iterator[str]:
    choices = f"{len(quiz.options)} réponse{'s' if len(quiz.options) > 1 else ''} au choix"
    if len(quiz.options) not in (2, 3):
        yield f"La question a {choices}. Il en faut 2 ou 3."
    if len(set(quiz.options)) != len(quiz.options):
        yield "Deux réponses au choix sont les mêmes."
    if not 1 <= quiz.right <= len(quiz.options):
        yield f"« juste » vaut {quiz.right}, et la question a {choices}."
    if not quiz.question.endswith("?"):
        yield "La question finit par un point d'interrogation."
    yield from _cheap("question", quiz.sms)
    yield from _parts("question", quiz.sms, 2)
    yield from _cheap("explication", quiz.explanation)
    if (size := measure(quiz.explanation).characters) > MAX_EXPLANATION:
        yield f"« explication » a {size} signes. Il en faut {MAX_EXPLANATION} au plus."
    yield from _tone(("question", quiz.sms), ("explication", quiz.explanation))


def _reply(reply: ReplyText) -> Iterator[str]:
    yield from _label(reply.label)
    yield from _title(reply.title)
    asked, given = set(reply.placeholders), {name for name, _ in reply.sample}
    if any(reply.text.count(brace) != sum(reply.text.count(f"{{{name}}}") for name in asked) for brace in "{}"):
        yield "Une accolade de « texte » n'entoure pas un nom simple, comme {langue}."
    for name in sorted(asked - given):
        yield f"« exemple » ne donne rien pour {{{name}}}."
    for name in sorted(given - asked):
        yield f"« exemple » parle de {{{name}}}, qui n'est pas dans « texte »."
    if asked <= given:
        yield from _cheap("texte", reply.longest)
        yield from _parts("texte", reply.longest, 1)


def _title(title: str) -> Iterator[str]:
    if len(title) > 120:
        yield f"« titre » a {len(title)} signes. Il en faut 120 au plus."


def _label(label: str) -> Iterator[str]:
    if not _LABEL.fullmatch(label):
        yield "Ce nom ne prend que des minuscules sans accent, des chiffres et le signe _."


def _cheap(name: str, text: str) -> Iterator[str]:
    """One sentence for all the letters of a text that would make it dearer."""
    dear = {d.character: d.replacement for d in measure(text).dear}
    if not dear:
        return
    shown = "; ".join(f"{c} (écrivez {new})" if new else c for c, new in dear.items())
    yield f"« {name} » contient des signes qui rendent le SMS plus cher : {shown}."


def _parts(name: str, text: str, most: int) -> Iterator[str]:
    size = measure(text)
    if size.parts > most:
        yield f"« {name} » prend {size.parts} SMS ({size.characters} signes). Il en faut {most} au plus."


def _tone(*texts: tuple[str, str]) -> Iterator[str]:
    for name, text in texts:
        for pattern, fault in _UNWELCOME:
            if found := pattern.search(text):
                yield f"« {name} » {fault} (« {found.group()} »)."


def _problem(entry: Entry, sentence: str) -> Problem:
    return Problem(entry.place.file, entry.place.line, _name(entry), sentence)


def _name(entry: Entry) -> str:
    names = (getattr(entry, name, None) for name in ("key", "label", "code", "number"))
    return next(str(name) for name in names if name is not None)


def _twice(entries: Sequence[_E], name: Callable[[_E], str], sentence: str) -> list[Problem]:
    first: dict[str, Entry] = {}
    found = []
    for entry in entries:
        before = first.setdefault(name(entry), entry)
        if before is not entry:
            where = f", dans {before.place.file}, ligne {before.place.line}."
            found.append(_problem(entry, sentence.format(name(entry)) + where))
    return found

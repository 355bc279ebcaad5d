"""Reads the content files that a nutrition officer edits and says, in French, all that is wrong with them at once.

The files' own words are French (`cle`, `texte`, `faits`): the people who open them are not programmers.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from translations.content_entries import (
    ContentLibrary,
    Entry,
    Fact,
    Mark,
    MessageText,
    Pack,
    Place,
    PromptText,
    QuizText,
    ReplyText,
    Season,
    Theme,
)
from translations.content_rules import Problem, problems_of
from translations.errors import TranslationError
from translations.sms import prepare

SHIPPED = Path(__file__).parent / "content"
"""The library that comes with the product; every text in it is a draft."""

_HEADER = re.compile(r"^\s*\[\[\s*(\w+)\s*\]\]", re.MULTILINE)
_E = TypeVar("_E", bound=Entry)
_C = TypeVar("_C", bound=StrEnum)


class ContentFileError(TranslationError):
    """The files hold mistakes; `problems` lists all of them, in the order of the files."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def read(folder: Path = SHIPPED) -> ContentLibrary:
    """The library in `folder`/*.toml. Raises `ContentFileError` with every problem found."""
    reading = _Reading()
    for path in sorted(folder.glob("*.toml")):
        reading.file(path)
    if not reading.files:
        reading.problems.append(Problem("", 0, "", "Ce dossier ne contient aucun fichier .toml."))
    library = ContentLibrary(
        themes=reading.all(Theme),
        facts=reading.all(Fact),
        messages=reading.all(MessageText),
        quizzes=reading.all(QuizText),
        replies=reading.all(ReplyText),
        prompts=reading.all(PromptText),
    )
    # A file that cannot be read would make its themes and facts look unknown everywhere else.
    found = reading.problems if reading.unreadable else [*reading.problems, *problems_of(library, reading.refused)]
    if found:
        raise ContentFileError(tuple(sorted(found, key=lambda p: (p.file, p.line))))
    return library


@dataclass
class _Reading:
    problems: list[Problem] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    files: int = 0
    unreadable: bool = False
    refused: set[str] = field(default_factory=set)

    def all(self, kind: type[_E]) -> tuple[_E, ...]:
        return tuple(entry for entry in self.entries if isinstance(entry, kind))

    def file(self, path: Path) -> None:
        self.files += 1
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            self._unreadable(path, 0, "Ce fichier n'est pas en UTF-8. Enregistrez-le de nouveau en UTF-8.")
            return
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            where = re.search(r"line (\d+)", str(error))
            line = int(where.group(1)) if where else text.count("\n") + 1
            self._unreadable(path, line, "La lecture s'arrête ici. Vérifiez les guillemets, les crochets et le signe =.")
            return
        for kind, line, table in _tables(path.name, text, tables, self.problems):
            self._entry(kind, Place(path.name, line), table)

    def _unreadable(self, path: Path, line: int, sentence: str) -> None:
        self.unreadable = True
        self.problems.append(Problem(path.name, line, "", sentence))

    def _entry(self, kind: str, place: Place, table: Mapping[str, object]) -> None:
        fields = _Fields(place, table)
        entry = _BUILDERS[kind](fields)
        fields.refuse_others()
        self.problems += fields.problems
        if fields.problems:
            self.refused.add(fields.name)
        else:
            self.entries.append(entry)


def _tables(
    file: str, text: str, tables: Mapping[str, object], problems: list[Problem]
) -> Iterator[tuple[str, int, Mapping[str, object]]]:
    """Each entry with the line of its [[heading]]: `tomllib` keeps none."""
    lines: dict[str, list[int]] = {}
    for found in _HEADER.finditer(text):
        lines.setdefault(found.group(1), []).append(text.count("\n", 0, found.start(1)) + 1)
    for kind, value in tables.items():
        known = ", ".join(f"[[{name}]]" for name in _BUILDERS)
        line = lines.get(kind, [0])[0]
        if kind not in _BUILDERS or not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
            problems.append(Problem(file, line, kind, f"Titre inconnu. Les titres possibles sont {known}."))
            continue
        places = lines.get(kind, [])
        for number, table in enumerate(value):
            yield kind, places[number] if number < len(places) else 0, table


@dataclass
class _Fields:
    """Takes typed values out of one table, noting what is missing or of the wrong sort; a stand-in keeps the reading going."""

    place: Place
    table: Mapping[str, object]
    problems: list[Problem] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        for name in ("cle", "etiquette", "code", "numero"):
            if name in self.table:
                return str(self.table[name])
        return ""

    def problem(self, sentence: str) -> None:
        self.problems.append(Problem(self.place.file, self.place.line, self.name, sentence))

    def refuse_others(self) -> None:
        for name in self.table.keys() - self.taken:
            known = ", ".join(sorted(self.taken))
            self.problem(f"Le mot « {name} » est inconnu ici. Les mots possibles sont : {known}.")

    def text(self, name: str, *, empty: bool = False) -> str:
        value = self._take(name, str, "un texte entre guillemets")
        cleaned = " ".join(prepare(value).split()) if isinstance(value, str) else ""
        if isinstance(value, str) and not cleaned and not empty:
            self.problem(f"« {name} » est vide. Écrivez-le.")
        return cleaned

    def number(self, name: str) -> int:
        value = self._take(name, int, "un nombre entier, sans guillemets")
        return value if isinstance(value, int) else 0

    def flag(self, name: str, default: bool) -> bool:
        value = self._take(name, bool, "true ou false", missing=default)
        return value if isinstance(value, bool) else default

    def numbers(self, name: str) -> tuple[int, ...]:
        return tuple(v for v in self._list(name, int, "une liste de nombres, comme [1, 2]") if isinstance(v, int))

    def texts(self, name: str) -> tuple[str, ...]:
        found = self._list(name, str, 'une liste de textes, comme ["oui", "non"]')
        return tuple(" ".join(prepare(v).split()) for v in found if isinstance(v, str))

    def one_of(self, name: str, choices: type[_C]) -> _C:
        value = self.text(name)
        if value in set(choices):
            return choices(value)
        if value:
            self.problem(f"« {name} » vaut « {value} ». Les valeurs possibles sont : {', '.join(choices)}.")
        return next(iter(choices))

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        value = self._take(name, dict, "une liste entre accolades", missing={})
        if not isinstance(value, dict):
            return ()
        return tuple(sorted((key, prepare(str(item))) for key, item in value.items()))

    def has(self, name: str) -> bool:
        self.taken.add(name)
        return name in self.table

    def _list(self, name: str, kind: type, form: str) -> list[object]:
        value = self._take(name, list, form)
        if not isinstance(value, list):
            return []
        if not value:
            self.problem(f"« {name} » est vide. Il faut {form}.")
        elif not all(_is(item, kind) for item in value):
            self.problem(f"« {name} » ne convient pas. Il faut {form}.")
            return []
        return value

    def _take(self, name: str, kind: type, form: str, missing: object = None) -> object:
        self.taken.add(name)
        value = self.table.get(name, missing)
        if value is None:
            self.problem(f"« {name} » manque. Il faut {form}.")
        elif not _is(value, kind):
            self.problem(f"« {name} » ne convient pas. Il faut {form}.")
            return None
        return value


def _is(value: object, kind: type) -> bool:
    # In Python true is a number too.
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _theme(f: _Fields) -> Theme:
    return Theme(f.place, f.number("code"), f.text("nom"), f.text("court"), f.text("mot"), f.text("groupe"))


def _fact(f: _Fields) -> Fact:
    mark = f.one_of("marque", Mark)
    return Fact(f.place, f.number("numero"), f.text("texte"), f.text("source"), mark, f.flag("publier", True))


def _message(f: _Fields) -> MessageText:
    return MessageText(
        place=f.place,
        key=f.text("cle"),
        theme=f.number("theme"),
        facts=f.numbers("faits"),
        source=f.text("source"),
        mark=f.one_of("marque", Mark),
        title=f.text("titre"),
        audience=f.text("public"),
        text=f.text("texte"),
        voice=f.text("voix"),
        season=f.one_of("saison", Season) if f.has("saison") else None,
    )


def _quiz(f: _Fields) -> QuizText:
    return QuizText(
        place=f.place,
        key=f.text("cle"),
        theme=f.number("theme"),
        facts=f.numbers("faits"),
        source=f.text("source"),
        mark=f.one_of("marque", Mark),
        question=f.text("question"),
        options=f.texts("options"),
        right=f.number("juste"),
        explanation=f.text("explication"),
        club_question=f.flag("question_du_club", False),
    )


def _reply(f: _Fields) -> ReplyText:
    version = f.number("version") if f.has("version") else None
    return ReplyText(f.place, f.text("etiquette"), f.text("titre"), f.text("texte"), f.pairs("exemple"), version)


def _prompt(f: _Fields) -> PromptText:
    silent = f.table.get("cle") == "jingle"
    return PromptText(f.place, f.text("cle"), f.one_of("paquet", Pack), f.text("quand"), f.text("texte", empty=silent))


_BUILDERS: dict[str, Callable[[_Fields], Entry]] = {
    "theme": _theme,
    "fait": _fact,
    "message": _message,
    "quiz": _quiz,
    "reponse": _reply,
    "phrase": _prompt,
}

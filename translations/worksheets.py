"""A translator's sheet: every text of one language beside its French, to be filled elsewhere and brought back.

As XLSX for people, as PO for translators' own programs. Each line carries the versions it was made from, so that what changed
here meanwhile is not overwritten by what comes back.
"""

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import xlsxwriter
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po, write_po
from sqlalchemy import select
from sqlalchemy.orm import Session

from translations import glossary
from translations.content_entries import MAX_EXPLANATION
from translations.errors import TranslationError
from translations.languages import SOURCE
from translations.library import newest_variants, slots
from translations.models import Content, ContentKind, GlossaryTerm, Theme, Variant, VariantState

KINDS = tuple(kind for kind in ContentKind if kind is not ContentKind.ANSWER)
MOST_PARTS = {ContentKind.REPLY: 2}
"""SMS a translation may take: letters outside French halve what one holds, and a reply was one SMS in French."""
OTHER_PARTS = 3
OPTIONS = ("réponse 1", "réponse 2", "réponse 3")
FIELDS = ("texte", "à dire", *OPTIONS)
COLUMNS = ("clé", "langue", "sorte", "thème", "contexte", "français", "à respecter", "mots convenus", *FIELDS, "versions")
READ = ("clé", "langue", *FIELDS, "versions")
"""What is read of a sheet that comes back; the rest only helps whoever translates."""
SEPARATOR = "|"
NAMES = {
    ContentKind.MESSAGE: "message",
    ContentKind.QUESTION: "question de quiz",
    ContentKind.EXPLANATION: "explication de quiz",
    ContentKind.REPLY: "réponse automatique",
    ContentKind.PROMPT: "annonce vocale",
}
_WIDTHS = {"français": 50, "texte": 50, "à dire": 50, "contexte": 30, "à respecter": 34, "mots convenus": 30, "clé": 24}


class WorksheetError(TranslationError):
    """A file that is no translator's sheet; the text is the French sentence for whoever sent it."""


@dataclass(frozen=True)
class Returned:
    """One line of a sheet that came back, under the file's own number; `cells` by column."""

    number: int
    cells: dict[str, str]

    def get(self, column: str) -> str:
        """The cell under a column, "" where nothing stands."""
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Line:
    """One content in one language as a translator gets it: its French, what must be kept to, what is written already."""

    content: Content
    theme: str
    language: str
    french: Variant
    target: Variant | None
    terms: tuple[GlossaryTerm, ...] = ()

    @property
    def agreed(self) -> str:
        """The glossary's words for what the French says, « bouillie = moni »."""
        return ", ".join(f"{one.term} = {one.translation}{f' ({one.note})' if one.note else ''}" for one in self.terms)

    @property
    def versions(self) -> str:
        """Which French and which translation this line was made from, « 3/1 »; 0 where nothing is written."""
        return f"{self.french.version}/{self.target.version if self.target else 0}"

    @property
    def said(self) -> str:
        """The French as one text: the SMS, then what is said, then the answers."""
        options = [f"{n}) {option}" for n, option in enumerate(self.french.options, start=1)]
        return "\n".join(filter(None, (self.french.text, _spoken(self.french), *options)))

    @property
    def rules(self) -> str:
        """What the translation must keep to, in French."""
        asked = []
        if self.french.text:
            asked.append(f"{most_parts(self.content.kind)} SMS au plus")
        if self.content.kind is ContentKind.EXPLANATION:
            asked.append(f"{MAX_EXPLANATION} signes au mieux")
        if kept := sorted(slots(self.french.text or "")):
            asked.append("garder " + " ".join(f"{{{name}}}" for name in kept))
        if self.french.options:
            asked.append(f"{len(self.french.options)} réponses")
        return ", ".join(asked)

    @property
    def written(self) -> tuple[str, ...]:
        """What stands in the translator's columns already."""
        return fields_of(self.target)


def most_parts(kind: ContentKind) -> int:
    """SMS a translation of that kind may take."""
    return MOST_PARTS.get(kind, OTHER_PARTS)


def fields_of(variant: Variant | None) -> tuple[str, ...]:
    """A variant as the translator's columns hold it: text, what is said, three answers."""
    if variant is None:
        return ("",) * len(FIELDS)
    options = [*variant.options, "", "", ""][: len(OPTIONS)]
    return (variant.text or "", variant.spoken or "", *options)


def lines(session: Session, language: str, kinds: Collection[ContentKind] = KINDS) -> list[Line]:
    """The contents of these kinds that have French words, by theme and title, as they stand in `language`."""
    rows = session.execute(
        select(Content, Theme.name)
        .outerjoin(Theme, Theme.code == Content.theme_code)
        .where(Content.kind.in_(kinds), ~Content.archived)
        .order_by(Content.kind, Content.theme_code, Content.title, Content.id)
    ).all()
    newest = {(one.content_id, one.language): one for one in newest_variants(session, [row.id for row, _ in rows])}
    known, found = glossary.terms(session, language), []
    for content, theme in rows:
        french = newest.get((content.id, SOURCE))
        if french is not None and (french.text or french.spoken) and french.state is not VariantState.OUTDATED:
            terms = tuple(glossary.within(known, french.text, french.spoken, *french.options))
            found.append(Line(content, theme or "", language, french, newest.get((content.id, language)), terms))
    return found


def as_xlsx(given: Sequence[Line]) -> bytes:
    """The sheet as a workbook, its first sheet to fill, its second how to."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    head, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    grey = book.add_format({"text_wrap": True, "valign": "top", "bg_color": "#eeeeee", "num_format": "@"})
    sheet = book.add_worksheet("À traduire")
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, name, head)
        sheet.set_column(column, column, _WIDTHS.get(name, 16))
    for row, line in enumerate(given, start=1):
        for column, cell in enumerate(_cells(line)):
            sheet.write_string(row, column, cell, wrapped if COLUMNS[column] in FIELDS else grey)
    sheet.freeze_panes(1, 1)
    how = book.add_worksheet("Mode d'emploi")
    how.set_column(0, 0, 100)
    for row, sentence in enumerate(HOW_TO):
        how.write_string(row, 0, sentence, wrapped)
    book.close()
    return buffer.getvalue()


HOW_TO = (
    "Écrivez dans les colonnes « texte », « à dire » et « réponse ». Ne touchez pas aux colonnes grises.",
    "« texte » part par SMS. « à dire » est lu au téléphone ; il peut rester vide.",
    "Recopiez sans les changer les mots entre accolades, comme {club}.",
    "« mots convenus » donne le glossaire de la langue : écrivez-les ainsi.",
    "Une ligne laissée vide ne change rien.",
    "Au retour, chaque ligne est vérifiée et entre comme brouillon : une autre personne la relit, la Validation l'approuve.",
)


def as_po(given: Sequence[Line]) -> bytes:
    """The sheet as a gettext catalog: one entry a field, its context « key|language|field|versions »."""
    catalog = Catalog(project="Lamen", charset="utf-8", fuzzy=False)
    for line in given:
        comments = [part for part in (line.content.title, line.theme, line.rules, line.agreed) if part]
        for name, french, written in zip(FIELDS, fields_of(line.french), line.written, strict=True):
            if french:
                context = SEPARATOR.join((line.content.key, line.language, name, line.versions))
                catalog.add(french, written, context=context, auto_comments=comments)
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100)
    return buffer.getvalue()


def from_po(data: bytes) -> list[Returned]:
    """The lines of a PO file as a sheet's rows; WorksheetError when it is none of ours."""
    try:
        catalog = read_po(io.BytesIO(data), abort_invalid=True)
    except (PoFileError, ValueError, LookupError) as error:
        raise WorksheetError("Ce fichier PO n'est pas lisible. Enregistrez-le de nouveau en UTF-8.") from error
    rows: dict[str, Returned] = {}
    for message in catalog:
        if not message.id:
            continue
        parts = (message.context or "").split(SEPARATOR)
        if len(parts) != 4 or parts[2] not in FIELDS or not isinstance(message.string, str):
            raise WorksheetError("Ce fichier PO ne vient pas d'ici : ses contextes ne sont pas ceux de l'export.")
        key, language, field, versions = parts
        row = rows.setdefault(key, Returned(message.lineno or 0, {"clé": key, "langue": language, "versions": versions}))
        # What a translator's program marks fuzzy is a guess nobody has looked at.
        row.cells[field] = "" if message.fuzzy else message.string
    return list(rows.values())


def _cells(line: Line) -> tuple[str, ...]:
    context = " – ".join(filter(None, (line.content.title, line.content.life_stage)))
    told = (line.content.key, line.language, NAMES[line.content.kind], line.theme, context, line.said, line.rules, line.agreed)
    return (*told, *line.written, line.versions)


def _spoken(variant: Variant) -> str | None:
    return variant.spoken if variant.spoken != variant.text else None

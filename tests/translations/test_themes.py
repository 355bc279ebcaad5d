"""The themes' names stand in two places: the content files, and the report grammar, which translations may not import."""

from clubs.grammar.words import THEMES
from translations.content_files import read


def test_the_report_grammar_and_the_content_files_name_the_same_themes() -> None:
    assert {theme.code: (theme.short, theme.word) for theme in read().themes} == THEMES

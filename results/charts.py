"""Drawings of the tables as SVG, each to stand beside its table and never to replace it.

leather writes plain shapes without style or script, so they pass our content security policy; its numbers are labelled by the
table, its colours never speak alone.
"""

import leather

from results.table import Table

WIDTH, HEIGHT = 640, 260
COLOUR = "#1f5f5b"
BARS_AT_MOST = 30


def bars(table: Table, column: str) -> str | None:
    """The SVG of one column of a table as horizontal bars; None when there is nothing to draw."""
    index = table.columns.index(column)
    pairs = [(row[index], str(row[0])) for row in table.rows if isinstance(row[index], (int, float))][:BARS_AT_MOST]
    if not any(value for value, _ in pairs):
        return None
    chart = leather.Chart()
    chart.add_bars(pairs[::-1], fill_color=COLOUR)
    return _svg(chart, max(HEIGHT, 22 * len(pairs) + 60))


def line(table: Table, column: str) -> str | None:
    """The SVG of one column of a table over its rows in order; None when there are fewer than two points."""
    index = table.columns.index(column)
    points = [(place, row[index]) for place, row in enumerate(table.rows) if isinstance(row[index], (int, float))]
    if len(points) < 2:
        return None
    chart = leather.Chart()
    chart.add_columns([(str(table.rows[place][0])[5:], value) for place, value in points], fill_color=COLOUR)
    return _svg(chart, HEIGHT)


def _svg(chart: leather.Chart, height: int) -> str:
    svg: str = chart.to_svg(width=WIDTH, height=height)
    drawing = svg[svg.index("<svg") :]  # without the XML declaration it stands inside a page
    # A box instead of a size: the drawing shrinks with a telephone's page.
    return drawing.replace(f'width="{WIDTH}" height="{height}"', f'viewBox="0 0 {WIDTH} {height}"', 1).replace(
        "#9c9c9c", "#505a54"
    )

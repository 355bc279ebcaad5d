"""What may go wrong between what the grammar decided and what is stored."""


class ReportError(Exception):
    """A verdict that does not fit what is stored; `number` is the report's, action's or club's."""

    def __init__(self, what: str, number: int | str | None) -> None:
        super().__init__(f"{what} {number}")
        self.what, self.number = what, number

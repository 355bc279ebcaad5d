"""What can go wrong with the demonstration; `why` is a word."""


class DemonstrationError(Exception):
    """The demonstration cannot be loaded, removed or played here."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

"""What this package raises."""


class TranslationError(Exception):
    """Base of every error of this package."""

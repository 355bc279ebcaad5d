"""What can go wrong while a call is run; callers catch `VoiceError`."""

from messaging.errors import MessagingError


class VoiceError(MessagingError):
    """The base of every error of this package; the text names what went wrong in a few words, never a person."""


class Gone(VoiceError):
    """The other side hung up, or the line was cut."""

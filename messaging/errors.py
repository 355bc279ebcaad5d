"""What can go wrong in messaging; callers catch `MessagingError`."""


class MessagingError(Exception):
    """The base of every error of this package."""


class ForbiddenMove(MessagingError):
    """A state was to change in a way the tables of `messaging.states` do not allow."""

    def __init__(self, kind: str, subject_id: int | None, source: str, to: str) -> None:
        super().__init__(f"{kind} {subject_id}: {source} -> {to} is not allowed")
        self.kind, self.subject_id, self.source, self.to = kind, subject_id, source, to


class NotSettled(MessagingError):
    """Staff asked for something that may not be done with this message or call; `why` is one word."""

    def __init__(self, subject_id: int, why: str) -> None:
        super().__init__(f"{subject_id}: {why}")
        self.subject_id, self.why = subject_id, why


class RestoreUnfinished(MessagingError):
    """A restored service may not send yet: what people took back since the backup was not done again."""


class ChannelError(MessagingError):
    """A channel that cannot be added or used; `why` is one word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

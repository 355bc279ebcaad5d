"""The one base of what campaigns refuses."""


class CampaignError(Exception):
    """Something a campaign may not do; `code` names the case for the page that explains it."""

    def __init__(self, code: str, subject_id: int | None = None) -> None:
        super().__init__(code if subject_id is None else f"{code} {subject_id}")
        self.code = code
        self.subject_id = subject_id

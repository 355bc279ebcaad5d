"""The rows of campaigns; import them from here."""

from campaigns.models.audiences import Audience, ListEntry, StaticList
from campaigns.models.campaigns import (
    Campaign,
    CampaignEvent,
    CampaignState,
    CatchUp,
    DueMember,
    Enrolment,
    EnrolmentState,
    Given,
    Occurrence,
    OccurrenceState,
    Priority,
    Recipient,
    Repeat,
    Season,
    SeasonKind,
)
from campaigns.models.quizzes import Answer, Question, Quiz
from campaigns.models.talks import Dictation, FlowSession, Recorder

__all__ = [
    "Answer",
    "Audience",
    "Campaign",
    "CampaignEvent",
    "CampaignState",
    "CatchUp",
    "Dictation",
    "DueMember",
    "Enrolment",
    "EnrolmentState",
    "FlowSession",
    "Given",
    "ListEntry",
    "Occurrence",
    "OccurrenceState",
    "Priority",
    "Question",
    "Quiz",
    "Recipient",
    "Recorder",
    "Repeat",
    "Season",
    "SeasonKind",
    "StaticList",
]

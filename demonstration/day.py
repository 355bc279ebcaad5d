"""One day of the programme, played through the real webhook routes: sendings, a quiz, calls, reports good and bad, goodbyes.

What people do is drawn from the seed and the date alone, so that the day comes out the same on every database and with any
number of workers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.filters import Filter
from campaigns.models import Answer, Campaign, CampaignEvent, CampaignState, Occurrence, Question
from campaigns.schedule import schedule
from clubs.models import Club, ClubKind, Member, Post, Role
from clubs.records import Inquiry, Report, ReportState
from demonstration.errors import DemonstrationError
from demonstration.loading import SEED
from demonstration.stage import Stage
from messaging.models import Broadcast, Call, CallState, Contact, Direction, Kind, Message, MessageState, OptOut, Route
from translations.models import Content, ContentKind, Variant, VariantState

MORNING, QUIZ, ANSWERS, CALLS, REPORTS, GOODBYES, NIGHT = "08:30", "09:30", "11:00", "16:10", "18:00", "19:00", "21:00"
TO_SEE = ("/campagnes", "/resultats", "/reception")
CALL_MINUTES = range(2, 46, 2)
STOPS = ("STOP", "Arret svp")
ASKED = ("Q Combien d'oeufs par semaine pour un enfant ?", "Arreter la bouillie", "Bonjour comment ca va", "AIDE")


@dataclass(frozen=True)
class Story:
    """What happened, in numbers; `lines` are the French sentences printed."""

    figures: dict[str, int]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Phone:
    contact_id: int
    number: str


class Day:
    """One day on a stage; `tell` is called with a sentence at each step."""

    def __init__(self, stage: Stage, tell: Callable[[str], None]) -> None:
        self.stage, self.tell = stage, tell
        self.zone = ZoneInfo(stage.exchange.settings.timezone)
        began = stage.now().astimezone(self.zone)
        self.date = began.date() if began.hour < 7 else began.date() + timedelta(days=1)
        self.chance = Random(SEED + self.date.toordinal())  # noqa: S311  # the same day on every machine

    def play(self) -> Story:
        """Play the day from before breakfast to the night; DemonstrationError where no demonstration is loaded."""
        self.tell(f"{self.date.strftime('%d/%m/%Y')} : la journée commence.")
        self.stage.go_to(self.at("07:00"))
        campaigns = self._plan()
        for moment, minutes in ((MORNING, 15), (QUIZ, 15)):
            self.stage.go_to(self.at(moment))
            self.stage.go_to(self.at(moment, minutes))
        self.tell("Un message SMS et une question de quiz sont partis.")
        self.stage.go_to(self.at(ANSWERS))
        self._answer(campaigns[1])
        self.stage.go_to(self.at(ANSWERS, 10))
        self.tell("Des animatrices ont répondu au quiz.")
        self.stage.go_to(self.at(CALLS))
        for minutes in CALL_MINUTES:
            self.stage.go_to(self.at(CALLS, minutes))
        self.tell("Des familles ont été appelées.")
        self.stage.go_to(self.at(REPORTS))
        self._report()
        self.tell("Les clubs du jour ont envoyé leur compte rendu.")
        self.stage.go_to(self.at(GOODBYES))
        self._write_in()
        self.stage.go_to(self.at(GOODBYES, 10))
        self.stage.go_to(self.at(NIGHT))
        return self._count()

    def at(self, clock: str, minutes: int = 0) -> datetime:
        """A local time of the day, some minutes later."""
        return datetime.combine(self.date, time.fromisoformat(clock), self.zone) + timedelta(minutes=minutes)

    def _plan(self) -> list[int]:
        with self.stage.exchange.database.writing() as session:
            villages = list(session.scalars(select(Club.village_id).distinct().order_by(Club.village_id)))
            if not villages:
                raise DemonstrationError("no_demonstration")
            half = len(villages) // 2
            members = Filter(villages=tuple(villages[:2]), roles=(Role.MEMBER.value,), one_phone_per_club=False)
            plans = (
                ("Le message du jour", ContentKind.MESSAGE, Route.SMS, Filter(villages=tuple(villages[:half])), MORNING),
                ("Le quiz du jour", ContentKind.QUESTION, Route.SMS, Filter(villages=tuple(villages[half:])), QUIZ),
                ("L'appel du jour", ContentKind.MESSAGE, Route.VOICE, members, CALLS),
            )
            return [self._campaign(session, *plan) for plan in plans]

    def _campaign(self, session: Session, name: str, kind: ContentKind, route: Route, audience: Filter, clock: str) -> int:
        approved = select(Variant.content_id).where(Variant.language == "fr", Variant.state == VariantState.APPROVED)
        ready = select(Content).where(Content.kind == kind, Content.id.in_(approved)).order_by(Content.key)
        contents = session.scalars(ready).all()
        if not contents:
            raise DemonstrationError("nothing_approved")
        content = contents[self.date.toordinal() % len(contents)]
        now = self.stage.now()
        campaign = Campaign(
            name=f"{name} (démo)", audience=audience.to_json(), route=route, state=CampaignState.DRAFT, created_at=now
        )
        campaign.events.append(CampaignEvent(content_id=content.id, starts_at=self.at(clock), expires_hours=10))
        session.add(campaign)
        session.flush()
        schedule(session, campaign, now, self.stage.exchange.settings)
        return campaign.id

    def _answer(self, campaign_id: int) -> None:
        with self.stage.exchange.database.reading() as session:
            event = session.scalars(select(CampaignEvent).where(CampaignEvent.campaign_id == campaign_id)).one()
            question = session.scalars(select(Question).where(Question.content_id == event.content_id)).one()
            sendings = select(Occurrence.broadcast_id).where(Occurrence.event_id == event.id)
            reached = Message.state.in_((MessageState.DELIVERED, MessageState.SENT, MessageState.WIRED))
            asked = select(Contact).join(Message).where(Message.broadcast_id.in_(sendings), reached).order_by(Contact.id)
            phones = _phones(session.scalars(asked).all())
            right, options = question.right, question.options
        for phone in phones:
            mood = self.chance.random()
            key = right if self.chance.random() < 0.65 else self.chance.randint(1, options)
            if mood < 0.55:
                self.stage.write(phone.number, self.chance.choice((str(key), f"{key}.", f"Rep {key}")))
            elif mood < 0.58:
                self.stage.write(phone.number, "Merci beaucoup")

    def _report(self) -> None:
        with self.stage.exchange.database.reading() as session:
            clubs = self._clubs_of_today(session)
        for code, theme, women, men, phone in clubs:
            text = f"CR {theme} {women} {men} {round((women + men) / 4)} {self.chance.randint(0, 1)}"
            for line in self._wordings(text, theme, women, men, code):
                self.stage.write(phone.number, line)
        self.stage.settle()

    def _wordings(self, text: str, theme: int, women: int, men: int, code: str) -> Sequence[str]:
        mood = self.chance.random()
        if mood < 0.08:
            return (f"CR {theme} {women}", f"H{men}")
        if mood < 0.12:
            return (text, text)
        if mood < 0.16:
            return (f"CR 1 {women} {men}",)
        if mood < 0.20:
            return (text, f"CR {theme} {women + 1} {men}", "AN")
        if mood < 0.26:
            return (f"RAS {self.chance.choice((1, 2, 6))}",)
        if mood < 0.30:
            return (f"CR C{code[::-1]} {theme} {women} {men}",)
        if mood < 0.36:
            return ()
        if mood < 0.60:
            voters = women + men
            before = self.chance.randint(0, voters // 2)
            return (text, f"QZ {theme} {before} {self.chance.randint(before, voters)} {voters}")
        return (text,)

    def _clubs_of_today(self, session: Session) -> list[tuple[str, int, int, int, _Phone]]:
        today = select(Club, Contact).join(Post, Post.club_id == Club.id).join(Member, Member.id == Post.member_id)
        today = today.join(Contact, Contact.id == Member.contact_id).where(Club.weekday == self.date.weekday())
        found = []
        for club, contact in session.execute(today.where(Club.kind != ClubKind.PLATFORM).order_by(Club.code)):
            women = max(1, round(self.chance.gauss(club.declared_women or 10, 2)))
            men = max(0, round(self.chance.gauss((club.declared_men or 8) * 0.7, 2)))
            theme = self.chance.choice((12, 22, 32, 33, 51, 61, 71))
            found.append((club.code, theme, women, men, _Phone(contact.id, contact.number or "")))
        return found

    def _write_in(self) -> None:
        with self.stage.exchange.database.reading() as session:
            callers = select(Contact).join(Member, Member.contact_id == Contact.id).where(Member.role == Role.MEMBER)
            active = callers.where(Contact.state == "active").distinct().order_by(Contact.id)
            phones = self.chance.sample(_phones(session.scalars(active).all()), len(STOPS) + len(ASKED))
        for phone, text in zip(phones, (*STOPS, *ASKED), strict=True):
            self.stage.write(phone.number, text)

    def _count(self) -> Story:
        start, end = self.at("00:00"), self.at("00:00") + timedelta(days=1)
        with self.stage.exchange.database.reading() as session:
            figures = _figures(session, start, end, self.date)
        return Story(figures, tuple(_told(figures, self.stage.exchange.settings.base_url)))


def _phones(contacts: Sequence[Contact]) -> list[_Phone]:
    return [_Phone(contact.id, contact.number) for contact in contacts if contact.number]


def _figures(session: Session, start: datetime, end: datetime, day: date) -> dict[str, int]:
    def count(row: type[Message | Call | Answer | Inquiry | OptOut | Report | Broadcast], *where: object) -> int:
        return session.scalar(select(func.count()).select_from(row).where(*where)) or 0  # type: ignore[arg-type]

    pushed = (Message.kind == Kind.PUSH, Message.direction == Direction.OUT, Message.created_at.between(start, end))
    replies = (Message.kind.in_((Kind.REPLY, Kind.CONFIRMATION)), Message.created_at.between(start, end))
    received = (Message.direction == Direction.IN, Message.created_at.between(start, end))
    called = (Call.created_at.between(start, end), Call.direction == Direction.OUT)
    reported = (Report.reported_at.between(start, end),)
    left = (MessageState.WIRED, MessageState.SENT, MessageState.DELIVERED)
    return {
        "prévus": count(Message, *pushed),
        "envoyés": count(Message, *pushed, Message.state.in_(left)),
        "remis": count(Message, *pushed, Message.state == MessageState.DELIVERED),
        "échoués": count(Message, *pushed, Message.state == MessageState.FAILED),
        "inconnus": count(Message, *pushed, Message.state == MessageState.UNKNOWN),
        "en attente": count(Message, *pushed, Message.state.in_((MessageState.QUEUED, MessageState.ERRORED))),
        "reçus": count(Message, *received),
        "non traités": count(Message, *received, Message.state == MessageState.RECEIVED),
        "réponses": count(Message, *replies, Message.direction == Direction.OUT, Message.state.in_(left)),
        "appels": count(Call, *called),
        "appels écoutés": count(Call, *called, Call.state == CallState.COMPLETED),
        "quiz": count(Answer, Answer.answered_at.between(start, end), Answer.scored),
        "quiz justes": count(Answer, Answer.answered_at.between(start, end), Answer.scored, Answer.right),
        "séances": count(Report, *reported, Report.kind == "CR", Report.state == ReportState.VALID),
        "corrigés": count(Report, *reported, Report.state.in_((ReportState.REPLACED, ReportState.CANCELLED))),
        "excusées": count(Report, *reported, Report.kind == "RAS", Report.state == ReportState.VALID),
        "à compléter": count(Report, *reported, Report.state == ReportState.DRAFT),
        "questions": count(Inquiry, Inquiry.received_at.between(start, end)),
        "désinscrits": count(OptOut, OptOut.at.between(start, end)),
    }


def _told(n: dict[str, int], address: str) -> list[str]:
    return [
        f"SMS de diffusion : {n['prévus']} prévus, {n['envoyés']} envoyés, {n['remis']} remis, "
        f"{n['échoués']} échoués, {n['inconnus']} inconnus, {n['en attente']} en attente.",
        f"Appels : {n['appels']} passés, {n['appels écoutés']} écoutés jusqu'au bout.",
        f"SMS reçus : {n['reçus']}, dont {n['non traités']} encore à traiter ; réponses envoyées : {n['réponses']}.",
        f"Quiz : {n['quiz']} premières réponses, {n['quiz justes']} justes.",
        f"Comptes rendus : {n['séances']} séances, {n['excusées']} excusées, {n['corrigés']} versions remplacées, "
        f"{n['à compléter']} à compléter.",
        f"Questions : {n['questions']}. Désinscriptions : {n['désinscrits']}.",
        f"À voir : {', '.join(address + page for page in TO_SEE)}.",
    ]

"""Awa's months: brought by a file, asked by SMS, three stages of a series in their months, then FIN and nothing more.

Her telephone writes and receives on the page « Simulateur »; time is given there too, a week at a time.
"""

import re
from datetime import UTC, date, datetime, timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from campaigns.models import CampaignEvent, Occurrence, Repeat
from console.staff import RoleName as R
from runtime.installation import business_time
from tests.browser.acts import approve, bring_members, later, phone, press, says, until, write
from tests.browser.conftest import SignIn
from tests.browser.house import House
from tests.faults.processes import wait_until

NUMBER = "+22300777001"
STAGES = ("Le premier lait du bébé", "Le deuxième mois du bébé", "Le troisième mois du bébé", "Le quatrième mois du bébé")
SERIES = "Les premiers mois"
PIECES = (("7 jours", timedelta(days=7)), ("1 jour", timedelta(days=1)), ("3 heures", timedelta(hours=3)))


def _text(title: str) -> str:
    return f"{title}: donnez-lui le sein seul, jour et nuit."


def _now(house: House) -> datetime:
    with house.database.reading() as session:
        return business_time(session, datetime.now(UTC))


def _series(page: Page, colleague: Page, house: House) -> None:
    """One message a month from the month of the birth, which a second person hands to the clock."""
    page.goto(f"{house.url}/campagnes/series/nouvelle")
    page.get_by_label("Nom de la série").fill(SERIES)
    for place, title in enumerate(STAGES):
        page.locator(f"#content{place + 1}").select_option(label=title)
        page.locator(f"#months{place + 1}").fill(str(place))
    press(page, "Enregistrer la série")
    colleague.goto(f"{house.url}/campagnes/series")
    press(colleague, re.compile(rf"Lancer\s*: {SERIES}"))
    expect(colleague.get_by_text("La série est lancée.")).to_be_visible()


def _imported(page: Page, house: House) -> str:
    """Awa comes by a file, with her agreement to messages; the address of her number's page."""
    given = f"{_now(house):%d/%m/%Y}"
    heads = "club;nom;sexe;numéro;accord messages;date;témoin;page"
    bring_members(page, house.url, f"{heads}\n1010;Awa Diarra;F;{NUMBER};oui;{given};Moussa Coulibaly;12\n")
    press(page, "Vérifier les lignes")
    press(page, "Importer 1 ligne")
    page.goto(f"{house.url}/contacts?q={NUMBER.replace('+', '%2B')}")
    page.locator("main tbody a").first.click()
    page.wait_for_load_state()
    return page.url


def _enrolled(page: Page, house: House, contact: str) -> None:
    """The series is offered to her telephone; she says OUI."""
    page.goto(contact)
    page.get_by_role("link", name="Awa Diarra").click()
    born = _next_month(_now(house).date())
    page.get_by_label("Série").select_option(label=SERIES)
    page.get_by_label("Mois de la naissance").fill(f"{born:%Y-%m}")
    page.get_by_label("À demander à ce téléphone par SMS").check()
    press(page, "Inscrire")
    expect(page.get_by_text("La demande part par SMS.")).to_be_visible()
    _simulator(page, house, contact)
    _hears(page, "peut recevoir chaque mois un message pour les familles")
    says(page, "membre", "OUI")


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _simulator(page: Page, house: House, contact: str) -> None:
    page.goto(f"{house.url}/simulateur?membre={contact.rsplit('/', 1)[1]}")


def _hears(page: Page, words: str) -> None:
    until(page, phone(page, "membre").locator(".theirs", has_text=words))


def _comes(page: Page, house: House, place: int) -> None:
    """Once the clock has taken up the stage, which may last a minute, it leaves when it can no longer be cancelled."""
    wait_until(lambda: _taken_up(house) > place)
    later(page, "10 minutes")
    _hears(page, _text(STAGES[place]))


def _taken_up(house: House) -> int:
    with house.database.reading() as session:
        stages = CampaignEvent.repeat == Repeat.STAGE
        return session.scalar(select(func.count()).select_from(Occurrence).join(CampaignEvent).where(stages)) or 0


def _until_its_morning(page: Page, house: House, month: date) -> None:
    """Time is given in the largest pieces that fit, until nine in the morning of the first has come: much later is too late."""
    while (left := datetime(month.year, month.month, 1, 9, tzinfo=UTC) - _now(house)) > timedelta():
        later(page, next((words for words, length in PIECES if length <= left), "3 heures"))


def test_awas_series_follows_her_child_and_ends_when_she_says_so(house: House, sign_in: SignIn) -> None:
    fanta, boubacar = sign_in(R.COMMUNICATION, R.TERRAIN, name="fanta"), sign_in(R.VALIDATION, name="boubacar")
    ami = sign_in(R.ADMINISTRATION, name="ami")
    ami.goto(f"{house.url}/reglages")
    if ami.get_by_role("button", name="Mettre en service : Séries par étape de vie").count():
        press(ami, "Mettre en service : Séries par étape de vie")
    for title in STAGES:
        write(fanta, house.url, title, _text(title))
        approve(boubacar, house.url, title)
    _series(fanta, sign_in(R.COMMUNICATION, name="kadia"), house)
    contact = _imported(fanta, house)
    month = _next_month(_now(house).date())
    _enrolled(fanta, house, contact)

    for place in range(3):
        _until_its_morning(fanta, house, month)
        _comes(fanta, house, place)
        month = _next_month(month)
    says(fanta, "membre", "FIN")
    _hears(fanta, "Cette série de messages est finie pour vous")
    _until_its_morning(fanta, house, month)
    fanta.wait_for_timeout(3000)
    fanta.goto(contact)
    expect(fanta.get_by_text(_text(STAGES[2]))).to_have_count(1)
    expect(fanta.get_by_text(_text(STAGES[3]))).to_have_count(0)

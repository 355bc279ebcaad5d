"""Audiences that somebody saved, and a list read from a file, so that their page shows what they are for."""

from collections.abc import Sequence
from datetime import timedelta

from campaigns import saved
from campaigns.filters import Filter
from campaigns.models import ListEntry, StaticList
from clubs.models import ClubKind, Preferred, Role, Sex
from demonstration.past import Past
from demonstration.people import Group

LISTED = 12


def write(past: Past, groups: Sequence[Group], staff_id: int) -> None:
    """Two audiences, and a list of clubs that the second leaves out."""
    at = past.moment(past.last - timedelta(days=9), 10)
    named = StaticList(name="Clubs déjà visités (démo)", created_at=at, created_by=staff_id)
    past.session.add(named)
    past.session.flush()
    past.session.add_all(ListEntry(list_id=named.id, club_id=group.id) for group in groups[:LISTED])
    women = Filter(
        club_kinds=(ClubKind.CEAPV.value,),
        sexes=(Sex.WOMAN.value,),
        roles=(Role.MEMBER.value,),
        preferred=(Preferred.VOICE.value,),
        one_phone_per_club=False,
    )
    saved.save(past.session, None, "Femmes des CEAPV qui préfèrent les appels (démo)", women, staff_id, at)
    quiet = Filter(not_lists=(named.id,), opted_out=False)
    saved.save(past.session, None, "Clubs encore à visiter (démo)", quiet, staff_id, at)

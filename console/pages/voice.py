"""Serveur vocal: which prompts lack an approved sound, by language and voice pack; hearing, recording and publishing them.

Recording in the browser is one way to fill the form's file: without a script or a microphone the same form takes a file.
"""

from typing import Any

from flask import abort, request, url_for

from campaigns import recorders
from console import content_words, voice_words
from console import contents as shared
from console.access import Answer, Pages, R, who
from console.edge import exchange, now, reading, writing
from console.forms import Page, Typed, done, draft, render
from console.words import _, ngettext
from runtime import audit
from runtime.database import Session
from translations import clips, contents, packs, recordings
from translations.clips import ClipError, Sound
from translations.content_entries import Pack
from translations.languages import SOURCE
from translations.models import Language, VariantState
from translations.packs import PackError
from translations.takes import Take, takes

pages = Pages("voice")
READS = {R.COMMUNICATION, R.LANGUE, R.VALIDATION}
EDITS = {R.COMMUNICATION, R.LANGUE}


@pages.page("/voix", roles=READS)
def index() -> Answer:
    """Every language beside every pack: what is ready, what is missing, what is in service."""
    with reading() as session:
        languages = contents.languages(session)
        codes = [one.code for one in languages]
        known, filled = packs.standings(session, now(session), codes), bool(_takes(session, SOURCE, Pack.A))
    cells = {
        code: {pack: voice_words.standing(known[code, pack], known[code, packs.FIRST].live) for pack in Pack} for code in codes
    }
    values: dict[str, Any] = {"languages_": languages, "cells": cells, "packs": voice_words.PACKS, "filled": filled}
    return render("voice/index.html", edits=bool(who().roles & EDITS), **values)


@pages.page("/voix/<code>/<name>", roles=READS)
def pack(code: str, name: str) -> Answer:
    """The prompts of one pack in one language, with what each says, when, and its sound."""
    which = _pack(name)
    form = Typed(request.args.to_dict())
    with reading() as session:
        language, found = _language(session, code), _takes(session, code, which)
        standing = packs.standings(session, now(session), {code, SOURCE})[code, which]
        first = packs.standings(session, now(session), [code])[code, packs.FIRST].live
        drafts = sum(take.draft for take in found)
        shown = [take for take in found if not form.ticked("manque") or not take.ready or take.waits]
        page = Page.asked(len(shown))
        rows = [(take, shared.sounds(take.variant)) for take in shown[page.offset : page.offset + page.limit]]
    values: dict[str, Any] = {"tongue": language, "which": which, "rows": rows, "page": page, "form": form, "drafts": drafts}
    values |= {"standing": standing, "told": voice_words.standing(standing, first), "words": content_words, "first": first}
    values |= {"title": voice_words.PACKS[which], "edits": bool(who().roles & EDITS), "publishes": who().may(R.VALIDATION)}
    return render("voice/pack.html", **values)


@pages.page("/voix/<code>/<name>/texte", roles=READS)
def script(code: str, name: str) -> Answer:
    """The recording script, to be printed: label, French words, meaning, and a box to tick."""
    which = _pack(name)
    with reading() as session:
        language, found = _language(session, code), _takes(session, code, which)
    values: dict[str, Any] = {"tongue": language, "which": which, "title": voice_words.PACKS[which], "takes": found}
    return render("voice/script.html", numbers=recorders.numbers(), first=language.menu_number * recorders.A_LANGUAGE, **values)


@pages.page("/voix/<code>/<name>/publier", roles={R.VALIDATION}, post=True)
def publish(code: str, name: str) -> Answer:
    """Put a pack in service; what is missing is named."""
    which, place = _pack(name), url_for("voice.pack", code=code, name=name)
    try:
        with writing() as session:
            _language(session, code)
            packs.publish(session, code, which, who().id, now(session))
    except PackError as error:
        return done(place, voice_words.refusal(error))
    return done(place, _("Paquet mis en service. Les appels dans cette langue l'utilisent dès maintenant."))


@pages.page("/voix/<code>/<name>/retirer", roles={R.VALIDATION}, post=True)
def withdraw(code: str, name: str) -> Answer:
    """Take a pack out of service."""
    which = _pack(name)
    with writing() as session:
        packs.withdraw(session, _language(session, code).code, which, who().id, now(session))
    return done(url_for("voice.pack", code=code, name=name), _("Paquet retiré. Les appels n'utilisent plus ces annonces."))


@pages.page("/voix/<code>/<name>/proposer", roles=EDITS, post=True)
def propose(code: str, name: str) -> Answer:
    """Send everything recorded in a pack to its second listener."""
    which = _pack(name)
    with writing() as session:
        waiting = [take for take in _takes(session, _language(session, code).code, which) if take.draft]
        count = sum(recordings.propose(session, take.content_id, code, who().id, now(session)) for take in waiting)
        audit.record(session, now(session), "voice_pack.propose", "voice_pack", staff_id=who().id, pack=which.value, sounds=count)
    said = ngettext("%(num)s son proposé.", "%(num)s sons proposés.", count)
    return done(url_for("voice.pack", code=code, name=name), said)


@pages.page("/voix/<code>/<name>/dire/<label>", roles=EDITS, form=True)
def record(code: str, name: str, label: str) -> Answer:
    """Record or send the sound of one prompt, hear it, propose it, and go on to the next that lacks one."""
    which, form = _pack(name), Typed.sent_or(draft(f"voice-{code}-{label}"))
    with reading() as session:
        language, found = _language(session, code), _takes(session, code, which)
    take = next((one for one in found if one.label == label), None) or abort(404)
    if form.sent:
        answer = _sent(form, code, which, take, found)
        if answer is not None:
            return answer
    sounds = shared.sounds(take.variant)
    values: dict[str, Any] = {"tongue": language, "which": which, "take": take, "sounds": sounds, "form": form}
    values |= {"following": _following(found, label), "words": content_words, "most": clips.PROMPT_SECONDS}
    return render("voice/record.html", **values), 422 if form.errors else 200


def _sent(form: Typed, code: str, which: Pack, take: Take, found: list[Take]) -> Answer | None:
    """Keep what was sent; None with the reason on the form."""
    proposes, warning = form.value("action") == "propose", None
    if form.file("sound") is None and not (proposes and take.draft):
        form.wrong("sound", _("Enregistrez avec le micro, ou choisissez un fichier."))
        return None
    sound = _accepted(form)
    if form.errors:
        return None
    try:
        with writing() as session:
            at = now(session)
            if sound is not None:
                licence = form.text("licence", most=80)
                clip = recordings.receive(session, take.content_id, code, sound, who().id, at, licence=licence)
                audit.record(session, at, "clip.add", "clip", clip.id, staff_id=who().id)
                warning = sound.warning
            if proposes:
                recordings.propose(session, take.content_id, code, who().id, at)
    except ClipError as error:
        form.wrong("sound", _(str(error)))
        return None
    following = _following(found, take.label) if proposes else take.label
    address = url_for("voice.pack", code=code, name=which.value)
    if following:
        address = url_for("voice.record", code=code, name=which.value, label=following)
    said = _("Son gardé. Écoutez-le, puis proposez-le.")
    if proposes:
        said = _("Proposé. Une deuxième personne doit maintenant l'écouter.")
    elif take.variant is not None and take.variant.state is VariantState.APPROVED:  # its words are proposed no more
        said = _("Son gardé. Une deuxième personne doit maintenant l'écouter.")
    return done(address, _(warning) if warning else said)


def _accepted(form: Typed) -> Sound | None:
    """The sound that was sent, brought to telephones' form: seconds of work, so before any transaction."""
    file = form.file("sound")
    if file is None:
        return None
    try:
        return clips.accept(file.read(clips.MOST_BYTES + 1), exchange().settings.var, most_seconds=clips.PROMPT_SECONDS)
    except ClipError as error:
        form.wrong("sound", _(str(error)))
        return None


def _following(found: list[Take], label: str) -> str | None:
    """The next prompt without anybody's voice, round from this one; None when it was the last."""
    labels = [take.label for take in found]
    at = labels.index(label)
    return next((take.label for take in (*found[at + 1 :], *found[:at]) if take.state is None), None)


def _takes(session: Session, code: str, which: Pack) -> list[Take]:
    return takes(session, now(session), code, packs.labels_of(which))


def _language(session: Session, code: str) -> Language:
    found = session.get(Language, code)
    return found if found is not None and found.active else abort(404)


def _pack(name: str) -> Pack:
    return Pack(name) if name in set(Pack) else abort(404)

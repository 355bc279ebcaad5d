"""The audit list: who did what, newest first. Entries name rows by kind and id, so nothing here identifies a villager."""

from flask import request

from console.access import Answer, Pages, R
from console.edge import reading
from console.forms import Page, Typed, render
from console.staff import Staff
from console.words import lazy
from runtime.audit import AuditEntry

pages = Pages("trail")

WORDS = {
    "signed_in": lazy("s'est connecté(e)"),
    "password_set": lazy("a changé son mot de passe"),
    "stop_all": lazy("a tout arrêté"),
    "start_again": lazy("a repris les envois"),
    "cancel_broadcast": lazy("a annulé un envoi"),
    "number_shown": lazy("a affiché un numéro"),
    "add_channel": lazy("a ajouté un canal"),
    "change_channel": lazy("a changé un canal"),
    "pause_channel": lazy("a mis un canal en pause"),
    "resume_channel": lazy("a relancé un canal"),
    "rotate_token": lazy("a changé les adresses d'un canal"),
    "test_channel": lazy("a essayé un canal"),
    "show_addresses": lazy("a montré les adresses d'un canal"),
    "add_bundle": lazy("a noté un forfait"),
    "correct_bundle": lazy("a corrigé le reste d'un forfait"),
    "add_user": lazy("a ajouté un utilisateur"),
    "change_user": lazy("a changé un utilisateur"),
    "enable_user": lazy("a rouvert un accès"),
    "disable_user": lazy("a fermé un accès"),
    "make_link": lazy("a fait un lien de connexion"),
    "switch_language": lazy("a mis une langue en service ou hors service"),
    "unschedule_campaign": lazy("a remis une campagne en brouillon"),
    "pause_campaign": lazy("a mis une campagne en pause"),
    "resume_campaign": lazy("a relancé une campagne"),
    "cancel_campaign": lazy("a annulé une campagne"),
    "send_now": lazy("a fait partir un envoi tout de suite"),
    "retry_failed": lazy("a renvoyé aux numéros en échec"),
    "resend_unknown": lazy("a renvoyé les envois au sort inconnu"),
    "send_skipped": lazy("a fait partir un envoi sauté"),
    "duplicate_campaign": lazy("a copié une campagne"),
    "new_campaign": lazy("a commencé une campagne"),
    "ask_confirmation": lazy("a demandé la confirmation d'une campagne"),
    "schedule_campaign": lazy("a programmé une campagne"),
    "campaign.add": lazy("a créé une campagne par l'API"),
    "members.import": lazy("a importé des contacts"),
    "answer_inquiry": lazy("a répondu à une question"),
    "propose_answer": lazy("a proposé une réponse"),
    "sort_inquiry": lazy("a trié une question"),
    "close_inquiry": lazy("a classé une question"),
    "reopen_inquiry": lazy("a rouvert une question"),
    "take_up_message": lazy("a pris ou rendu un message reçu"),
    "replay_report": lazy("a corrigé et relu un SMS de compte rendu"),
    "report_by_hand": lazy("a saisi un compte rendu"),
    "undo_report": lazy("a défait un compte rendu"),
    "accept_report": lazy("a accepté un compte rendu"),
    "refuse_report": lazy("a refusé un compte rendu"),
    "issue_pin": lazy("a donné un code secret à une personne qui anime"),
    "set_talk_hour": lazy("a changé l'heure des paroles d'un club"),
    "set_recorder": lazy("a choisi le téléphone et le code avec lesquels enregistrer des annonces"),
    "forget_recorder": lazy("n'enregistre plus d'annonces par téléphone"),
    "pause": lazy("a mis un club ou un village en pause"),
    "end_pause": lazy("a fini la pause d'un club ou d'un village"),
    "stop_contact": lazy("a désinscrit un numéro"),
    "correct_language": lazy("a corrigé la langue d'un numéro"),
    "settle_doubt": lazy("a levé un doute sur un numéro"),
    "erase_contact": lazy("a effacé un numéro"),
    "numbers.read": lazy("a lu des numéros par l'API"),
    "token.add": lazy("a créé un jeton de l'API"),
    "token.revoke": lazy("a révoqué un jeton de l'API"),
    "channel.add": lazy("a ajouté un canal par commande"),
    "channel.rotate": lazy("a changé les adresses d'un canal par commande"),
    "channel.edit": lazy("a changé un canal par commande"),
    "channel.bundle": lazy("a noté un forfait par commande"),
    "channel.addresses": lazy("a montré les adresses d'un canal par commande"),
    "clock.trust": lazy("a confirmé l'heure de la machine"),
    "clock.advance": lazy("a avancé l'heure de la simulation"),
    "staff.add": lazy("a ajouté un utilisateur par commande"),
    "staff.reset": lazy("a rouvert un accès par commande"),
    "write_variant": lazy("a écrit un texte"),
    "create_content": lazy("a créé un message"),
    "variant.propose": lazy("a proposé un texte à l'approbation"),
    "variant.check": lazy("a relu un texte"),
    "variant.approve": lazy("a approuvé un texte"),
    "variant.send_back": lazy("a renvoyé un texte à son auteur"),
    "clip.add": lazy("a envoyé un son"),
    "clip.import": lazy("a importé un son par commande"),
    "voice_pack.propose": lazy("a proposé les sons d'un paquet"),
    "voice_pack.publish": lazy("a mis un paquet de voix en service"),
    "voice_pack.withdraw": lazy("a retiré un paquet de voix"),
    "open_quiz": lazy("a ouvert un quiz"),
    "close_quiz": lazy("a fermé un quiz"),
    "write_question": lazy("a écrit une question de quiz"),
    "export_results": lazy("a téléchargé les résultats"),
    "message.resend": lazy("a renvoyé un message au sort inconnu"),
    "message.give_up": lazy("a déclaré un message perdu"),
    "message.hold": lazy("a retenu un message"),
    "message.unhold": lazy("a laissé repartir un message"),
    "make_memory_card": lazy("a préparé une carte mémoire"),
    "bring_back_sheet": lazy("a rapporté une feuille de traduction"),
    "write_station": lazy("a écrit une station de radio"),
    "write_episode": lazy("a écrit une émission de radio"),
    "tie_question": lazy("a mis une question dans une émission de radio"),
    "untie_question": lazy("a retiré une question d'une émission de radio"),
    "set_budget": lazy("a changé un plafond de dépense"),
    "declare": lazy("a déclaré ce que demande la loi"),
    "leave_simulation": lazy("a quitté la simulation"),
    "open_pilot": lazy("a ouvert les envois à des villages"),
    "open_all": lazy("a ouvert les envois à tous"),
    "close_sending": lazy("a fermé les envois"),
    "first_look": lazy("a fait le tour des villages"),
    "first_simulator": lazy("a essayé le simulateur"),
}


@pages.page("/reglages/journal", roles={R.ADMINISTRATION})
def index() -> Answer:
    """The list, by person if asked."""
    asked = request.args.get("staff", type=int)
    with reading() as session:
        entries = session.query(AuditEntry).order_by(AuditEntry.id.desc())
        if asked is not None:
            entries = entries.filter_by(staff_id=asked)
        page = Page.asked(entries.count())
        rows = entries.offset(page.offset).limit(page.size).all()
        names = {staff.id: staff.display_name for staff in session.query(Staff).order_by(Staff.display_name)}
    form = Typed({"staff": asked})
    return render("settings/trail.html", rows=rows, page=page, names=names, words=WORDS, form=form)

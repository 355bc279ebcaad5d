"""What gateways and their settings are called on the pages of channels, what they cost and where to paste our addresses.

French by gateway and by setting name, as data: tests/test_providers.py fails while a gateway or one of its settings has no words.
A fact that the provider has yet to confirm says « à confirmer »; docs/gateways.md says what to ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.words import lazy


@dataclass(frozen=True)
class SettingWords:
    """A field of the form: its label, one line of help, and words for each of its choices."""

    label: Any
    hint: Any = ""
    choices: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GatewayWords:
    """A gateway to choose. `number` says what its number is; `paste` where each of our addresses goes, by its kind.

    An address that is not in `paste` is given to the provider with each request, so nobody needs to copy it. `query` is what
    follows an address whose provider fills in our fields itself. `not_here` is what it can do elsewhere and not in Mali.
    """

    name: Any
    purpose: Any
    needs: Any
    number: Any
    settings: Mapping[str, SettingWords]
    paste: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    not_here: tuple[Any, ...] = ()


_ADDRESS = lazy("Adresse du service")
_KEEP_DEFAULT = lazy("Ne changez rien, sauf si le fournisseur en donne une autre.")
_USER = lazy("Identifiant")
_PASSWORD = lazy("Mot de passe")

GATEWAYS: Mapping[str, GatewayWords] = {
    "simulator": GatewayWords(
        name=lazy("Simulateur"),
        purpose=lazy("Pour apprendre et essayer. Rien ne part vers un vrai téléphone."),
        needs=lazy("Ne coûte rien. Ni compte, ni carte SIM, ni réseau."),
        number=lazy("Un numéro inventé, par exemple 36085."),
        settings={
            "training": SettingWords(
                lazy("Envoyer aussi les brouillons"), lazy("Écrivez « oui » pour entendre les textes français non approuvés.")
            ),
            "faults": SettingWords(lazy("Pannes imitées"), lazy("Elles se choisissent plutôt sur la page Simulateur.")),
            "slow_seconds": SettingWords(lazy("Lenteur imitée, en secondes"), lazy("Sert avec la panne « slow ».")),
            "by_hand": SettingWords(
                lazy("Numéros qui décrochent à la main"), lazy("Séparés par des virgules. * pour tous les numéros.")
            ),
        },
    ),
    "android": GatewayWords(
        name=lazy("Téléphone Android"),
        purpose=lazy("Pour un pilote : SMS dans les deux sens avec une carte SIM malienne, sans contrat."),
        needs=lazy("Un téléphone Android allumé, une SIM et son forfait SMS. Environ 60 SMS par heure, à confirmer."),
        number=lazy("Le numéro de la carte SIM, 8 chiffres."),
        settings={
            "base_url": SettingWords(_ADDRESS, lazy("En ligne : ne changez rien. Téléphone seul : http://192.168.1.20:8080.")),
            "username": SettingWords(_USER, lazy("Affiché dans l'application, à l'écran d'accueil.")),
            "password": SettingWords(_PASSWORD, lazy("Affiché sous l'identifiant, dans l'application.")),
            "signing_key": SettingWords(
                lazy("Clé de signature"), lazy("Application : Settings, Webhooks, Signing Key. Une clé par téléphone.")
            ),
            "device_id": SettingWords(lazy("Téléphone"), lazy("Son identifiant, si le compte a plusieurs téléphones.")),
            "sim_number": SettingWords(
                lazy("Carte SIM"), lazy("Si le téléphone en a plusieurs."), {"1": "1", "2": "2", "3": "3"}
            ),
        },
        paste={
            "sms": lazy("Dans l'application ou le serveur : un webhook pour l'événement sms:received."),
            "status": lazy("Un webhook pour chacun : sms:sent, sms:delivered, sms:failed, sms:cancelled."),
        },
    ),
    "kannel": GatewayWords(
        name=lazy("Kannel (numéro court d'un opérateur)"),
        purpose=lazy("Pour tout le programme : SMS dans les deux sens, à grande échelle."),
        needs=lazy("Un contrat SMPP avec l'opérateur pour un numéro court. Le prix du SMS est dans ce contrat."),
        number=lazy("Le numéro court du contrat."),
        settings={
            "base_url": SettingWords(_ADDRESS, lazy("smsbox, sur cette machine seulement : http://127.0.0.1:13013.")),
            "username": SettingWords(_USER, lazy("Celui du groupe sendsms-user de kannel.conf.")),
            "password": SettingWords(_PASSWORD, lazy("Celui du groupe sendsms-user de kannel.conf.")),
            "max_parts": SettingWords(
                lazy("SMS par message, au plus"),
                lazy("Le même nombre que max-messages dans kannel.conf. Sinon un texte est coupé."),
            ),
            "smsc": SettingWords(lazy("Liaison (smsc)"), lazy("Le smsc-id de kannel.conf, s'il y a plusieurs opérateurs.")),
        },
        paste={"sms": lazy("Dans kannel.conf, groupe sms-service, ligne get-url, entre guillemets.")},
        query={"sms": "?id=%I&from=%p&to=%P&text=%a&charset=%C&coding=%c&ts=%T&smsc=%i&udh=%u"},
    ),
    "orange": GatewayWords(
        name=lazy("Orange SMS API"),
        purpose=lazy("Pour envoyer des SMS au Mali, quand les réponses ne sont pas nécessaires."),
        needs=lazy("Un compte Orange Developer et des lots de SMS payés d'avance. Réponses et accusés : à demander à Orange."),
        number=lazy("L'expéditeur donné par Orange, au Mali +2230000 (à confirmer)."),
        settings={
            "client_id": SettingWords(lazy("Client ID"), lazy("Orange Developer : My apps, votre application.")),
            "client_secret": SettingWords(lazy("Client secret"), lazy("Orange Developer : My apps, votre application.")),
            "sender_address": SettingWords(lazy("Adresse d'expéditeur"), lazy("Au Mali : tel:+2230000, à confirmer.")),
            "sender_name": SettingWords(
                lazy("Nom d'expéditeur"), lazy("11 lettres au plus, enregistré chez Orange. Un nom neutre.")
            ),
            "base_url": SettingWords(_ADDRESS, _KEEP_DEFAULT),
        },
        paste={
            "sms": lazy("À envoyer au support d'Orange Developer : adresse des SMS reçus."),
            "status": lazy("À envoyer au support d'Orange Developer : adresse des accusés (delivery receipts)."),
        },
        not_here=(lazy("recevoir, tant qu'Orange n'a pas noté nos adresses"),),
    ),
    "twilio": GatewayWords(
        name=lazy("Twilio, Somleng et serveurs TwiML"),
        purpose=lazy("Pour les appels et le serveur vocal. Au Mali, ses SMS partent sans retour possible."),
        needs=lazy("Un compte Twilio, payé en dollars. Avec Somleng : la ligne SIP d'un opérateur malien."),
        number=lazy("Le numéro acheté ou vérifié chez le fournisseur, avec +."),
        settings={
            "account_sid": SettingWords(lazy("Compte (Account SID)"), lazy("Sur l'accueil de la console Twilio.")),
            "auth_token": SettingWords(lazy("Jeton (Auth Token)"), lazy("Sous l'Account SID, dans la console Twilio.")),
            "auth_token_next": SettingWords(
                lazy("Jeton suivant"), lazy("Le second jeton (Secondary Auth Token), pendant que vous en changez.")
            ),
            "messaging_service_sid": SettingWords(
                lazy("Service de messages"), lazy("Commence par MG. Remplace le numéro d'expéditeur.")
            ),
            "base_url": SettingWords(
                _ADDRESS,
                lazy("Twilio : ne changez rien. Somleng : https://api.somleng.org. SignalWire : votre espace, avec /api/laml."),
            ),
            "flavour": SettingWords(
                lazy("Serveur"),
                lazy("Somleng ne connaît qu'une partie des instructions de Twilio."),
                {"twilio": "Twilio", "somleng": "Somleng", "signalwire": "SignalWire"},
            ),
            "machine_detection": SettingWords(
                lazy("Reconnaître les répondeurs"),
                lazy("Payant chez Twilio. Sans choix : le message est dit à qui décroche."),
                {"Enable": lazy("Oui, dès qu'il décroche"), "DetectMessageEnd": lazy("Oui, et attendre la fin de son annonce")},
            ),
        },
        paste={
            "sms": lazy("Console Twilio : Phone Numbers, votre numéro, « A message comes in », Webhook, HTTP POST."),
            "call": lazy("Console Twilio : Phone Numbers, votre numéro, « A call comes in », Webhook, HTTP POST."),
        },
        not_here=(lazy("recevoir des SMS au Mali (à confirmer)"),),
    ),
    "africastalking": GatewayWords(
        name=lazy("Africa's Talking"),
        purpose=lazy("Pour d'autres pays d'Afrique, ou une démonstration."),
        needs=lazy("Un compte prépayé. Aucun réseau malien dans sa liste : à confirmer avant tout achat."),
        number=lazy("Le numéro court, le numéro d'appel ou le nom d'expéditeur de votre compte."),
        settings={
            "username": SettingWords(_USER, lazy("Celui de l'application. « sandbox » pour essayer.")),
            "api_key": SettingWords(lazy("Clé (API Key)"), lazy("Tableau de bord : Settings, API Key.")),
            "sender": SettingWords(lazy("Expéditeur des SMS"), lazy("Numéro court ou nom enregistré. Vide : celui du compte.")),
            "base_url": SettingWords(_ADDRESS, _KEEP_DEFAULT),
        },
        paste={
            "sms": lazy("Tableau de bord : SMS, SMS Callback URLs, Incoming Messages, puis Bulk SMS Opt Out."),
            "status": lazy("Tableau de bord : SMS, SMS Callback URLs, Delivery Reports."),
            "call": lazy("Tableau de bord : Voice, Phone Numbers, votre numéro, Actions, Callback."),
        },
        not_here=(lazy("joindre un réseau du Mali (à confirmer)"),),
    ),
}

HOOKS = {
    "sms": lazy("SMS reçus"),
    "status": lazy("Accusés"),
    "call": lazy("Appels"),
    "recording": lazy("Enregistrements"),
}
OPERATORS = {"orange": "Orange", "moov": "Moov Africa Malitel", "telecel": "Telecel"}


def gateway_words(gateway: str) -> GatewayWords:
    """The words of a gateway; its bare name for one without words, so that no page breaks."""
    return GATEWAYS.get(gateway) or GatewayWords(gateway, "", "", "", {})


def gateway_name(gateway: str) -> str:
    """What a gateway is called."""
    return str(gateway_words(gateway).name)


def setting_words(gateway: str, name: str) -> SettingWords:
    """The words of a setting; its bare name for one without words."""
    return gateway_words(gateway).settings.get(name) or SettingWords(name)


def pasted(gateway: str, urls: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The addresses to paste at the provider: the kind of each, the address with what must follow it, and where it goes."""
    words = gateway_words(gateway)
    places = words.paste or dict.fromkeys(urls, "")
    return [(kind, urls[kind] + words.query.get(kind, ""), str(where)) for kind, where in places.items()]

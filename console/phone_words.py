"""What numbers, consents and the moments of a number's history are called on pages."""

from console.words import lazy
from messaging.models import CallState, ContactState, Kind, MessageState, Purpose

STATES = {
    ContactState.ANNOUNCED: (lazy("annoncé, pas encore confirmé"), "warn"),
    ContactState.ACTIVE: (lazy("actif"), "good"),
    ContactState.STOPPED: (lazy("désinscrit"), "bad"),
    ContactState.DEAD: (lazy("numéro qui n'existe plus"), "bad"),
    ContactState.ERASED: (lazy("effacé"), "bad"),
}
OPERATORS = {
    "orange": lazy("Orange"),
    "moov": lazy("Moov"),
    "telecel": lazy("Telecel"),
    "simulator": lazy("simulateur"),
}
PURPOSES = {
    Purpose.PUSH: lazy("recevoir des messages"),
    Purpose.CALL: lazy("recevoir des appels"),
    Purpose.RECORD: lazy("être enregistré"),
    Purpose.AIR: lazy("passer à la radio"),
    Purpose.SERIES: lazy("suivre une série"),
}
VIAS = {
    "register": lazy("registre"),
    "sms": lazy("SMS"),
    "voice": lazy("appel"),
    "call": lazy("appel"),
    "staff": lazy("un collègue"),
    "operator": lazy("l'opérateur"),
    "erasure": lazy("effacement"),
    "import": lazy("import"),
}
MESSAGES = {
    MessageState.SCHEDULED: (lazy("en attente"), ""),
    MessageState.QUEUED: (lazy("en attente"), ""),
    MessageState.HELD: (lazy("mis de côté"), "warn"),
    MessageState.SENDING: (lazy("en cours d'envoi"), ""),
    MessageState.WIRED: (lazy("parti"), ""),
    MessageState.SENT: (lazy("parti"), ""),
    MessageState.DELIVERED: (lazy("reçu par le téléphone"), "good"),
    MessageState.ERRORED: (lazy("nouvel essai prévu"), "warn"),
    MessageState.FAILED: (lazy("en échec"), "bad"),
    MessageState.UNKNOWN: (lazy("sort inconnu"), "warn"),
    MessageState.SUPPRESSED: (lazy("écarté"), ""),
    MessageState.CANCELLED: (lazy("annulé"), ""),
    MessageState.EXPIRED: (lazy("expiré"), ""),
    MessageState.RECEIVED: (lazy("à lire"), "warn"),
    MessageState.HANDLED: (lazy("traité"), ""),
}
CALLS = {
    CallState.QUEUED: (lazy("en attente"), ""),
    CallState.DIALLING: (lazy("numérotation"), ""),
    CallState.RINGING: (lazy("sonne"), ""),
    CallState.ANSWERED: (lazy("en ligne"), ""),
    CallState.COMPLETED: (lazy("écouté jusqu'au bout"), "good"),
    CallState.DROPPED: (lazy("écouté en partie"), "good"),
    CallState.MACHINE: (lazy("répondeur"), "warn"),
    CallState.BUSY: (lazy("ligne occupée"), "warn"),
    CallState.NO_ANSWER: (lazy("pas de réponse"), "warn"),
    CallState.ERRORED: (lazy("nouvel essai prévu"), "warn"),
    CallState.FAILED: (lazy("en échec"), "bad"),
    CallState.UNKNOWN: (lazy("sort inconnu"), "warn"),
    CallState.SUPPRESSED: (lazy("écarté"), ""),
    CallState.CANCELLED: (lazy("annulé"), ""),
    CallState.EXPIRED: (lazy("expiré"), ""),
}
KINDS = {
    Kind.REPLY: lazy("réponse"),
    Kind.CONFIRMATION: lazy("confirmation"),
    Kind.ANSWER: lazy("réponse enregistrée"),
    Kind.REMINDER: lazy("rappel"),
    Kind.PUSH: lazy("campagne"),
}

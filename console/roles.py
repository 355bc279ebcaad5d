"""The roles in words."""

from console.staff import RoleName
from console.words import lazy

WORDS = {
    RoleName.ADMINISTRATION: (lazy("Administration"), lazy("Réglages, utilisateurs, budgets.")),
    RoleName.COMMUNICATION: (lazy("Communication"), lazy("Écrire, importer, programmer, répondre.")),
    RoleName.VALIDATION: (lazy("Validation"), lazy("Approuver les textes et les sons des autres.")),
    RoleName.TERRAIN: (lazy("Terrain"), lazy("Ses villages seulement.")),
    RoleName.LECTURE: (lazy("Lecture"), lazy("Les totaux, sans nom ni numéro.")),
    RoleName.LANGUE: (lazy("Langue"), lazy("Textes et sons, sans les contacts.")),
    RoleName.SUIVI: (lazy("Suivi-évaluation"), lazy("Rapports et indicateurs, sans envoi.")),
    RoleName.PROTECTION: (lazy("Protection"), lazy("Les signalements mis à part.")),
}


def role_words(name: str) -> str:
    """A role as people read it."""
    return str(WORDS[RoleName(name)][0])

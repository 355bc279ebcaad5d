"""Two thousand texts as staff might type them: words of French, Bambara and Fulfulde, and all that makes an SMS dearer or longer.

The same ones every time. They say nothing to anybody: words are put one after another until the wanted length is reached.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SAID = {
    "fr": """bébé mère père famille bouillie légumes feuilles œuf poisson arachide niébé mil maïs eau propre savon mains
        laver donner allaiter lait dès naissance six mois où là à après très même être forêt goûter fête août maître cœur ça
        reçu garçon Noël naïf l'enfant d'eau aujourd'hui qu'elle l’enfant d’eau s’il « bonjour » réunion mardi marché village club
        séance santé centre agent repas jour petit peu d'huile fer iode sel vitamine Écoutez Élève À Ê ç ù û î ï ô ë …""",
    "bm": """den dennin ba fa musow cɛw mɔgɔw dɔnni sinji di jɛgɛ kɛnɛya kɛnɛ ɲɔ ɲɔmugu moni shɛfan ji saniman safinɛ tɛgɛ ko na
        ani kalo wɔɔrɔ don o don bɛ tɛ ye la ŋɔni ɲɛ ɲɔgɔn kɔnɔ kɔfɛ dugu kura lamɛn lamɛnni furabulu bana dɔgɔtɔrɔ
        dɔgɔtɔrɔso nafa fanga fɔlɔ fila saba naani duuru i n'i k'a ka’a y’a Ɛɛ Ɔwɔ Ɲɛgɛnɛ Ŋaniya sɛ̀nɛ bá""",
    "ffm": """ɓiɗɗo ɓiɗɓe suka sukaaɓe yumma baaba debbo rewɓe worɓe kosam muynude enndu ndiyam laaɓɗam saabunde juuɗe lootu
        nyaamdu ñaamdu gawri mbuuru liɗɗi ɓoccoonde haako lewru jeegom ñalnde fuu e kala jamu cellal safaara dogtoro wuro luumo
        ɗon ɗo ɗaɗol ƴiiƴam ƴeewu ŋarɗo ɲaamu woɗi heɓi waɗi rokku hokku naange jemma goɗɗo sa’a saʼaare sa'aare Ɓii Ɗum
        Ƴama""",
}
_CHEAP = "bebe mere lait eau savon mains laver repas jour village club marché santé très à où l'enfant"
WORDS = {language: said.split() for language, said in _SAID.items()}
CHEAP_ONLY = _CHEAP.split()
DOUBLE = ("€", "[1]", "{a}", "a|b", "~", "^", "\\")
OTHERS = ("🙂", "👩🏾", "👨‍👩‍👧", "❤️", "🇲🇱", "\n", "\n\n", "\u00a0", "–", "•", "½", "№", "@", "$", "ß", "¿", "_", "\t")
AROUND = (70, 134, 160, 306, 67, 153, 201, 459)
"""Where one more letter makes one more SMS: 70, 67 a part in UCS-2, 160, 153 a part in GSM-7."""
HOW_MANY = 2000


@dataclass(frozen=True)
class Text:
    """`number` from 0, for a test that has to name it."""

    number: int
    language: str
    text: str


def texts(how_many: int = HOW_MANY) -> list[Text]:
    """The same texts on every machine: languages in turn, most of them within four signs of a limit."""
    return [Text(number, language, text) for number, (language, text) in zip(range(how_many), _made(), strict=False)]


def edges() -> list[str]:
    """A sign that must not be cut, on either side of each place where a text may be cut."""
    wide = (
        "ɛ" * lead + sign + "a" * tail
        for lead in range(60, 72)
        for sign in ("🙂", "👨\u200d👩\u200d👧", "👩🏾", "🇲🇱", "ɛ\u0300", "❤️", "\n")
        for tail in (0, 1, 60, 66, 67)
    )
    narrow = (
        "a" * lead + sign + "a" * tail
        for lead in range(148, 162)
        for sign in ("€", "[]", "\n\n", "\r\n")
        for tail in (0, 1, 2, 150, 153)
    )
    return [*wide, *narrow]


def _made() -> Iterator[tuple[str, str]]:
    chance = random.Random(4)
    while True:
        for language in WORDS:
            cheap = chance.random() < 0.35
            words = CHEAP_ONLY if cheap else WORDS[language]
            length = chance.choice(AROUND) + chance.randint(-4, 4) if chance.random() < 0.8 else chance.randint(0, 500)
            yield language, _of_length(chance, words, length, doubles=chance.random() < 0.4, others=chance.random() < 0.25)


def _of_length(chance: random.Random, words: Sequence[str], length: int, *, doubles: bool, others: bool) -> str:
    said = ""
    while len(said) < length:
        draw = chance.random()
        if doubles and draw < 0.12:
            said += chance.choice(DOUBLE)
        elif others and draw > 0.9:
            said += chance.choice(OTHERS)
        else:
            said += chance.choice(words)
        said += chance.choice((" ", " ", " ", ", ", ". "))
    return said[:length]

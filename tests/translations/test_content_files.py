"""A nutrition officer's mistakes in the content files, and the sentence each is answered with."""

from pathlib import Path

import pytest

from translations.content_entries import Pack, Season
from translations.content_files import ContentFileError, read

THEMES = """
[[theme]]
code = 11
nom = "Consultation prénatale"
court = "CPN"
mot = "CPN"
groupe = "Nutrition de la femme"
"""
FACTS = """
[[fait]]
numero = 1
marque = "C"
source = "OMS 2016"
texte = "CPN tôt"

[[fait]]
numero = 2
marque = "R"
source = "OMS"
texte = "Autre"

[[fait]]
numero = 23
marque = "S"
source = "Cartes"
texte = "Quantités"
publier = false
"""
VOICE = " ".join(["Accompagnez la famille à la visite."] * 10)
MESSAGE = f"""
[[message]]
cle = "cpn-tot"
theme = 11
titre = "La première visite"
public = "familles"
texte = "Allez ensemble à la CPN. Demandez le jour au CSCom."
voix = "{VOICE}"
faits = [1]
source = "OMS 2016"
marque = "C"
"""
QUIZ = """
[[quiz]]
cle = "quiz-cpn"
theme = 11
question = "Quand aller à la CPN?"
options = ["tot", "tard"]
juste = 1
explication = "On y va au plus vite."
question_du_club = true
faits = [1]
source = "OMS 2016"
marque = "C"
"""
REPLY = """
[[reponse]]
etiquette = "language_set"
titre = "Langue choisie"
texte = "Votre langue est: {langue}."
exemple = { langue = "dogon donno so" }
"""
PROMPT = """
[[phrase]]
cle = "who"
paquet = "A"
quand = "Au début."
texte = "Ici le service."
"""
ALL = {"themes": THEMES, "facts": FACTS, "messages": MESSAGE, "quiz": QUIZ, "replies": REPLY, "prompts": PROMPT}


def write(folder: Path, **files: str) -> Path:
    for name, text in {**ALL, **files}.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def complaints(folder: Path) -> list[str]:
    with pytest.raises(ContentFileError) as refused:
        read(folder)
    return [str(problem) for problem in refused.value.problems]


def test_a_library_without_mistakes_is_read_whole(tmp_path: Path) -> None:
    library = read(write(tmp_path, messages=MESSAGE + 'saison = "pluies"\n'))
    (message,), (quiz,), (reply,), (prompt,) = library.messages, library.quizzes, library.replies, library.prompts
    assert (message.key, message.facts, message.season) == ("cpn-tot", (1,), Season.RAINS)
    assert (message.place.file, message.place.line) == ("messages.toml", 2)
    assert quiz.sms == "Quand aller à la CPN? 1 tot 2 tard"
    assert quiz.club_question
    assert (reply.placeholders, reply.longest) == (("langue",), "Votre langue est: dogon donno so.")
    assert (prompt.label, prompt.pack) == ("who", Pack.A)
    assert [fact.publishable for fact in library.facts] == [True, True, False]


REFUSALS = [
    pytest.param("messages", MESSAGE, "La première visite", "a" * 121, "« titre » a 121 signes", id="title too long"),
    pytest.param("messages", MESSAGE, '"OMS 2016"', f'"{"a" * 201}"', "« source » a 201 signes", id="source too long"),
    pytest.param("messages", MESSAGE, MESSAGE, 'message = ["cpn"]', "Titre inconnu", id="a list of words for entries"),
    pytest.param("messages", MESSAGE, 'cle = "cpn-tot"\n', "", "« cle » manque", id="key missing"),
    pytest.param("quiz", QUIZ, "question_du_club = true", "question_du_club = 1", "true ou false", id="a number is no flag"),
    pytest.param("replies", REPLY, 'titre = "Langue choisie"\n', "", "« titre » manque", id="a reply without a title"),
    pytest.param("replies", REPLY, '{ langue = "dogon donno so" }', "3", "« exemple » ne convient pas", id="sample no table"),
    pytest.param("replies", REPLY, "{langue}.", "{langue} ou {a.b}.", "Une accolade", id="brace round no plain name"),
    pytest.param("replies", REPLY, "{langue}.", "{langue} }.", "Une accolade", id="closing brace alone"),
    pytest.param("messages", MESSAGE, "theme = 11", "theme = 14", "Le thème 14 n'existe pas", id="unknown theme"),
    pytest.param("messages", MESSAGE, "faits = [1]", "faits = [99]", "Le fait 99 n'existe pas", id="unknown fact"),
    pytest.param("messages", MESSAGE, "faits = [1]", "faits = [23]", "Le fait 23 ne se publie pas", id="fact held back"),
    pytest.param("messages", MESSAGE, "faits = [1]", "faits = []", "« faits » est vide", id="no fact"),
    pytest.param("messages", MESSAGE, "faits = [1]\n", "", "« faits » manque", id="facts missing"),
    pytest.param("messages", MESSAGE, "faits = [1]", 'faits = ["1"]', "« faits » ne convient pas", id="fact as text"),
    pytest.param("messages", MESSAGE, 'source = "OMS 2016"\n', "", "« source » manque", id="source missing"),
    pytest.param("messages", MESSAGE, 'marque = "C"\n', "", "« marque » manque", id="mark missing"),
    pytest.param("messages", MESSAGE, 'marque = "C"', 'marque = "Z"', "Les valeurs possibles sont : R, S, C", id="unknown mark"),
    pytest.param("messages", MESSAGE, 'marque = "C"', 'marque = "R"', "La marque R est trop sûre", id="mark surer than its fact"),
    pytest.param("messages", MESSAGE, "theme = 11", "theme = true", "« theme » ne convient pas", id="true is no number"),
    pytest.param("messages", MESSAGE, "cpn-tot", "CPN tôt", "La clé ne prend que", id="key with accents"),
    pytest.param("messages", MESSAGE, "cpn-tot", "a" * 65, "64 signes au plus", id="key too long"),
    pytest.param("messages", MESSAGE, "titre =", "title =", "Le mot « title » est inconnu ici", id="misspelled word"),
    pytest.param("messages", MESSAGE, "titre =", "title =", "« titre » manque", id="misspelled word leaves a gap"),
    pytest.param("messages", MESSAGE, '"familles"', '" "', "« public » est vide", id="empty text"),
    pytest.param("messages", MESSAGE, "Allez", "Fête: allez", "ê (écrivez e)", id="dear letter with its spelling"),
    pytest.param("messages", MESSAGE, "Allez", "卵 allez", "plus cher : 卵.", id="dear letter without a spelling"),
    pytest.param("messages", MESSAGE, "Demandez", "Demandez" * 40, "prend 3 SMS (363 signes)", id="over two parts"),
    pytest.param("messages", MESSAGE, "Allez ensemble", "Allez" + " donc" * 12, "L'action vient d'abord", id="late core"),
    pytest.param("messages", MESSAGE, "Allez", "Ne restez pas. Allez", "commence par un interdit", id="begins with a ban"),
    pytest.param("messages", MESSAGE, "Demandez", "C'est honteux ou votre faute. Demandez", "fait un reproche", id="blame"),
    pytest.param("messages", MESSAGE, "Demandez", "Sinon, danger. Demandez", "fait peur (« danger »)", id="fear"),
    pytest.param("messages", MESSAGE, "Demandez", "Le moringa guérit. Demandez", "promet trop", id="cure"),
    pytest.param("messages", MESSAGE, "Demandez", "Prenez 60 mg. Demandez", "donne une dose", id="dose"),
    pytest.param("messages", MESSAGE, "Demandez", "Du paracétamol. Demandez", "nomme un médicament", id="drug"),
    pytest.param("messages", MESSAGE, "Demandez", "Un cube Maggi. Demandez", "nomme une marque", id="brand"),
    pytest.param("messages", MESSAGE, "Demandez", "Votre grossesse. Demandez", "désigne la personne", id="names the listener"),
    pytest.param("messages", MESSAGE, VOICE, VOICE * 2, "« voix » a 120 mots", id="voice too long"),
    pytest.param("messages", MESSAGE, VOICE, "Allez à la CPN.", "« voix » a 4 mots", id="voice too short"),
    pytest.param("messages", MESSAGE, VOICE, VOICE.replace(".", ","), "35 mots au plus", id="core late in the voice"),
    pytest.param("messages", MESSAGE, "[[message]]", "[message]", "Titre inconnu", id="single brackets"),
    pytest.param("messages", MESSAGE, "[[message]]", "[[mesage]]", "Titre inconnu", id="misspelled heading"),
    pytest.param(
        "quiz", QUIZ, "juste = 1", "juste = 3", "« juste » vaut 3, et la question a 2", id="right answer not among options"
    ),
    pytest.param("quiz", QUIZ, "juste = 1", "juste = 0", "« juste » vaut 0", id="options count from one"),
    pytest.param("quiz", QUIZ, '"tard"', '"tot"', "Deux réponses au choix sont les mêmes", id="same option twice"),
    pytest.param("quiz", QUIZ, ', "tard"', "", "La question a 1 réponse au choix", id="one option"),
    pytest.param("quiz", QUIZ, '"tard"', '"a", "b", "c"', "La question a 4 réponses au choix", id="four options"),
    pytest.param("quiz", QUIZ, "CPN?", "CPN", "finit par un point d'interrogation", id="no question mark"),
    pytest.param("quiz", QUIZ, "tard", "tôt", "« question » contient des signes", id="dear option"),
    pytest.param("quiz", QUIZ, "tard", "tard" * 80, "« question » prend 3 SMS", id="question over two parts"),
    pytest.param("quiz", QUIZ, "On y va", "On y va" * 17, "« explication » a 133 signes", id="explanation too long"),
    pytest.param("replies", REPLY, "dogon donno so", "a" * 150, "« texte » prend 2 SMS", id="filled reply over one part"),
    pytest.param("replies", REPLY, "exemple = {", "# {", "« exemple » ne donne rien pour {langue}", id="no sample"),
    pytest.param("replies", REPLY, "est: {langue}", "est notée", "parle de {langue}", id="sample for nothing"),
    pytest.param("replies", REPLY, "{langue}.", "{langue.", "Une accolade", id="brace alone"),
    pytest.param("replies", REPLY, "est: ", "sera peut-être: ", "ê (écrivez e)", id="dear letter in a reply"),
    pytest.param("replies", REPLY, "language_set", "Language set", "Ce nom ne prend que", id="label with a space"),
    pytest.param("prompts", PROMPT, '"who"', '"Qui"', "Ce nom ne prend que", id="prompt label in capitals"),
    pytest.param("prompts", PROMPT, '"A"', '"Z"', "Les valeurs possibles sont : A, B", id="unknown pack"),
    pytest.param("prompts", PROMPT, "Ici le service.", "", "« texte » est vide", id="silent prompt"),
    pytest.param("themes", THEMES, 'court = "CPN"', 'court = "être"', "« court » contient", id="dear echo"),
    pytest.param("themes", THEMES, 'mot = "CPN"', 'mot = "consultation prénatale"', "Il en faut 12 au plus", id="long word"),
    pytest.param("themes", THEMES, "Nutrition de la femme", "N" * 41, "« groupe » a plus de 40", id="long group"),
    pytest.param("themes", THEMES, "code = 11", "code = 7", "a deux chiffres", id="one-digit theme"),
]


@pytest.mark.parametrize(("file", "text", "before", "after", "sentence"), REFUSALS)
def test_a_mistake_is_answered_with_its_sentence(
    tmp_path: Path, file: str, text: str, before: str, after: str, sentence: str
) -> None:
    assert before in text
    found = complaints(write(tmp_path, **{file: text.replace(before, after, 1)}))
    assert any(sentence in complaint and complaint.startswith(f"{file}.toml") for complaint in found), found


def test_every_mistake_is_listed_at_once_with_file_line_and_key(tmp_path: Path) -> None:
    wrong = MESSAGE.replace("theme = 11", "theme = 14") + MESSAGE.replace("cpn-tot", "autre").replace(
        "faits = [1]", "faits = [9]"
    )
    found = complaints(write(tmp_path, messages=wrong, quiz=QUIZ.replace("juste = 1", "juste = 5")))
    assert found == [
        "messages.toml, ligne 2 [cpn-tot] : Le thème 14 n'existe pas. Regardez themes.toml.",
        "messages.toml, ligne 13 [autre] : Le fait 9 n'existe pas. Regardez facts.toml.",
        "quiz.toml, ligne 2 [quiz-cpn] : « juste » vaut 5, et la question a 2 réponses au choix.",
    ]


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        pytest.param("messages", MESSAGE, "Le nom « cpn-tot » est déjà pris, dans messages.toml, ligne 2.", id="message"),
        pytest.param("replies", REPLY, "Le nom « language_set » est déjà pris, dans replies.toml, ligne 2.", id="reply"),
        pytest.param("prompts", PROMPT, "Le nom « who » est déjà pris, dans prompts.toml, ligne 2.", id="prompt"),
        pytest.param("themes", THEMES, "Le nom « 11 » est déjà pris, dans themes.toml, ligne 2.", id="theme"),
        pytest.param("facts", FACTS, "Le nom « 23 » est déjà pris, dans facts.toml, ligne 14.", id="fact"),
    ],
)
def test_a_name_is_taken_once(tmp_path: Path, file: str, text: str, sentence: str) -> None:
    assert any(sentence in complaint for complaint in complaints(write(tmp_path, **{file: text + text})))


def test_a_message_and_a_question_do_not_share_a_key(tmp_path: Path) -> None:
    assert complaints(write(tmp_path, quiz=QUIZ.replace("quiz-cpn", "cpn-tot"))) == [
        "quiz.toml, ligne 2 [cpn-tot] : Le nom « cpn-tot » est déjà pris, dans messages.toml, ligne 2."
    ]


def test_a_reply_and_a_prompt_may_share_a_label_as_the_written_and_the_spoken_form(tmp_path: Path) -> None:
    read(write(tmp_path, prompts=PROMPT.replace("who", "language_set")))


def test_a_theme_has_one_club_question(tmp_path: Path) -> None:
    assert complaints(write(tmp_path, quiz=QUIZ + QUIZ.replace("quiz-cpn", "quiz-cpn-2"))) == [
        "quiz.toml, ligne 14 [quiz-cpn-2] : Le thème 11 a déjà sa question du club, dans quiz.toml, ligne 2."
    ]


def test_a_theme_refused_for_itself_is_not_called_unknown_elsewhere(tmp_path: Path) -> None:
    found = complaints(write(tmp_path, themes=THEMES.replace('mot = "CPN"\n', "")))
    assert found == ["themes.toml, ligne 2 [11] : « mot » manque. Il faut un texte entre guillemets."]


def test_a_file_that_breaks_off_is_told_by_its_line_and_blames_no_other(tmp_path: Path) -> None:
    found = complaints(write(tmp_path, themes=THEMES.replace('"CPN"', '"CPN', 1)))
    assert found == ["themes.toml, ligne 5 : La lecture s'arrête ici. Vérifiez les guillemets, les crochets et le signe =."]


def test_a_file_saved_in_windows_letters_is_told_so(tmp_path: Path) -> None:
    (write(tmp_path) / "themes.toml").write_bytes(THEMES.encode("cp1252"))
    assert complaints(tmp_path) == ["themes.toml : Ce fichier n'est pas en UTF-8. Enregistrez-le de nouveau en UTF-8."]


def test_the_mark_and_line_ends_of_windows_editors_are_accepted(tmp_path: Path) -> None:
    (write(tmp_path) / "messages.toml").write_bytes(b"\xef\xbb\xbf" + MESSAGE.replace("\n", "\r\n").encode())
    assert read(tmp_path).messages[0].place.line == 2


def test_decomposed_accents_and_broken_lines_are_put_right(tmp_path: Path) -> None:
    text = MESSAGE.replace('"Allez ensemble à', '"""Allez\n  ensemble a\u0300').replace('au CSCom."', 'au CSCom."""')
    assert read(write(tmp_path, messages=text)).messages[0].text == "Allez ensemble à la CPN. Demandez le jour au CSCom."


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    assert complaints(tmp_path) == [" : Ce dossier ne contient aucun fichier .toml."]


def test_moving_an_entry_keeps_its_digest_and_changing_a_word_does_not(tmp_path: Path) -> None:
    before = read(write(tmp_path)).messages[0].digest
    assert read(write(tmp_path, messages="# remarque\n" + MESSAGE)).messages[0].digest == before
    assert read(write(tmp_path, messages=MESSAGE.replace("le jour", "la date"))).messages[0].digest != before
    assert len(before) == 64

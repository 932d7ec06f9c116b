"""Invented people: real first names, surnames nobody bears, phone numbers reserved for fiction.

Every surname contains one of `MARKERS`, a word for "example" or "test" in some language, so that
nobody can take a name on a screen or in a log for a real customer.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

MARKERS = (
    "muster",
    "beispiel",
    "probe",
    "exempel",
    "dummy",
    "fiktiv",
    "kunstname",
    "test",
    "platzhalter",
    "erfunden",
    "attrappe",
    "vorlage",
    "schablone",
    "exemple",
    "ejempl",
    "örnek",
    "przykład",
    "příklad",
    "esempio",
    "voorbeeld",
    "παράδειγμα",
    "δοκιμή",
    "مثال",
    "تجربة",
    "דוגמה",
    "ניסיון",
)

# The five ranges of 1,000 numbers each that the German regulator keeps free for films and manuals.
FICTION_PREFIXES = ("+49 30 23125", "+49 69 90009", "+49 40 66969", "+49 221 4710", "+49 89 99998")

_STEMS = (
    "Muster",
    "Beispiels",
    "Probe",
    "Exempel",
    "Dummy",
    "Fiktiv",
    "Kunstnamen",
    "Test",
    "Platzhalter",
    "Erfunden",
    "Attrappen",
    "Vorlagen",
    "Schablonen",
)
_ENDINGS = (
    "mann",
    "frau",
    "berger",
    "heimer",
    "hofer",
    "bauer",
    "meier",
    "stein",
    "feld",
    "müller",
    "schmidt",
    "brück",
    "kötter",
    "großmann",
    "gården",
    "thal",
    "wälder",
    "bächle",
)
_PLAIN = (
    "Muster",
    "Beispiel",
    "Exempel",
    "Probst-Probe",
    "Dummy",
    "Fiktiv",
    "Kunstname",
    "Vorlage",
)
_GERMAN_SURNAMES = _PLAIN + tuple(stem + ending for stem in _STEMS for ending in _ENDINGS)
_LONG_SURNAMES = (
    "von Beispielsberger-Mustermannshausen",
    "Freifrau zu Probeheim und Exempelstetten",
    "Platzhalterwald-Kunstnamenbrück",
    "Gräfin von und zu Mustergården-Testhofen",
)


@dataclass(frozen=True, slots=True)
class _Circle:
    """People of one mother tongue: women's and men's first names, and surnames."""

    language: str
    women: tuple[str, ...]
    men: tuple[str, ...]
    surnames: tuple[str, ...]


def _circle(language: str, women: str, men: str, surnames: str) -> _Circle:
    return _Circle(language, tuple(women.split()), tuple(men.split()), tuple(surnames.split(",")))


_GERMAN = _circle(
    "de",
    "Erika Anna Sabine Petra Ute Karin Julia Lena Mia Emma Hannah Sophie Katharina Claudia "
    "Monika Jutta Zoë Renée Heike Birgit Silke Nele Frieda Ida Clara Luise Greta Mathilda "
    "Franziska Theresa Änne Käthe Björg Marlene Charlotte Johanna Elisabeth Antonia Paula",
    "Max Hans Peter Jürgen Klaus Uwe Lukas Leon Finn Paul Jonas Felix Tim Sebastian Andreas "
    "Thomas Björn Jörg Günther Sören René André Matthias Stefan Wolfgang Heinrich Karl Otto "
    "Emil Anton Theo Konstantin Friedrich Benedikt Valentin Moritz Jakob Noah Götz",
    ",".join(_GERMAN_SURNAMES),
)
_LONG = replace(_GERMAN, surnames=_LONG_SURNAMES)
_OTHERS = (
    _circle("en", "Olivia Grace Chloe", "Harry Oliver Jack", "Testington,Dummyworth,Test-Exempel"),
    _circle("tr", "Ayşe Elif Gülşen", "Emre Çağrı İbrahim", "Örnekoğlu,Örnekçi,Örnek"),
    _circle("fr", "Éloïse Zoé Chloé", "François Noël Loïc", "de l’Exemple,Exempleau,Exemplet"),
    _circle("es", "Lucía Begoña Inés", "José Íñigo Ramón", "del Ejemplo,Ejemplón,Ejemplez"),
    _circle("pl", "Łucja Żaneta Kasia", "Michał Łukasz Paweł", "Przykładowski,Przykład,Przykładek"),
    _circle("cs", "Běla Zdeňka Jiřina", "Jiří Tomáš Ondřej", "Příkladný,Příkladek"),
    _circle("it", "Noemi Giulia Chiara", "Niccolò Matteo Luca", "Esempio,d’Esempio"),
    _circle("nl", "Fenna Sanne Zoë", "Daan Sjoerd Jeroen", "van Voorbeeld,Voorbeeldstra"),
    _circle("el", "Ελένη Μαρία", "Γιώργος Νίκος", "Παράδειγμας,Δοκιμήδης"),
    _circle("ar", "ليلى فاطمة", "يوسف كريم", "مثال,بن تجربة"),
    _circle("he", "נועה תמר", "אורי דוד", "דוגמה,ניסיון"),
)
_SHARE_OTHERS, _SHARE_LONG, _SHARE_DOUBLE = 0.13, 0.02, 0.05


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is: name, gender ("w" or "m"), mother tongue, and the e-mail's local part."""

    first_name: str
    last_name: str
    gender: str
    language: str
    mailbox: str


def invent(gender: str, roll: Callable[[], float]) -> Person:
    """Somebody new; `roll` gives numbers in [0, 1)."""
    circle = _pick_circle(roll())
    first_names = circle.women if gender == "w" else circle.men
    first = first_names[int(roll() * len(first_names))]
    last = circle.surnames[int(roll() * len(circle.surnames))]
    if circle is _GERMAN and roll() < _SHARE_DOUBLE:
        last = f"{last}-{_GERMAN_SURNAMES[int(roll() * len(_GERMAN_SURNAMES))]}"
    mailbox = f"{_MAILBOX[first]}.{_MAILBOX.get(last) or _ascii(last)}"
    return Person(first, last, gender, circle.language, mailbox)


def is_obviously_invented(last_name: str) -> bool:
    """Whether a surname carries one of the words that give it away."""
    folded = last_name.casefold()
    return any(marker in folded for marker in MARKERS)


def _pick_circle(share: float) -> _Circle:
    if share < _SHARE_OTHERS:
        return _OTHERS[int(share / _SHARE_OTHERS * len(_OTHERS))]
    return _LONG if share < _SHARE_OTHERS + _SHARE_LONG else _GERMAN


_SPELLED_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ł": "l", "ı": "i", " ": "-", "’": ""}
)


def _ascii(name: str) -> str:
    """A name as people write it before the @: "Jürgen Großmann" -> "juergen-grossmann"."""
    spelled = unicodedata.normalize("NFC", name).lower().translate(_SPELLED_OUT)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return plain or "kunde"


# All single names once, so that nobody is transliterated twice.
_MAILBOX = {
    name: _ascii(name)
    for circle in (_GERMAN, _LONG, *_OTHERS)
    for name in (*circle.women, *circle.men, *circle.surnames)
}

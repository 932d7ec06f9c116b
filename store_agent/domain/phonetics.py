"""Kölner Phonetik (Postel 1969): German words that sound alike get the same digits.

Meier, Maier, Mayr and Meyer are all "67"; Schmidt and Schmitt are both "862".
"""

from __future__ import annotations

_SIMPLE = {
    **dict.fromkeys("AEIJOUY", "0"),
    "B": "1",
    **dict.fromkeys("FVW", "3"),
    **dict.fromkeys("GKQ", "4"),
    "L": "5",
    **dict.fromkeys("MN", "6"),
    "R": "7",
    **dict.fromkeys("SZ", "8"),
}
_FOLDED = str.maketrans({"Ä": "A", "Ö": "O", "Ü": "U", "ẞ": "SS"})


def cologne(word: str) -> str:
    """The code of `word`; other characters than letters A-Z, Ä, Ö, Ü, ß are skipped."""
    letters = [c for c in word.upper().translate(_FOLDED) if "A" <= c <= "Z"]
    digits: list[str] = []
    for index, letter in enumerate(letters):
        before = letters[index - 1] if index else ""
        after = letters[index + 1] if index + 1 < len(letters) else ""
        for digit in _digits(letter, before, after):
            if not digits or digits[-1] != digit:
                digits.append(digit)
    return "".join(digits[:1]) + "".join(digits[1:]).replace("0", "")


def _digits(letter: str, before: str, after: str) -> str:
    if letter in _SIMPLE:
        return _SIMPLE[letter]
    if letter == "P":
        return "3" if after == "H" else "1"
    if letter in "DT":
        return "8" if after and after in "CSZ" else "2"
    if letter == "C":
        return _digit_of_c(before, after)
    if letter == "X":
        return "8" if before and before in "CKQ" else "48"
    return ""  # H


def _digit_of_c(before: str, after: str) -> str:
    hard = bool(after) and after in ("AHKLOQRUX" if not before else "AHKOQUX")
    return "4" if hard and (not before or before not in "SZ") else "8"

"""Customers in the cache: by id, and by whatever somebody at the counter remembers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from store_agent.domain.customer import Customer
from store_agent.storage import codec, words
from store_agent.storage.connection import Connection

MIN_TYPO_LETTERS = 4  # shorter words with one letter changed are other words
MAX_QUERY_WORDS = 5
MAX_QUERY_LENGTH = 100
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def get(cache: Connection, customer_id: str) -> Customer | None:
    """The customer with this id, or the one they were merged into."""
    doc = _doc(cache, customer_id)
    if doc is None:
        merged = cache.execute(
            "SELECT new_id FROM merged_customers WHERE old_id = ?", (customer_id,)
        ).fetchall()
        doc = _doc(cache, merged[0][0]) if merged else None
    return None if doc is None else codec.read(Customer, doc)


def count(cache: Connection) -> int:
    """How many customers this shop knows."""
    return int(cache.execute("SELECT count(*) FROM customers").fetchall()[0][0])


def search(cache: Connection, query: str, limit: int) -> list[Customer]:
    """At most `limit` customers that fit `query`: whole words first, then beginnings of words.

    Words of a name in any order; at least four digits of a phone number, from its beginning or its
    end; the beginning of an e-mail address or a member number. Umlauts may be spelled either way.
    When nothing fits, names that sound alike or have one typing error.
    """
    text = query.strip()[:MAX_QUERY_LENGTH]
    found: dict[int, None] = {}
    for expression in _expressions(text):
        missing = limit - len(found)
        if missing <= 0:
            break
        found.update(dict.fromkeys(_matches(cache, expression, limit)))
    if not found:
        for expression in _tolerant_expressions(text):
            found = dict.fromkeys(_matches(cache, expression, limit))
            if found:
                break
    return list(_by_number(cache, list(found)[:limit]))


def _expressions(text: str) -> Iterator[str]:
    """FTS5 expressions from exact to wide."""
    if "@" in text:
        yield _prefix(words.mail(text))
        return
    if any(c.isdigit() for c in text):
        numbers = words.phone_queries(text) if _looks_like_phone(text) else []
        if len(words.member(text)) > 1:
            numbers.append(words.member(text))
        yield _any_of(_prefix(word) for word in numbers)
    names = words.names(text)[:MAX_QUERY_WORDS]
    if names:
        yield _all_of(_word(name) for name in names)
        yield _all_of(_prefix(name) for name in names)


def _tolerant_expressions(text: str) -> Iterator[str]:
    names = words.names(text)[:MAX_QUERY_WORDS]
    if "@" in text or not names or any(c.isdigit() for c in text):
        return
    yield _all_of(
        _any_of([_prefix(name), *([_word(words.sound(name))] if words.sound(name) else [])])
        for name in names
    )
    yield _all_of(_any_of([_prefix(name), *map(_word, one_typo(name))]) for name in names)


def one_typo(word: str) -> list[str]:
    """What `word` may have been meant to be: one letter dropped, swapped, changed or added."""
    if len(word) < MIN_TYPO_LETTERS:
        return []
    cuts = [(word[:n], word[n:]) for n in range(len(word) + 1)]
    dropped = [a + b[1:] for a, b in cuts if b]
    swapped = [a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1]
    changed = [a + letter + b[1:] for a, b in cuts if b for letter in _LETTERS]
    added = [a + letter + b for a, b in cuts for letter in _LETTERS]
    return list(dict.fromkeys((*dropped, *swapped, *changed, *added)))


def _looks_like_phone(text: str) -> bool:
    return all(c in "+0123456789 ()-/." for c in text)


def _word(word: str) -> str:
    return f'"{word}"'


def _prefix(word: str) -> str:
    return f'"{word}"*'


def _any_of(expressions: Iterable[str]) -> str:
    return "(" + " OR ".join(expressions) + ")"


def _all_of(expressions: Iterable[str]) -> str:
    return " AND ".join(expressions)


def _matches(cache: Connection, expression: str, limit: int) -> list[int]:
    if expression == "()":
        return []
    rows = cache.execute(
        "SELECT rowid FROM customer_words WHERE customer_words MATCH ? LIMIT ?",
        (expression, limit),
    )
    return [row[0] for row in rows]


def _by_number(cache: Connection, numbers: list[int]) -> Iterator[Customer]:
    for number in numbers:
        for row in cache.execute("SELECT doc FROM customers WHERE n = ?", (number,)).fetchall():
            yield codec.read(Customer, row[0])


def _doc(cache: Connection, customer_id: str) -> bytes | None:
    rows = cache.execute("SELECT doc FROM customers WHERE id = ?", (customer_id,)).fetchall()
    return rows[0][0] if rows else None

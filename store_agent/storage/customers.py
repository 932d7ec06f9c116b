"""Customers in the cache: by id, and by whatever somebody at the counter remembers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from store_agent.domain.customer import Customer
from store_agent.storage import codec, words
from store_agent.storage.connection import Connection

MIN_TYPO_LETTERS = 4  # shorter words with one letter changed are other words
MAX_QUERY_WORDS = 5
MAX_QUERY_LENGTH = 100  # characters
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_PHONE_CHARACTERS = frozenset("+0123456789 ()-/.")
_AFTER_EVERY_WORD = "\U0010ffff"


def get(cache: Connection, customer_id: str) -> Customer | None:
    """The customer with this id, or the one they were merged into."""
    doc = _doc(cache, customer_id)
    if doc is None:
        merged = cache.execute(
            "SELECT new_id FROM merged_customers WHERE old_id = ?", (customer_id,)
        ).fetchall()
        doc = _doc(cache, merged[0][0]) if merged else None
    return None if doc is None else codec.read(Customer, doc)


def merged_into(cache: Connection, customer_id: str) -> tuple[str, ...]:
    """The old ids of customers who are this one now."""
    rows = cache.execute("SELECT old_id FROM merged_customers WHERE new_id = ?", (customer_id,))
    return tuple(row[0] for row in rows)


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
    if "@" in text:
        found = _by_beginnings(cache, [words.mail(text)], limit)
    else:
        found = _by_beginnings(cache, _number_beginnings(text), limit)
        found += _by_names(cache, words.names(text)[:MAX_QUERY_WORDS], limit)
    return list(_documents(cache, list(dict.fromkeys(found))[:limit]))


def by_word(cache: Connection, word: str) -> Customer | None:
    """Whoever has exactly this number word; None when nobody or more than one has."""
    rows = cache.execute("SELECT n FROM customer_numbers WHERE word = ? LIMIT 2", (word,))
    numbers = [row[0] for row in rows.fetchall()]
    return next(_documents(cache, numbers), None) if len(numbers) == 1 else None


def _number_beginnings(text: str) -> list[str]:
    if not any(c.isdigit() for c in text):
        return []
    queries = words.phone_queries(text) if _PHONE_CHARACTERS.issuperset(text) else []
    return [*queries, words.member(text)]


def _by_beginnings(cache: Connection, beginnings: Iterable[str], limit: int) -> list[int]:
    """The customers with a number that starts with one of `beginnings`."""
    found: list[int] = []
    for beginning in beginnings:
        if len(beginning) > 1:  # more than its mark
            rows = cache.execute(
                "SELECT n FROM customer_numbers WHERE word >= ? AND word < ? LIMIT ?",
                (beginning, beginning + _AFTER_EVERY_WORD, limit),
            )
            found += (row[0] for row in rows)
    return found


def _by_names(cache: Connection, names: list[str], limit: int) -> list[int]:
    if not names:
        return []
    found: list[int] = []
    for expression in _exact_expressions(names):
        if len(found) < limit:
            found += _matches(cache, expression, limit)
    for expression in _tolerant_expressions(names):
        if not found:
            found = _matches(cache, expression, limit)
    return found


def _exact_expressions(names: list[str]) -> Iterator[str]:
    yield _all_of(_word(name) for name in names)
    yield _all_of(_beginning(name) for name in names)


def _tolerant_expressions(names: list[str]) -> Iterator[str]:
    """Names that sound alike, then names one typing error away."""
    if any(c.isdigit() for name in names for c in name):
        return
    sounds = [(name, words.sound(name)) for name in names]
    yield _all_of(
        _any_of([_beginning(name), *([_word(sound)] if sound else [])]) for name, sound in sounds
    )
    yield _all_of(_any_of([_beginning(name), *map(_word, one_typo(name))]) for name in names)


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


def _word(word: str) -> str:
    return f'"{word}"'


def _beginning(word: str) -> str:
    return f'"{word}"*'


def _any_of(expressions: Iterable[str]) -> str:
    return "(" + " OR ".join(expressions) + ")"


def _all_of(expressions: Iterable[str]) -> str:
    return " AND ".join(expressions)


def _matches(cache: Connection, expression: str, limit: int) -> list[int]:
    rows = cache.execute(
        "SELECT rowid FROM customer_words WHERE customer_words MATCH ? LIMIT ?",
        (expression, limit),
    )
    return [row[0] for row in rows]


def _documents(cache: Connection, numbers: list[int]) -> Iterator[Customer]:
    for number in numbers:
        for row in cache.execute("SELECT doc FROM customers WHERE n = ?", (number,)).fetchall():
            yield codec.read(Customer, row[0])


def _doc(cache: Connection, customer_id: str) -> bytes | None:
    rows = cache.execute("SELECT doc FROM customers WHERE id = ?", (customer_id,)).fetchall()
    return rows[0][0] if rows else None

"""Notes: written once, seen at once, everywhere in the end, and gone when taken out."""

from __future__ import annotations

import pytest
from builders import customer, shop
from unit.advising.advice_desk import BEA, EMIL, VIEWER, Desk

from store_agent.domain.errors import InvalidInput, NotFound

pytestmark = pytest.mark.asyncio


def document(note_id="n-9", **fields):
    doc = {
        "id": note_id,
        "customer_id": "c-1",
        "text": "Aus Bonn",
        "at": "2026-11-20T10:00:00Z",
        "author": "s-x",
        "author_name": "Xenia",
        "store": "bonn-01",
    }
    return doc | fields


async def test_a_note_is_there_at_once_and_on_its_way(tmp_path):
    async with shop(tmp_path) as running:
        desk = Desk(running)
        await desk.notes.record("n-1", "c-1", "  Mag keine Wolle. ", BEA)
        (row,) = await desk.tablet.notes("c-1")
        assert (row.text, row.author, row.removed) == ("Mag keine Wolle.", "Bea Beispiel", False)
        (event,) = await running.events()
        assert event[:2] == ("store.note.recorded", "c-1")
        assert (event[2]["note_id"], event[2]["text"]) == ("n-1", "Mag keine Wolle.")
        assert desk.told == ["c-1"]


async def test_a_repeat_writes_nothing_and_a_new_wording_replaces_the_old(tmp_path):
    async with shop(tmp_path) as running:
        desk = Desk(running)
        for text in ("Eins", "Eins", "Zwei"):
            await desk.notes.record("n-1", "c-1", text, BEA)
        assert await desk.texts() == ["Zwei"]
        assert [event[2]["text"] for event in await running.events()] == ["Eins", "Zwei"]
        await desk.notes.record("n-1", "c-1", "Fremd", EMIL)
        assert await desk.texts() == ["Zwei"]


async def test_notes_of_other_shops_are_read_here_newest_first(tmp_path):
    async with shop(tmp_path) as running:
        desk = Desk(running)
        await desk.notes.record("n-1", "c-1", "Hier", BEA)
        await desk.hear("notes", "n-9", document())
        assert await desk.texts() == ["Hier", "Aus Bonn"]


async def test_what_the_feed_confirms_is_read_from_the_feed(tmp_path):
    async with shop(tmp_path) as running:
        desk = Desk(running)
        await desk.notes.record("n-1", "c-1", "Hier", BEA)
        written = document("n-1", text="Hier", author="s-bea")
        await desk.hear("notes", "n-1", written, await desk.last_event_id())
        assert await desk.texts() == ["Hier"]
        await desk.notes.record("n-1", "c-1", "Hier", BEA)  # a late repeat
        assert len(await running.events()) == 1
        await desk.hear("notes", "n-1")  # taken out in another shop
        assert await desk.texts() == []


async def test_an_older_word_of_the_feed_does_not_undo_what_was_done_here(tmp_path):
    async with shop(tmp_path) as running:
        desk = Desk(running)
        await desk.hear("notes", "n-9", document())
        await desk.notes.remove("n-9", "c-1")
        await desk.hear("notes", "n-9", document(text="Aus Bonn, neu"))
        assert await desk.texts() == []
        assert (await running.events())[-1][2] | {"written_at": ""} == {
            "note_id": "n-9",
            "text": None,
            "author": "s-x",
            "author_name": "Xenia",
            "written_at": "",
            "removed": True,
        }


async def test_a_removed_note_can_be_brought_back_for_a_while(tmp_path):
    async with shop(tmp_path) as running:
        desk = Desk(running)
        await desk.notes.record("n-1", "c-1", "Hier", BEA)
        await desk.notes.remove("n-1", "c-1")
        await desk.notes.remove("n-1", "c-1")
        await desk.hear("notes", "n-1", None, await desk.last_event_id())
        assert [row.removed for row in await desk.tablet.notes("c-1")] == [True]
        await desk.notes.record("n-1", "c-1", "Hier", BEA)  # a late repeat of its form
        assert await desk.texts() == []
        await desk.notes.restore("n-1", "c-1")
        assert await desk.texts() == ["Hier"]
        removed = [event[2]["removed"] for event in await running.events()]
        assert removed == [False, True, False]


async def test_later_its_text_is_forgotten(tmp_path):
    async with shop(tmp_path) as running:
        desk = Desk(running)
        await desk.notes.record("n-1", "c-1", "Hier", BEA)
        await desk.notes.remove("n-1", "c-1")
        running.clock.advance(601)
        assert await desk.tablet.notes("c-1") == ()
        await desk.notes.record("n-2", "c-1", "Neu", BEA)
        with pytest.raises(NotFound):
            await desk.notes.restore("n-1", "c-1")
        kept = await running.agent.storage.read(
            lambda view: view.ledger.execute("SELECT text FROM notes ORDER BY id").fetchall()
        )
        assert [row[0] for row in kept] == ["", "Neu"]


async def test_who_may_not_be_named_has_no_notes(tmp_path):
    async with shop(tmp_path, [customer(consents=[])]) as running:
        desk = Desk(running)
        with pytest.raises(NotFound):
            await desk.notes.record("n-1", "c-1", "Hier", BEA)
        with pytest.raises(LookupError):
            await desk.tablet.notes("c-1")
        assert await running.events() == []


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001, "Karte 4111 1111 1111 1111"])
async def test_some_texts_are_not_kept_at_all(tmp_path, text):
    async with shop(tmp_path) as running:
        desk = Desk(running)
        with pytest.raises(InvalidInput):
            await desk.notes.record("n-1", "c-1", text, BEA)
        with pytest.raises(ValueError, match="note"):
            await desk.tablet.record_note("n-1", "c-1", text, VIEWER)
        assert await running.events() == []


async def test_notes_follow_a_customer_into_another(tmp_path):
    async with shop(tmp_path, [customer(), customer("c-2")]) as running:
        desk = Desk(running)
        await desk.hear("notes", "n-9", document())
        await desk.notes.record("n-1", "c-1", "Hier", BEA)
        cursor = await running.agent.cache.cursor()
        from sync.feed import Change, ChangeOp

        merge = Change("customers", "c-1", ChangeOp.MERGE, {"new_id": "c-2"})
        await running.agent.cache.apply([merge], f"{cursor}+")
        assert await desk.texts("c-2") == ["Hier", "Aus Bonn"]
        await desk.notes.remove("n-1", "c-2")
        assert await desk.texts("c-2") == ["Aus Bonn"]

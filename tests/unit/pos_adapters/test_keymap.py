"""From real evdev events to texts: layouts, modifiers, number pad, and keys that stick."""

from __future__ import annotations

import pytest
from evdev import InputEvent, ecodes
from hypothesis import given
from hypothesis import strategies as st

from pos_adapters.scanners import layouts
from pos_adapters.scanners.keymap import MAX_TEXT_LENGTH, STALE_AFTER_S, KeyDecoder, alt_character
from pos_adapters.scanners.layouts import LayoutName
from pos_adapters.scanners.simulated import keystrokes

ASCII = "".join(map(chr, range(0x20, 0x7F)))


def event(name: str, value: int) -> InputEvent:
    return InputEvent(0, 0, ecodes.EV_KEY, getattr(ecodes, f"KEY_{name}"), value)


def tap(*names: str) -> list[InputEvent]:
    return [event(name, value) for name in names for value in (1, 0)]


def held(modifier: str, *names: str) -> list[InputEvent]:
    return [event(modifier, 1), *tap(*names), event(modifier, 0)]


def texts(events, layout: LayoutName = LayoutName.US, decoder: KeyDecoder | None = None):
    decoder = decoder or KeyDecoder(layout)
    return [text for each in events if (text := decoder.feed(each, 0.0))]


def test_the_key_codes_are_the_kernel_s() -> None:
    for name in ("TAB", "ENTER", "SPACE", "LEFTCTRL", "RIGHTCTRL", "LEFTSHIFT", "RIGHTSHIFT"):
        assert getattr(layouts, f"KEY_{name}") == getattr(ecodes, f"KEY_{name}")
    for name in ("LEFTALT", "RIGHTALT", "CAPSLOCK", "KPENTER"):
        assert getattr(layouts, f"KEY_{name}") == getattr(ecodes, f"KEY_{name}")
    for code, digit in layouts.NUMPAD.items():
        assert code == getattr(ecodes, f"KEY_KP{digit}")
    for char in "abcdefghijklmnopqrstuvwxyz0123456789":
        assert layouts.US.plain[getattr(ecodes, f"KEY_{char.upper()}")] == char


def test_shift_makes_capitals_and_signs() -> None:
    events = [*held("LEFTSHIFT", "RIGHTBRACE", "Q"), *held("RIGHTSHIFT", "A"), *tap("1", "ENTER")]
    assert texts(events) == ["}QA1"]


@pytest.mark.parametrize("terminator", ["ENTER", "KPENTER", "TAB"])
def test_enter_and_tab_end_a_text(terminator: str) -> None:
    assert texts(tap("A", terminator, terminator, "B", terminator)) == ["a", "b"]


def test_key_repeat_is_ignored() -> None:
    assert texts([event("A", 1), event("A", 2), event("A", 2), event("A", 0), *tap("ENTER")]) == [
        "a"
    ]


def test_a_modifier_that_repeats_is_still_held() -> None:
    events = [event("LEFTSHIFT", 1), event("LEFTSHIFT", 2), *tap("A"), event("LEFTSHIFT", 0)]
    assert texts([*events, *tap("ENTER")]) == ["A"]


def test_other_events_are_ignored() -> None:
    noise = [InputEvent(0, 0, ecodes.EV_MSC, 4, 458756), InputEvent(0, 0, ecodes.EV_SYN, 0, 0)]
    assert texts([*noise, *tap("A"), *noise, *tap("F5", "ENTER")]) == ["a"]


def test_caps_lock_turns_letters_only() -> None:
    events = [*tap("CAPSLOCK", "A", "1"), *held("LEFTSHIFT", "B", "1"), *tap("CAPSLOCK", "C")]
    assert texts([*events, *tap("ENTER")]) == ["A1b!c"]


def test_the_number_pad_types_digits() -> None:
    names = ("KP0", "KP9", "KPDOT", "KPMINUS", "KPPLUS", "KPSLASH", "KPASTERISK", "KPENTER")
    assert texts(tap(*names)) == ["09.-+/*"]
    assert texts(tap(*names), LayoutName.DE) == ["09,-+/*"]


def test_german_keys_are_read_as_german() -> None:
    events = [*tap("Y", "Z", "SEMICOLON", "MINUS"), *held("LEFTSHIFT", "7", "COMMA")]
    alt_gr = held("RIGHTALT", "Q", "8", "E")
    assert texts([*events, *alt_gr, *tap("ENTER")], LayoutName.DE) == ["zyöß/;@[€"]
    assert texts([*events, *tap("ENTER")]) == ["yz;-&<"]


def test_german_accents_wait_for_the_next_key() -> None:
    events = tap("EQUAL", "E", "GRAVE", "SPACE", "GRAVE", "X", "EQUAL", "EQUAL", "ENTER")
    assert texts(events, LayoutName.DE) == ["é^^x\u00b4\u00b4"]


def test_alt_and_digits_type_what_has_no_key() -> None:
    events = held("LEFTALT", "KP0", "KP2", "KP2", "KP8") + held(
        "LEFTALT", "KP8", "KP3", "KP6", "KP4"
    )
    assert texts([*events, *tap("ENTER")]) == ["ä€"]


@pytest.mark.parametrize(
    ("digits", "char"),
    [
        ("065", "A"),
        ("65", "A"),
        ("029", "\x1d"),
        ("0128", "€"),
        ("132", "ä"),
        ("0228", "ä"),
        ("8364", "€"),
        ("0129", ""),
        ("55296", ""),
        ("99999999", ""),
    ],
)
def test_alt_numbers_mean_what_they_mean_on_windows(digits: str, char: str) -> None:
    assert alt_character(digits) == char


def test_the_group_separator_arrives_either_way() -> None:
    by_ctrl = held("LEFTCTRL", "RIGHTBRACE")
    by_alt = held("LEFTALT", "KP0", "KP2", "KP9")
    assert texts([*tap("A"), *by_ctrl, *tap("B"), *by_alt, *tap("ENTER")]) == ["a\x1db\x1d"]


def test_ctrl_m_and_alt_013_are_enter() -> None:
    events = [*tap("A"), *held("LEFTCTRL", "M"), *tap("B"), *held("LEFTALT", "KP0", "KP1", "KP3")]
    assert texts(events) == ["a", "b"]


def test_too_long_a_text_is_dropped_as_a_whole() -> None:
    decoder = KeyDecoder()
    assert texts(tap(*["A"] * (MAX_TEXT_LENGTH + 1), "ENTER", "B", "ENTER"), decoder=decoder) == [
        "b"
    ]
    assert decoder.dropped == 1
    assert texts(tap(*["A"] * MAX_TEXT_LENGTH, "ENTER")) == ["a" * MAX_TEXT_LENGTH]


def test_a_stray_key_does_not_spoil_the_next_text() -> None:
    decoder = KeyDecoder()
    decoder.feed(event("X", 1), 0.0)
    read = [decoder.feed(each, STALE_AFTER_S) for each in tap("A", "ENTER")]
    assert "".join(read) == "a"
    assert decoder.dropped == 1


def test_events_lost_by_the_kernel_lose_the_text_and_the_held_keys() -> None:
    decoder = KeyDecoder()
    lost = InputEvent(0, 0, ecodes.EV_SYN, ecodes.SYN_DROPPED, 0)
    events = [event("LEFTSHIFT", 1), *tap("A"), lost, *tap("B", "ENTER")]
    assert texts(events, decoder=decoder) == ["b"]
    assert decoder.dropped == 1


@pytest.mark.parametrize("layout", LayoutName)
@given(text=st.text(ASCII + "ÄÖÜäöüßé€\x1d", min_size=1, max_size=30))
def test_what_a_scanner_types_is_read_back(layout: LayoutName, text: str) -> None:
    decoder = KeyDecoder(layout)
    events = [*keystrokes(text, layout), *tap("ENTER")]
    assert [read for each in events if (read := decoder.feed(each, 0.0))] == [text]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 255), st.integers(0, 3))))
def test_no_events_ever_raise(raw: list[tuple[int, int, int]]) -> None:
    decoder = KeyDecoder(LayoutName.DE)
    for kind, code, value in raw:
        decoder.feed(InputEvent(0, 0, kind, code, value), 0.0)

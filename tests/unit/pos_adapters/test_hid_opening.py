"""Opening a keyboard scanner: the optional library, and the words for what goes wrong."""

from __future__ import annotations

import errno
import os
import sys

import pytest

from pos_adapters.base import MissingDependency
from pos_adapters.scanners.device import explain
from pos_adapters.scanners.hid import HidDevice, evdev_opener
from pos_adapters.scanners.layouts import LayoutName
from pos_adapters.scanners.simulated import SimulatedKeyboard


def test_without_evdev_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "evdev", None)
    with pytest.raises(MissingDependency) as caught:
        evdev_opener()
    assert "store-agent[hid]" in caught.value.hint
    assert caught.value.permanent


def test_with_evdev_a_missing_device_is_an_os_error() -> None:
    with pytest.raises(OSError, match="No such file"):
        evdev_opener()("/dev/input/by-id/nothing")


def test_a_keyboard_held_by_another_program_is_closed_again() -> None:
    keyboard = SimulatedKeyboard()
    keyboard.open("any").grab()
    mine = keyboard.open("any")
    with pytest.raises(OSError) as caught:  # noqa: PT011  the number is checked below
        HidDevice(mine, LayoutName.US)
    assert explain(caught.value) == "in use by another program"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(mine.fileno())


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOENT, "x"), "not connected"),
        (OSError(errno.ENODEV, "x"), "unplugged"),
        (OSError(errno.EACCES, "x"), "add the agent's user to group"),
        (OSError("device reports readiness but returned no data"), "unplugged"),
        (OSError(errno.EMFILE, "x"), "Too many open files"),
    ],
)
def test_every_failure_has_a_short_reason(error: OSError, words: str) -> None:
    assert words in explain(error)

"""One CSV file a business day: docs/transports.md describes files, columns and promises."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from sync.transports.csv_file.columns import Shop
from sync.transports.csv_file.disk import Disk, RealDisk
from sync.transports.csv_file.publishing import Publisher, Shelf
from sync.transports.csv_file.transport import Calendar, CsvTransport
from sync.transports.probe import Probe, Reach
from sync.transports.table import Surroundings

__all__ = ["CsvTransport", "Settings", "build", "probe"]


class Settings(BaseModel):
    """Where the files go, and what a day is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="must exist: an unplugged stick must not be filled by hand")
    day_begins_hour: int = Field(0, ge=0, le=12, description="local hour a business day begins")
    patience_minutes: int = Field(30, ge=0, le=720, description="a day's file waits for stragglers")
    keep_days: int | None = Field(None, ge=1, description="older files are deleted; absent: none")


def build(settings: Settings, around: Surroundings, disk: Disk | None = None) -> CsvTransport:
    """Never fails: whether the folder is there is asked before each step."""
    shelf = Shelf(settings.folder, around.store_id, around.name, settings.keep_days)
    return CsvTransport(
        around.name,
        Shop(around.store_id, around.epoch, around.currency),
        Calendar(
            ZoneInfo(around.zone),
            begins=timedelta(hours=settings.day_begins_hour),
            patience=timedelta(minutes=settings.patience_minutes),
        ),
        around.ledger,
        Publisher(shelf, around.ledger, disk or RealDisk()),
        around.true_now,
    )


async def probe(settings: Settings, now: Callable[[], datetime]) -> Probe:
    """Whether the folder is there, can be written and has room."""
    del now
    folder = settings.folder
    if not folder.is_dir():
        remedy = "Plug the stick in, mount the share, or make the folder."
        return Probe(Reach.NOWHERE, f"there is no folder {folder}", remedy)
    if not os.access(folder, os.W_OK):
        remedy = f"Let the agent's user write to {folder}."
        return Probe(Reach.REFUSED, f"{folder} cannot be written", remedy)
    return Probe(Reach.THERE, f"{shutil.disk_usage(folder).free // 1024**2} MiB free in {folder}")

"""One CSV file a business day: docs/transports.md describes files, columns and promises."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from sync.transports.csv_file.columns import Shop
from sync.transports.csv_file.disk import Disk, RealDisk
from sync.transports.csv_file.publishing import Publisher, Shelf
from sync.transports.csv_file.transport import Calendar, CsvTransport
from sync.transports.table import Surroundings

__all__ = ["CsvTransport", "Settings", "build"]


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

"""Where the bench keeps its files: all below build/, so that every row meets the same disk."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
KEPT = BUILD / "bench-cache"  # shops and backlogs: built once, used by every later run
REPORT = BUILD / "bench.jsonl"

# The stress test of DESIGN; a smaller number makes a quick run, and the report says so.
MANY_CUSTOMERS = int(os.environ.get("BENCH_CUSTOMERS", "1000000"))
SHOP_CUSTOMERS = min(100_000, MANY_CUSTOMERS)

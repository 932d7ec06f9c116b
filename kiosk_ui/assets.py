"""Build hook: copies browser assets out of pinned PyPI packages; no foreign file is in git.

Runs inside the build environment only (`build-system.requires`); the agent itself needs neither
Django nor Node. A changed byte in a package stops the build.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = Path("kiosk_ui/static/vendor")
# target name -> (path inside django_htmx, sha256)
ASSETS = {
    "htmx.min.js": (
        "static/django_htmx/htmx-2.min.js",
        "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de",
    ),
    "htmx-sse.min.js": (
        "static/django_htmx/ext/hx-sse-2.min.js",
        "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136",
    ),
}


def copy_assets(root: Path) -> None:
    """Copy each asset below `root`; raises RuntimeError when a package changed its bytes."""
    spec = importlib.util.find_spec("django_htmx")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("django-htmx is missing from the build environment")
    package = Path(next(iter(spec.submodule_search_locations)))
    target = root / VENDOR
    target.mkdir(parents=True, exist_ok=True)
    for name, (inside, sha256) in ASSETS.items():
        source = package / inside
        found = hashlib.sha256(source.read_bytes()).hexdigest()
        if found != sha256:
            raise RuntimeError(f"{inside}: sha256 is {found}, expected {sha256}")
        shutil.copyfile(source, target / name)


class AssetsHook(BuildHookInterface):  # type: ignore[misc]  # hatchling exists at build time only
    """Called by hatchling for wheels and editable installs alike."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill `kiosk_ui/static/vendor` before the files are collected."""
        copy_assets(Path(self.root))

"""Own files of the browser, under names that change with their content."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2s
from pathlib import Path

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file, read at start."""

    content: bytes
    media_type: str
    digest: str


class StaticFiles:
    """All files below `static/`; small enough to stay in memory."""

    def __init__(self, folder: Path = STATIC) -> None:
        """Read them all."""
        self._files = {
            path.relative_to(folder).as_posix(): _read(path)
            for path in sorted(folder.rglob("*"))
            if path.suffix in MEDIA_TYPES
        }

    def url(self, name: str) -> str:
        """Where to fetch `name`, e.g. `/static/3f2a.../app.css`."""
        file = self._files.get(name)
        return f"/static/{file.digest if file else 'missing'}/{name}"

    def urls(self) -> list[str]:
        """Every file's address, for the service worker."""
        return [self.url(name) for name in self._files]

    def styles(self) -> list[str]:
        """The style sheets in the order of the cascade: tokens and frame first, then the areas."""
        return [
            "app.css",
            *(n for n in self._files if n.startswith("areas/") and n.endswith(".css")),
        ]

    def find(self, digest: str, name: str) -> StaticFile | None:
        """The file, unless it is unknown or another version."""
        file = self._files.get(name)
        return file if file and file.digest == digest else None


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    digest = blake2s(content, digest_size=8).hexdigest()
    return StaticFile(content, MEDIA_TYPES[path.suffix], digest)

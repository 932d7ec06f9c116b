"""A throw-away PostgreSQL with PostGIS: the independent judge of "inside", in tests and bench.

Its files lie in a temporary folder, it listens on a unix socket in there only, and it ends with
the block, or with this process if that is killed.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

VERSION = 15
BINARIES = Path(f"/usr/lib/postgresql/{VERSION}/bin")
INSTALL = f"apt-get install postgresql-{VERSION}-postgis-3"
ACCOUNT = "postgres"  # PostgreSQL refuses to run as root
START_S, STOP_S = 30.0, 10.0
POLL_S = 0.05
# Nothing in it is worth keeping: no fsync, and little memory.
SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "shared_buffers=64MB",
    "max_connections=5",
    "autovacuum=off",
    "jit=off",
)


@contextlib.contextmanager
def postgis() -> Iterator[psycopg.Connection]:
    """A connection (autocommit) to a fresh database with the extension."""
    if not (BINARIES / "postgres").exists():
        raise RuntimeError(f"PostgreSQL is missing: {INSTALL}")
    folder = Path(tempfile.mkdtemp(prefix="postgis-", dir="/tmp"))
    try:
        _give_away(folder)
        _run("initdb", "-D", str(folder / "data"), "-U", ACCOUNT, "-A", "trust", "--no-sync",
             "--locale=C", "-E", "UTF8")  # fmt: skip
        with _serving(folder), _connected(folder) as connection:
            _extend(connection)
            yield connection
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _extend(connection: psycopg.Connection) -> None:
    try:
        connection.execute("CREATE EXTENSION postgis")
    except psycopg.errors.FeatureNotSupported as error:
        raise RuntimeError(f"PostGIS is missing: {INSTALL}") from error


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(folder, account.pw_uid, account.pw_gid)


def _command(program: str, *arguments: str) -> list[str]:
    """The same, as the right user; the signal comes when this process dies."""
    plain = [str(BINARIES / program), *arguments]
    guarded = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() == 0:
        guarded += ["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"]
    return [*guarded, *plain]


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        _command(program, *arguments), cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{program} failed: {done.stderr.strip()}")


@contextlib.contextmanager
def _serving(folder: Path) -> Iterator[None]:
    settings = [part for setting in SETTINGS for part in ("-c", setting)]
    arguments = ["-D", str(folder / "data"), "-k", str(folder), *settings]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            _command("postgres", *arguments), cwd="/", stdout=log, stderr=log, process_group=0
        )
    try:
        _wait(server, folder)
        yield
    finally:
        _stop(server)


def _wait(server: subprocess.Popen[bytes], folder: Path) -> None:
    give_up = time.monotonic() + START_S
    while True:
        try:
            _connected(folder).close()
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > give_up:
                told = (folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL does not start: {told[-2000:]}") from error
            time.sleep(POLL_S)
        else:
            return


def _connected(folder: Path) -> psycopg.Connection:
    return psycopg.connect(
        host=str(folder), user=ACCOUNT, dbname="postgres", autocommit=True, prepare_threshold=0
    )


def _stop(server: subprocess.Popen[bytes]) -> None:
    """SIGINT: it drops its clients and ends; SIGQUIT if it does not."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is None:
            server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_S)
            return

"""The commands. Everything heavy is imported when its command runs, so `--help` is instant."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from store_agent.domain.errors import AgentError

app = typer.Typer(
    name="store-agent",
    help="Recognises customers in the shop, offline; shows associates who it is and what to say.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
decode = typer.Typer(help="Tell what raw data would be; one JSON object per line.")
app.add_typer(decode, name="decode")
replay = typer.Typer(help="Run a recording through the rules, to tune a shop on its own traces.")
app.add_typer(replay, name="replay")
outbox = typer.Typer(
    help="What waits for which receiver, what was refused; works beside a running agent."
)
app.add_typer(outbox, name="outbox")

ConfigFile = Annotated[Path, typer.Option("--config", help="The agent's TOML file.")]
Transport = Annotated[str | None, typer.Option(help="Only this one; else all.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable, one object per line.")]


@app.command()
def run(config: ConfigFile) -> None:
    """Run the agent of one shop until SIGTERM or Ctrl-C."""
    from store_agent.commands import run as command
    from store_agent.config import load

    command.run(load(config))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Plain HTTP on 127.0.0.1; 0 picks one.")] = 8080,
    data: Annotated[Path, typer.Option(help="Where the demo keeps its files.")] = Path("demo-data"),
    customers: Annotated[int, typer.Option(min=1, max=1_000_000)] = 2000,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="1 = a Saturday.")] = 1.0,
    traffic: Annotated[bool, typer.Option(help="Let customers come in.")] = True,
    lan: Annotated[
        bool, typer.Option("--lan", help="Let tablets in the network reach the HTTPS listener.")
    ] = False,
    name: Annotated[
        list[str] | None, typer.Option(help="Another host name for the HTTPS listener.")
    ] = None,
) -> None:
    """Run a sample shop: agent, reference platform and customers in one go."""
    from store_agent.demo import command

    options = command.DemoOptions(
        port=port,
        data=data,
        customers=customers,
        seed=seed,
        speed=speed,
        traffic=traffic,
        lan=lan,
        names=tuple(name or ()),
    )
    command.run(options)


@app.command()
def doctor(
    config: Annotated[Path | None, typer.Option("--config", help="The agent's TOML file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Check this box: clock, disk, files, scanners, platform, tablet assets."""
    from store_agent.commands import doctor as command

    raise typer.Exit(command.main(config, as_json=json))


@app.command("check-platform")
def check_platform(
    url: Annotated[str, typer.Option(help="The platform's address, https://host/.")],
    token: Annotated[
        str,
        typer.Option(
            envvar="PLATFORM_TOKEN", help="Better in the environment: command lines are visible."
        ),
    ],
    store: Annotated[
        str, typer.Option(help="A store id for tests: it gets about 600 events about nobody.")
    ] = "conformance",
    json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Ask a platform all that docs/platform-api.md promises; say in words what is wrong."""
    from store_agent.commands import check_platform as command

    raise typer.Exit(command.main(url, token, store, as_json=json))


@app.command("pin")
def set_pin(config: ConfigFile, staff_id: str) -> None:
    """Set somebody's PIN for the tablets, while the agent is stopped; asks, or reads stdin."""
    from store_agent.commands import run as command
    from store_agent.config import load

    if sys.stdin.isatty():
        pin = typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    else:
        pin = sys.stdin.readline().strip()
    command.set_pin(load(config), staff_id, pin)


@decode.command("pass")
def decode_pass(
    book: Annotated[
        Path | None, typer.Option(help="JSON with {passes: [...], signing_keys: [...]}.")
    ] = None,
) -> None:
    """Scanned data on stdin, one a line -> what a scan would be."""
    from store_agent.commands import decode as command

    command.decode_passes(sys.stdin, sys.stdout, book)


@decode.command("advert")
def decode_advert() -> None:
    """Advertisements on stdin, the AD structures as hex, one a line -> what each one is."""
    from store_agent.commands import decode_advert as command

    command.decode_adverts(sys.stdin, sys.stdout)


@decode.command("fences")
def decode_fences(
    files: Annotated[
        list[str] | None, typer.Argument(help="GeoJSON files; without any, stdin names them.")
    ] = None,
) -> None:
    """Names of GeoJSON files, one a line on stdin -> whether each is usable and, if not, why."""
    from store_agent.commands import decode_fences as command

    command.decode_fences(files or sys.stdin, sys.stdout)


@replay.command("fixes")
def replay_fixes(
    fences: Annotated[Path, typer.Option(help="GeoJSON with the fences.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="name=value: a rule for all fences.")
    ] = None,
) -> None:
    """Recorded fixes on stdin, one JSON object a line -> the zone events they lead to."""
    from store_agent.commands import replay_fixes as command

    command.replay_fixes(sys.stdin, sys.stdout, fences, tuple(set_ or ()))


@replay.command("sightings")
def replay_sightings(
    shop: Annotated[Path, typer.Option(help="JSON with {radios: [...], beacons: [...]}.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="name=value: a rule of the tracker.")
    ] = None,
) -> None:
    """Recorded sightings on stdin, one JSON object a line -> who entered and left which zone."""
    from store_agent.commands import replay_sightings as command

    command.replay_sightings(sys.stdin, sys.stdout, shop, tuple(set_ or ()))


@outbox.command("status")
def outbox_status(config: ConfigFile, json: Json = False) -> None:
    """How many events wait for each transport, since when, and how many it refuses."""
    from store_agent.commands import outbox as command
    from store_agent.config import load

    command.status(load(config), sys.stdout, as_json=json)


@outbox.command("list")
def outbox_list(
    config: ConfigFile,
    transport: Transport = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 100,
    json: Json = False,
) -> None:
    """The refused events with their reasons, without what they say about people."""
    from store_agent.commands import outbox as command
    from store_agent.config import load

    command.list_refused(load(config), sys.stdout, transport, limit, as_json=json)


@outbox.command("retry")
def outbox_retry(
    config: ConfigFile,
    events: Annotated[list[str] | None, typer.Argument(help="Ids of refused events.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are refused.")] = False,
    transport: Transport = None,
) -> None:
    """Send refused events once more; a running agent does it within half a minute."""
    from store_agent.commands import outbox as command
    from store_agent.config import load

    if bool(events) is every:
        raise typer.BadParameter("name events, or say --all")
    again = command.retry(load(config), events or (), transport)
    typer.echo(f"{again} will be sent again")


@outbox.command("export")
def outbox_export(
    config: ConfigFile,
    transport: Transport = None,
    output: Annotated[Path | None, typer.Option(help="A new file; else stdout.")] = None,
) -> None:
    """The refused events in full, as JSON lines: they hold customers' data."""
    from store_agent.commands import outbox as command
    from store_agent.config import load

    if output is None:
        command.export(load(config), sys.stdout.buffer, transport)
        return
    with command.private_file(output) as file:
        command.export(load(config), file, transport)


@app.command()
def satellite(config: ConfigFile) -> None:
    """Run a second box that only listens: its sightings go to the store box, spooled if away."""
    from store_agent.commands import satellite as command

    command.run(command.load(config))


def main() -> None:
    """Entry point: an error the agent raised on purpose is one line and its remedy."""
    try:
        app()
    except AgentError as error:
        typer.echo(f"store-agent: {error}", err=True)
        if error.hint:
            typer.echo(error.hint, err=True)
        sys.exit(2)

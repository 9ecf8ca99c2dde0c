"""`studio`: the command line of the studio."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from agent.errors import StudioError
from agent.room.roles import ROLES, Role
from agent.settings import COHOST, Loaded, SettingsError, load
from agent.settings.show import effective, example

P = ParamSpec("P")
R = TypeVar("R")


def say(line: str) -> None:
    """A line for people, at once also through a pipe."""
    click.echo(line)
    sys.stdout.flush()


def plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """What people can put right is said in a line and ends with exit code 1, without a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SettingsError as error:
            for problem in error.problems:
                click.echo(f"{click.style(problem.variable, bold=True)}: {problem.wrong}; {problem.fix}", err=True)
        except StudioError as error:
            click.echo(f"{click.style('error', fg='red')}: {error}", err=True)
        sys.exit(1)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="roundtable", prog_name="studio", message="%(prog)s %(version)s")
def main() -> None:
    """A live podcast studio on LiveKit: people and AIs at one table, each on a track of their own.

    All settings come from the environment and from .env in the folder where it is started; 'studio config' shows them.
    """


@main.command()
@click.option("--lan", is_flag=True, help="Also for phones and other machines of this network, by https.")
@plain_errors
def up(lan: bool) -> None:
    """Open the studio: LiveKit server, engines, worker and page. Ctrl-C closes it.

    Running shows get 30 seconds to seal their folders; a second Ctrl-C ends everything at once.
    """
    from agent.services.up import prepare
    from agent.services.up import up as open_studio

    loaded = load(options={"STUDIO_WEB__LAN": "true"} if lan else None)
    for line in summary(loaded):
        say(line)
    prepare(loaded.settings, say)
    asyncio.run(open_studio(loaded.settings, say))


@main.command()
@plain_errors
def setup() -> None:
    """Get ready what is needed once: the LiveKit server, and the files of the local models."""
    from agent.services.setting_up import set_up_models, set_up_server

    settings = load().settings
    set_up_server(settings, say)
    set_up_models(settings, say)


def summary(loaded: Loaded) -> Iterator[str]:
    """The settings in force, on a few lines: the choices, and whatever is not at its default. Secrets are hidden."""
    rows = effective(loaded)
    choices = ("PORT", "STT", "TTS", "LANGUAGE", "GUESTS")
    yield "settings         " + "  ".join(
        f"{row.variable.name}={row.value}" for row in rows if row.variable.name in choices
    )
    table = "  ".join(f"{one.name} ({', '.join(map(str, one.mind))})" for one in loaded.settings.cast())
    yield f"at the table     {table}"
    for origin in (".env", "environment", "option"):
        changed = [f"{row.variable.name}={row.value}" for row in rows if row.origin == origin]
        if changed:
            yield f"  from {origin:<12}{'  '.join(changed)}"
    yield "  all else is at its default; 'studio config' shows it"
    if loaded.settings.stand_in:
        who = loaded.settings.minds(COHOST)[0]
        local = "a small local model" if who.provider == "local" else str(who)
        yield f"claude           {local} sits in Claude's chair; ANTHROPIC_API_KEY in .env seats Claude"


@main.group()
def worker() -> None:
    """LiveKit's worker, agent name 'roundtable', with the local engines that it needs."""


_log_level = click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Instead of STUDIO_LOG_LEVEL."
)


@worker.command()
@_log_level
@plain_errors
def start(log_level: str | None) -> None:
    """Serve shows, for production: JSON logs, and SIGTERM lets running shows seal their folders."""
    from agent.services.run_worker import run_worker

    run_worker(load().settings, "start", log_level=log_level)


@worker.command()
@_log_level
@plain_errors
def dev(log_level: str | None) -> None:
    """Serve shows, for development: coloured debug logs, and an end without waiting."""
    from agent.services.run_worker import run_worker

    run_worker(load().settings, "dev", log_level=log_level)


@worker.command()
@click.option("--room", required=True, help="The room; it is made when it is not there.")
@_log_level
@plain_errors
def connect(room: str, log_level: str | None) -> None:
    """Hold one show in a room, now and without dispatch."""
    from agent.services.run_worker import connect as hold

    hold(load().settings, room, log_level=log_level)


@main.command()
@plain_errors
def briefings() -> None:
    """List the briefings; those that do not parse with file, line and remedy."""
    from agent.briefings import BriefingError, list_briefings

    settings = load().settings
    folder = settings.briefings.folder
    found = list(list_briefings(folder))
    if not found:
        raise StudioError(f"there are no briefings in {folder}/", fix="see README, 'Briefings', for how to write one")
    faulty = False
    for briefing in found:
        if isinstance(briefing, BriefingError):
            faulty = True
            for fault in briefing.faults:
                click.echo(f"{click.style('error', fg='red')}: {fault}", err=True)
        else:
            named = {slug: settings.persona(slug).name for slug in settings.personas.slugs}
            if briefing.guest.name:
                named["guest"] = briefing.guest.name
            guests = briefing.guests if briefing.guests is not None else settings.personas.guests
            for slug in guests:
                if slug not in named:
                    faulty = True
                    fault = f"{folder / briefing.file}: there is no persona {slug!r}; 'studio personas' lists them"
                    click.echo(f"{click.style('error', fg='red')}: {fault}", err=True)
            say(f"{briefing.file:<24} {briefing.title}  (with {', '.join(named.get(slug, slug) for slug in guests)})")
    if faulty:
        sys.exit(1)


@main.command()
@plain_errors
def personas() -> None:
    """List the AIs that can sit at the table; what is wrong with a file is told with file, line and remedy."""
    from agent.settings.checks import mind_problems

    settings = load().settings
    seated = {one.slug: one for one in settings.cast()}
    for slug in sorted(settings.personas.slugs, key=lambda slug: (slug not in seated, slug != COHOST, slug)):
        one = seated.get(slug) or settings.persona(slug)
        minds = ", ".join(map(str, one.mind))
        here = "at the table" if slug in seated else "GUESTS seats it"
        say(f"{slug:<16} {one.name:<16} {here:<16} {minds}")
        for problem in mind_problems(settings, slug):
            say(f"{'':<16} {problem}")


@main.command()
@click.option("--example", "as_example", is_flag=True, help="Print the commented example file instead.")
@plain_errors
def config(as_example: bool) -> None:
    """Show every setting in force and where it came from. Secrets are hidden."""
    if as_example:
        click.echo(example(), nl=False)
        return
    rows = effective(load())
    width = max(len(row.variable.name) for row in rows)
    section = ""
    for row in rows:
        if row.variable.section != section:
            section = row.variable.section
            click.echo()
        line = f"{row.variable.name:<{width}}  {row.value or '-':<28}  {row.origin}"
        click.echo(click.style(line, bold=row.origin != "default"))


@main.command()
@plain_errors
def salvage() -> None:
    """Seal episode folders that a crash has left open. Running shows are not touched.

    Where LiveKit Egress records, too, what it finished after a show is brought into the show's folder.
    """
    from agent.recording.salvage import salvage as seal_all
    from agent.services.late_egress import bring_in_late_egress

    settings = load().settings
    folder = settings.recording.folder
    sealed = seal_all(folder)
    for one in sealed:
        say(f"{one.folder}  {one.status}")
    say(f"{len(sealed)} folder{'' if len(sealed) == 1 else 's'} salvaged in {folder}/")
    bring_in_late_egress(settings, say)


@main.command()
@click.argument("episode")
@click.option(
    "--to", type=click.Path(path_type=Path), default="exports", show_default=True, help="A folder; made if need be."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["wav", "flac", "opus", "m4a", "mp3"]),
    default="wav",
    show_default=True,
    help="Of the tracks and the mix. opus, m4a and mp3 are for the mix, and ask for one; the tracks are WAV then.",
)
@click.option(
    "--bits", type=click.Choice(["16", "24"]), default="24", show_default=True, help="A sample of WAV and FLAC."
)
@click.option("--mix", is_flag=True, help="Also one file of all speakers, at -16 LUFS and -1 dBTP at most.")
@click.option("--mono", is_flag=True, help="One channel for the mix, at -19 LUFS.")
@click.option("--zip", "zipped", is_flag=True, help="One archive instead of a folder.")
@click.option(
    "--force", is_flag=True, help="Replace the last export of this name; without it each has a name of its own."
)
@plain_errors
def export(episode: str, to: Path, form: str, bits: str, mix: bool, mono: bool, zipped: bool, force: bool) -> None:
    """Make of a sealed episode what an editor opens: tracks of one length, captions, transcript, chapters, markers.

    EPISODE is a folder, or the name of one in the recordings' folder. It stays as it is. Exit code 1 when something of
    it is missing or damaged; the rest is exported all the same.
    """
    from agent.export.command import run_export

    folder = Path(episode)
    if not folder.is_dir():
        folder = load().settings.recording.folder / episode
    if not run_export(folder, to, form=form, bits=bits, mix=mix, mono=mono, zipped=zipped, force=force, say=say):
        sys.exit(1)


@main.command()
@click.argument("episode")
@plain_errors
def replay(episode: str) -> None:
    """Put an episode's events to the floor again: does it decide as it did then?

    EPISODE is a folder, or the name of one in the recordings' folder.
    """
    from agent.floor.replay import LogUnreadable
    from agent.floor.replay import replay as put_again

    folder = Path(episode)
    if not folder.is_dir():
        folder = load().settings.recording.folder / episode
    log = folder / "events.jsonl"
    if not log.is_file():
        raise StudioError(f"there is no episode at {folder}", fix="name a folder that holds an events.jsonl")
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    events = sum('"floor.event"' in line for line in lines)
    if not events:
        raise StudioError(f"{log} holds no events of the floor", fix="name an episode in which somebody spoke")
    try:
        divergence = put_again(lines)
    except LogUnreadable as error:
        raise StudioError(f"{log}: {error}", fix="replay it with the version that recorded it") from error
    if divergence is not None:
        say(f"the floor of today decides otherwise, {divergence}")
        sys.exit(1)
    say(f"{folder.name}: {events} events, and the floor decides as it did then")


@main.command()
@click.option(
    "--seconds", type=click.FloatRange(10, 3600), default=60, show_default=True, help="How long new lines are begun."
)
@click.option("--url", help="A studio that runs already, such as http://localhost:4000; without it one is opened.")
@plain_errors
def rehearse(seconds: float, url: str | None) -> None:
    """Hold a whole show without a person: recorded speech plays the host, over real WebRTC.

    Ends with the episode's folder and a short report; exit code 1 when nobody answered or a file does not open.
    """
    from agent.services.rehearsing import rehearse_show

    report = asyncio.run(rehearse_show(load().settings, seconds=seconds, url=url, say=say))
    say("")
    for line in report.lines():
        say(line)
    if not report.ok:
        sys.exit(1)


@main.command()
@click.argument("name", default="")
@click.option("--role", type=click.Choice(ROLES), default="guest", show_default=True, help="What who comes may do.")
@click.option("--room", help="The show; by default the one that runs. A host's link without it is for all shows.")
@click.option("--expires", default="2h", show_default=True, help="90m, 2h, 7d; at most 30d.")
@click.option("--token", "with_token", is_flag=True, help="A LiveKit token as well, for clients that are no browser.")
@click.option("--list", "as_list", is_flag=True, help="List the invitations instead.")
@click.option("--revoke", metavar="ID", help="Withdraw an invitation instead; who came by it has to leave.")
@plain_errors
def invite(
    name: str, role: Role, room: str | None, expires: str, with_token: bool, as_list: bool, revoke: str | None
) -> None:
    """Make a link to a show, for NAME if you like. A guest speaks, an audience watches, a host ends the show.

    Needs a running studio. Everybody who has the link can come by it, until it expires or is withdrawn.
    """
    from agent.services.inviting import open_inviting, parse_life

    async def run() -> None:
        async with open_inviting(f"http://127.0.0.1:{load().settings.web.port}") as studio:
            if as_list:
                for one in await studio.all():
                    until = datetime.fromtimestamp(one["expires_at"], UTC).astimezone()
                    say(
                        f"{one['id']}  {one['state']:<9}  {one['role']:<8}  {one['room'] or 'all shows':<32}  "
                        f"until {until:%Y-%m-%d %H:%M}  {one['name']}".rstrip()
                    )
                return
            if revoke:
                gone = await studio.revoke(revoke)
                say(f"{gone['id']} is withdrawn; {gone['sent_out']} who came by it had to leave")
                return
            made = await studio.make(role, room=room, name=name, life=parse_life(expires))
            say(made["link"])
            if with_token:
                place = await studio.token(made, name=name or role.capitalize())
                for field in ("title", "room", "identity", "url", "token"):
                    say(f"{field:<9} {place[field]}")

    asyncio.run(run())


@main.command()
def doctor() -> None:
    """Try everything for real, and say what to do about what does not work."""
    from agent.doctor import examine

    healthy = asyncio.run(examine())
    sys.exit(0 if healthy else 1)


if __name__ == "__main__":
    main()

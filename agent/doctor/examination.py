"""The examination: every check, then the table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.doctor import egress, livekit, machine, models, network, providers, studio
from agent.doctor.findings import Finding, fault
from agent.settings import Settings, SettingsError, load

_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "fault": "[red]fault[/]"}


async def examine(console: Console | None = None) -> bool:
    """Try everything and print the table; whether a show could be held."""
    console = console or Console()
    try:
        settings = load().settings
    except SettingsError as error:
        found = [fault(problem.variable, problem.wrong, problem.fix) for problem in error.problems]
        console.print(table(found))
        console.print("The settings come first; the rest is tried once they are right.")
        return False
    with console.status("trying everything, up to half a minute"):
        found = await findings(settings)
    console.print(table(found))
    faults = sum(finding.state == "fault" for finding in found)
    warnings = sum(finding.state == "warning" for finding in found)
    console.print(f"{faults} faults, {warnings} warnings" if faults or warnings else "All is well.")
    return not faults


async def findings(settings: Settings, *, env_file: Path = Path(".env")) -> list[Finding]:
    """What every check found, in the order of the table."""
    checks: dict[str, Callable[[], list[Finding] | Awaitable[list[Finding]]]] = {
        "python": studio.python,
        "settings": lambda: studio.env_file(env_file),
        "machine": machine.power,
        "disk": lambda: machine.disk(settings),
        "recordings": lambda: machine.left_open(settings),
        "ports": lambda: livekit.ports(settings),
        "livekit server": lambda: livekit.server(settings),
        "egress": lambda: egress.egress(settings),
        "ears": lambda: models.ears(settings),
        "mind": lambda: models.mind(settings),
        "voices": lambda: models.voices(settings),
        "providers": lambda: providers.providers(settings),
        "clock": lambda: machine.clock(_outside(settings)),
        "briefings": lambda: studio.briefings(settings),
        "page": lambda: studio.page(settings),
        "network": lambda: network.network(settings),
    }
    found: list[Finding] = []
    for about, check in checks.items():
        try:
            # On the main thread, where alone LiveKit's plugins may be imported
            result = check()
            found += await result if isinstance(result, Awaitable) else result
        except Exception as error:  # one broken part must not hide the others
            fix = "run 'make setup'; if that does not help, report this line"
            found.append(fault(about, f"could not be tried: {type(error).__name__}: {error}", fix))
    return found


def table(found: list[Finding]) -> Table:
    """For a terminal. Remedies stand below what they are for."""
    shown = Table(box=None, pad_edge=False, show_header=False)
    shown.add_column(no_wrap=True)
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for finding in found:
        shown.add_row(finding.about, _MARKS[finding.state], escape(finding.seen))
        if finding.fix:
            shown.add_row("", "", f"[bold]remedy: {escape(finding.fix)}[/]")
    return shown


def _outside(settings: Settings) -> list[str]:
    """Servers in use that are not on this machine, as http addresses."""
    chosen = [settings.livekit.url] if settings.livekit.url else []
    for mind in (mind for one in settings.cast() for mind in one.mind):
        if mind.provider != "local":
            chosen.append(getattr(settings.providers, mind.provider.replace("-", "_")).base_url or "")
    urls = [url.replace("wss://", "https://").replace("ws://", "http://") for url in chosen if url]
    return [url for url in urls if urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1")]

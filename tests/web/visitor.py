"""A person at a browser, in the words of the page."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect

# Said of a fake microphone without a gesture, and of connections that tests cut on purpose. What livekit-client logs
# of its own connections carries the room's id; what the page itself does wrong does not.
_HARMLESS = (
    "AudioContext was not allowed",
    "livekit",
    "roomID:",
    "connecting failed",
    "rejoining failed",
    "Failed to load resource",
)


@dataclass
class Visitor:
    """
    Attributes:
        complaints: errors of the page and violations of its policy, in the console's words.
    """

    context: BrowserContext
    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    async def opens(self, path: str = "/") -> None:
        await self.page.goto(self.address + path)

    async def joins(self, name: str, *, room: str | None = None, invitation: str | None = None) -> None:
        """Fill in the green room and sit down."""
        await self.opens((f"/?room={room}" if room else "/") + (f"#invitation={invitation}" if invitation else ""))
        await self.page.get_by_label("Your name").fill(name)
        await self.page.get_by_label("I agree to be recorded").check()
        await self.page.get_by_role("button", name="Join the table").click()
        await expect(self.page.locator("main.table")).to_be_visible(timeout=30_000)

    @property
    def room(self) -> str:
        return self.page.url.partition("#")[0].partition("room=")[2].partition("&")[0]

    def seat(self, identity: str) -> str:
        return f".seat[data-identity='{identity}']"

    async def sees_state(self, identity: str, state: str) -> None:
        await expect(self.page.locator(self.seat(identity))).to_have_attribute("data-state", state, timeout=20_000)

    async def presses(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def hears(self, *, louder_than: float = 0.05, within_s: float = 10.0) -> None:
        """Someone, at some moment: people pause between words."""
        async with asyncio.timeout(within_s):
            while await self.loudness() <= louder_than:
                pass

    async def loudness(self) -> float:
        """The loudest sample of half a second of what the page plays, 0 to 1.

        Counts as a gesture of the user, which may unlock sound that was locked before.
        """
        heard: float = await self.page.evaluate(
            """async () => {
                const context = new AudioContext();
                const analysers = [...document.querySelectorAll("audio")].filter((a) => !a.paused).map((audio) => {
                    const analyser = context.createAnalyser();
                    context.createMediaStreamSource(audio.srcObject).connect(analyser);
                    return analyser;
                });
                const samples = new Float32Array(2048);
                let loudest = 0;
                for (const until = performance.now() + 500; performance.now() < until; ) {
                    for (const analyser of analysers) {
                        analyser.getFloatTimeDomainData(samples);
                        for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
                    }
                    await new Promise((resolve) => setTimeout(resolve, 20));
                }
                await context.close();
                return loudest;
            }"""
        )
        return heard

    def note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(words in message.text for words in _HARMLESS):
            self.complaints.append(message.text)


async def visit(
    browser: Browser, address: str, *, width: int = 1280, height: int = 800, calm: bool = False, trusting: bool = False
) -> Visitor:
    """A browser profile of its own, with one tab; a trusting one goes on past a certificate that it does not know."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        permissions=["microphone", "camera"],
        reduced_motion="reduce" if calm else "no-preference",
        ignore_https_errors=trusting,
    )
    visitor = Visitor(context, await context.new_page(), address)
    watch(visitor, visitor.page)
    return visitor


def watch(visitor: Visitor, page: Page) -> None:
    page.on("console", visitor.note)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))

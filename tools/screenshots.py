"""`make screenshots`: each main state of the pages with sample data, as small PNGs in docs/images/.

The same code gives the same pictures: the service and the browser stand at one fixed time, and only fonts are the
machine's own.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

from router.app import sign_in_of
from router.messages.sample import Sample
from tests.desk import scenes
from tests.desk.site import PROJECT, Site, launched, service

IMAGES = PROJECT / "docs" / "images"
WIDTH, HEIGHT = 1280, 800
MORNING = datetime(2026, 3, 31, 8, 0, tzinfo=UTC)
"""A Tuesday, when the hotline is open."""
QUEUES = ("default", "sales", "service")


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


class Camera:
    """Takes pictures of one person's page, with the browser at the service's time."""

    def __init__(self, page: Page, hands: Hands, folder: Path) -> None:
        self.page = page
        self._hands = hands
        self._folder = folder

    async def take(self, name: str) -> None:
        """The page as it is now, as ``name.png``."""
        await self.page.clock.set_fixed_time(self._hands.now)
        await self.page.reload()
        await self.page.wait_for_load_state("load")
        if self.page.url.endswith("/desk"):
            await expect(self.page.locator("#connection[data-state=live]")).to_be_visible()
            await expect(self.page.locator("#cards .idle p.big, #cards article").first).to_be_visible()
        if "/flows/edit/" in self.page.url:
            await expect(self.page.locator("#summary")).not_to_be_empty()
        await self.page.evaluate("() => document.activeElement?.blur()")
        height = min(await self.page.evaluate("() => document.documentElement.scrollHeight"), 2 * HEIGHT)
        await self.page.screenshot(
            path=self._folder / f"{name}.png",
            animations="disabled",
            clip={"x": 0, "y": 0, "width": WIDTH, "height": max(height, 400)},
            full_page=True,
        )
        print(f"{name}.png")


async def desk(site: Site, hands: Hands, camera: Camera, person: str, samples: dict[str, Sample]) -> None:
    """The desk in its states."""
    page, phone = camera.page, site.house.test_phone
    card = page.locator("article")
    await camera.take("desk-idle")
    await site.agents.presence.ready(person)

    @asynccontextmanager
    async def ringing(number: str, keys: str = "", withheld: bool = False) -> AsyncIterator[str]:
        called = await scenes.call(site, number, keys, withheld=withheld)
        await expect(card).to_have_attribute("data-state", "ringing")
        hands.move(4)
        yield called
        await phone.hang_up(called)

    code = samples["sample-anna-power"].registered.callback_code or ""
    async with ringing(scenes.ANNA):
        await camera.take("desk-possible")
    await expect(card).to_have_count(0)
    async with ringing(scenes.FAMILY):
        await camera.take("desk-level")
    await expect(card).to_have_count(0)
    lost = await scenes.of_no_router(site, person, "lost")
    await expect(card).to_have_attribute("data-label", "unavailable")
    await camera.take("desk-unavailable")
    await site.agents.ringing.over(lost)
    await expect(card).to_have_count(0)
    async with ringing(scenes.ANNA, code, withheld=True) as called:
        await camera.take("desk-verified")
        await phone.answer(called, person)
        await expect(card).to_have_attribute("data-state", "talking")
        hands.move(74)
        await camera.take("desk-talking")
        await page.emulate_media(color_scheme="dark")
        await camera.take("desk-dark")
        await page.emulate_media(color_scheme="light")
        await phone.hang_up(called)
        await expect(card).to_have_attribute("data-state", "wrap_up")
        hands.move(20)
        await camera.take("desk-wrap-up")


PAGES = {
    "supervisor": "/supervisor",
    "people": "/admin/people",
    "flow-editor": "/admin/flows/edit/hotline.yaml",
}


async def pictures(folder: Path, language: str) -> None:
    """All of them, in one language."""
    hands = Hands()
    with tempfile.TemporaryDirectory(prefix="threadline-screenshots-") as name:
        flows = Path(name) / "flows"
        shutil.copytree(PROJECT / "ivr_flows", flows)
        (flows / "shared" / "queues.yaml").write_text(scenes.QUEUES)
        async with (
            async_playwright() as playwright,
            launched(playwright) as browser,
            service(Path(name), browser, flows, hands) as site,
        ):
            samples = await scenes.samples(site)
            anna = await site.person("anna", language, queues=QUEUES)
            for login in ("ben", "cem"):
                await site.agents.presence.ready(await site.person(login, language, queues=QUEUES[:2]))
            robin = await site.person("robin", language, "admin", QUEUES)
            async with camera_of(site, browser, hands, anna, "/desk", folder) as camera:
                await desk(site, hands, camera, anna, samples)
            async with camera_of(site, browser, hands, robin, "/testphone", folder) as camera:
                waiting = await scenes.call(site, scenes.UNKNOWN)
                hands.move(35)
                for picture, path in PAGES.items():
                    await camera.page.goto(f"http://127.0.0.1:{site.port}{path}")
                    await camera.take(picture)
                await site.house.test_phone.hang_up(waiting)


@asynccontextmanager
async def camera_of(
    site: Site, browser: Browser, hands: Hands, person: str, path: str, folder: Path
) -> AsyncIterator[Camera]:
    """Somebody's page, at the service's time."""
    context = await browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, timezone_id="Europe/Berlin", reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.clock.set_fixed_time(hands.now)
    link = await sign_in_of(site.house).make_link(person, path)
    await page.goto(f"http://127.0.0.1:{site.port}{link}")
    await page.wait_for_url(f"**{path}")
    yield Camera(page, hands, folder)
    await context.close()


def main() -> None:
    """Take the pictures, and say what they weigh."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    asyncio.run(pictures(IMAGES, "en"))
    weight = sum(each.stat().st_size for each in IMAGES.glob("*.png"))
    print(f"{weight / 1000:.0f} KB in {IMAGES.relative_to(PROJECT)}")


if __name__ == "__main__":
    main()

"""An agent at the desk: signs in on the real page, sits down at a phone, and sees what Chromium shows.

The page itself notes when a card came to be seen, so that a busy machine does not delay what is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from playwright.sync_api import Browser, Locator, Page

from tests.system.harness.waiting import patience, until

_NOTE_CARDS = """
window.cardsSeen = [];
let there = new Set();
const look = () => {
  const now = new Set();
  for (const card of document.querySelectorAll("#cards article.card")) {
    if (!card.checkVisibility()) continue;
    const key = `${card.dataset.card} ${card.dataset.state}`;
    now.add(key);
    if (!there.has(key)) window.cardsSeen.push({card: card.dataset.card, state: card.dataset.state, at: Date.now()});
  }
  there = now;
};
// The second frame begins when the first, which shows the change, has been painted.
const afterPaint = () => requestAnimationFrame(() => requestAnimationFrame(look));
new MutationObserver(afterPaint).observe(document, {childList: true, subtree: true});
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A card came to be seen in this state at ``at`` (`time.monotonic` seconds)."""

    card: str
    state: str
    at: float


class Desk:
    """One person in a browser profile of their own. Use as a context manager."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.context = browser.new_context(locale="de-DE", timezone_id="Europe/Berlin")
        self.context.add_init_script(_NOTE_CARDS)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.context.close()

    def sign_in(self, login: str, password: str) -> Desk:
        """Through the sign-in page; returns when the desk listens to its events."""
        self.page.goto(f"{self.url}/desk")
        self.page.fill("#login", login)
        self.page.fill("#password", password)
        self.page.click("form[action='/sign-in'] button.primary")
        self.is_live()
        return self

    def is_live(self, within: float = 10) -> None:
        """Waits until the page says that it is connected."""
        self.page.locator("#connection[data-state=live]").wait_for(state="attached", timeout=within * 1000 * patience())

    def sit_down(self, phone: str) -> Desk:
        """Chooses phone ``101`` and is ready for calls."""
        chosen = f"PJSIP/{phone}"
        if self.page.input_value("#phone") != chosen:
            with self.page.expect_response("**/desk/phone"):
                self.page.select_option("#phone", chosen)
        self.become("ready")
        return self

    def become(self, presence: str) -> None:
        """Presses ready, paused or off, and waits until the page shows it."""
        with self.page.expect_response("**/desk/presence"):
            self.page.click(f"#bar button[data-presence={presence}]")
        self.page.locator(f"#bar .presence[data-presence={presence}]").wait_for()

    def card(self, *, state: str | None = None, label: str | None = None) -> Locator:
        """The card on the desk, in this state and with this label where they are given."""
        wanted = {"state": state, "label": label}
        return self.page.locator(
            "#cards article.card" + "".join(f"[data-{name}={value}]" for name, value in wanted.items() if value)
        )

    def sees(self, *, state: str | None = None, label: str | None = None, within: float = 10) -> Locator:
        """Waits for exactly such a card; says what was there instead when it does not come."""
        found = self.card(state=state, label=label)
        self._until(lambda: found.count() == 1, within, f"a card with {state=} {label=}")
        return found

    def shows(self, words: str, within: float = 10) -> None:
        """Waits until the part with the cards has these words."""
        self._until(lambda: words in self.text, within, f"'{words}'")

    def sees_nothing(self, within: float = 10) -> None:
        """Waits until no card is on the desk."""
        self._until(lambda: self.card().count() == 0, within, "no card")

    def _until(self, probe: Callable[[], bool], within: float, what: str) -> None:
        try:
            until(probe, within, what, every=0.02)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; the desk shows:\n{self.text}\nfaults: {self.faults}") from None

    def pass_on(self, place: str, note: str) -> None:
        """Passes the caller on to who or what is called ``place``."""
        tool = self.page.locator('details[data-tool="handover"]')
        tool.locator("summary").click()
        option = tool.locator(f"select option:has-text('{place}')").first
        option.wait_for(state="attached")
        tool.locator("select[name=to]").select_option(option.get_attribute("value"))
        tool.locator("textarea[name=note]").fill(note)
        with self.page.expect_response("**/handover") as answered:
            tool.locator("button.primary").click()
        assert answered.value.status == 204

    @property
    def text(self) -> str:
        """All text of the part with the cards."""
        return self.page.inner_text("#cards")

    @property
    def news(self) -> str:
        """The line that tells where a card went."""
        return self.page.inner_text("#news")

    @property
    def seen(self) -> list[Seen]:
        """Every card that came to be seen since the page was loaded, in order."""
        offset = time.time() - time.monotonic()
        noted = self.page.evaluate("window.cardsSeen")
        return [Seen(each["card"], each["state"], each["at"] / 1000 - offset) for each in noted]

    def sees_for_the(self, nth: int, within: float = 10) -> Seen:
        """Waits until a card has come to be seen for the ``nth`` time since the page was loaded."""
        self._until(lambda: len(self.seen) >= nth, within, f"card number {nth}")
        return self.seen[nth - 1]

    def cookie(self) -> str:
        """The session, as a header for another client."""
        return "; ".join(f"{each.get('name')}={each.get('value')}" for each in self.context.cookies(self.url))

    def offline(self, is_so: bool = True) -> None:
        """Takes the network from this browser, or gives it back."""
        self.context.set_offline(is_so)

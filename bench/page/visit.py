"""One visit of a page in a browser that has seen nothing yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from router.app import sign_in_of
from tests.desk.site import Site

_WATCH = """
  window.usable = null;
  const look = () => { if (document.querySelector(READY)) window.usable ??= performance.now(); };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
"""
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now()"


@dataclass(frozen=True, slots=True)
class Visit:
    """Bytes over the line with their headers, requests, and milliseconds since the page was asked for."""

    weight: int
    requests: int
    painted: float
    usable: float


async def visit(site: Site, person: str, path: str, ready: str, slower: int) -> Visit:
    """Sign in, forget everything that the browser kept, slow the processor down and open the page."""
    context = await site.browser.new_context()
    page = await context.new_page()
    address = f"http://127.0.0.1:{site.port}"
    link = await sign_in_of(site.house).make_link(person, "/testphone")
    await page.goto(address + link)
    await page.wait_for_url("**/testphone")
    await page.goto("about:blank")
    line = await context.new_cdp_session(page)
    await line.send("Network.enable")
    await line.send("Network.clearBrowserCache")
    await line.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    weights: list[int] = []
    asked: list[str] = []

    def received(event: dict[str, Any]) -> None:
        asked.append(event["response"]["url"])
        weights.append(int(event["response"]["encodedDataLength"]))

    line.on("Network.responseReceived", received)
    line.on("Network.dataReceived", lambda event: weights.append(int(event["encodedDataLength"])))
    await page.add_init_script(_WATCH.replace("READY", repr(ready)))
    await page.goto(address + path, wait_until="commit")
    await page.wait_for_function("() => window.usable !== null", polling=50)
    usable, painted = await page.evaluate("() => window.usable"), await page.evaluate(_PAINTED)
    await page.wait_for_load_state("load")
    await context.close()
    return Visit(sum(weights), len(asked), float(painted), float(usable))

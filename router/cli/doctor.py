"""``threadline doctor``: what of the installation works, and what to do about what does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

import httpx
import typer

from router import settings as settings_module
from router.app import code_keys, limits_of, secret_of, utc_now
from router.calls.webhooks import webhooks_of
from router.cli.audiosocket_findings import audiosocket_found
from router.cli.crm_findings import crm_found, without_way_out
from router.cli.findings import Finding, Health
from router.cli.flow_findings import flows_found
from router.cli.machine_findings import (
    CLOCK_TOLERANCE,
    backups_found,
    clock_found,
    disk_found,
    log_found,
    rights_found,
    systemd_found,
)
from router.cli.oidc_findings import oidc_found
from router.cli.output import NO, as_json, counted, say
from router.cli.queue_findings import PATIENCE, ask_all, queues_found
from router.cli.service_findings import (
    address_found,
    figures_found,
    retention_found,
    service_found,
    traces_found,
    unsent_found,
)
from router.cli.speech_findings import speech_found
from router.matching.lockout import By
from router.messages.code_report import code_report
from router.messages.handles import HandleRules
from router.messages.same_secret import OTHER, Fit, fit
from router.settings import Settings, SettingsRefused
from router.speech.failures import PromptFailed
from router.speech.synthesis import EspeakNg, installed_version
from router.store import migrate
from router.store.database import Database
from router.store.file_trouble import file_trouble
from router.web import assets


def doctor(json: Annotated[bool, typer.Option("--json", help="Findings as JSON.")] = False) -> None:
    """Look at the whole installation and say in plain words what works and what to do about what does not.

    Example: threadline doctor
    """
    findings = asyncio.run(_all())
    if json:
        as_json(findings)
    else:
        for finding in findings:
            say(f"{_SIGNS[finding.health]:<5} {finding.part:<12} {finding.found}")
            if finding.remedy:
                say(f"{'':<5} {'':<12} → {finding.remedy}")
    if any(finding.health is Health.ILL for finding in findings):
        raise typer.Exit(NO)


_SIGNS = {Health.WELL: "ok", Health.OFF: "off", Health.ILL: "FAULT"}


async def _all() -> list[Finding]:
    try:
        settings = settings_module.load()
        secret_of(settings)
        HandleRules.of(settings)
    except SettingsRefused as error:
        reason = str(error)
        return [Finding("settings", Health.ILL, reason, "mend it in THREADLINE_* or threadline.toml, then look again")]
    findings = [Finding("settings", Health.WELL, "read and understood")]
    async for finding in _each(settings):
        findings.append(finding)
    return findings


async def _each(settings: Settings) -> AsyncIterator[Finding]:
    checks: list[tuple[str, Callable[[Settings], Awaitable[Finding]]]] = [
        ("database", _database), ("codes", _codes), ("flows", flows_found), ("pages", _pages), ("prompts", _prompts),
        ("service", service_found), ("FastAGI", _fastagi), ("Asterisk", asterisk_found), ("queues", queues_found),
        ("Twilio", _twilio), ("texts", _texts), ("webhooks", webhooks_found), ("CRM", crm_found),
        ("speech", speech_found), ("AudioSocket", audiosocket_found), ("sign-in", oidc_found),
        ("figures", figures_found), ("unsent", unsent_found), ("retention", retention_found), ("disk", disk_found),
        ("clock", clock_found),
        ("rights", rights_found), ("log", log_found), ("backups", backups_found), ("systemd", systemd_found),
        ("address", address_found), ("traces", traces_found),
    ]  # fmt: skip
    for part, check in checks:
        try:
            async with asyncio.timeout(PATIENCE * 2):
                yield await check(settings)
        except TimeoutError:
            yield Finding(part, Health.ILL, "does not answer", "see whether it hangs or a firewall is between")


async def _database(settings: Settings) -> Finding:
    try:
        database = Database(settings.database, busy_seconds=PATIENCE)
    except ValueError as error:
        return Finding("database", Health.ILL, str(error), "set THREADLINE_DATABASE")
    try:
        current, newest = await migrate.current(database), migrate.newest()
    except Exception as error:
        if trouble := file_trouble(settings.database):
            return Finding("database", Health.ILL, trouble, "or set THREADLINE_DATABASE")
        # The driver's own text may hold the address with its password; its kind is enough to go on.
        kind = type(error if isinstance(error, TimeoutError) else error.__cause__ or error).__name__
        return Finding("database", Health.ILL, f"cannot be reached ({kind})", "start it, or set THREADLINE_DATABASE")
    finally:
        await database.close()
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    if current == newest:
        return Finding("database", Health.WELL, f"{kind}, at the schema of this version")
    if current is not None and current not in migrate.revisions():
        found = f"{kind}, at schema {current} of a later version: fine while an update goes on"
        return Finding("database", Health.OFF, found, "bring this program to that version, too")
    state = f"at schema {current}" if current else "still empty"
    remedy = "'threadline serve' sets it up when it starts" if database.is_sqlite else "run 'threadline db upgrade'"
    return Finding("database", Health.OFF if database.is_sqlite else Health.ILL, f"{kind}, {state}", remedy)


async def _codes(settings: Settings) -> Finding:
    try:
        database = Database(settings.database, busy_seconds=PATIENCE)
        try:
            async with database.read() as connection:
                other = await fit(connection, code_keys(settings)) is Fit.OTHER
                report = await code_report(connection, HandleRules.of(settings).budget, limits_of(settings), utc_now())
        finally:
            await database.close()
    except Exception:  # whatever a driver raises: the finding on the database says what it is
        return Finding("codes", Health.OFF, "cannot be looked at as long as the database is not well")
    if other:
        return Finding("codes", Health.ILL, f"THREADLINE_SECRET {OTHER}", "never make a new secret instead")
    remedy = "see 'threadline codes status' and docs/codes.md"
    locked = report.locked_out
    if locked[By.OVERALL]:
        return Finding("codes", Health.ILL, f"locked for all: {report.wrong_codes} wrong ones in 24 hours", remedy)
    if locked[By.TRUNK]:
        return Finding(
            "codes", Health.ILL, f"locked on {counted(locked[By.TRUNK], 'trunk')}: too many wrong ones", remedy
        )
    if report.next_digits is None:
        return Finding("codes", Health.ILL, "no further one is issued: the guessing budget would break", remedy)
    live = sum(each.live for each in report.lengths)
    callers = f"; {counted(locked[By.CALLER], 'caller number')} locked out" if locked[By.CALLER] else ""
    return Finding(
        "codes", Health.WELL, f"{counted(live, 'live code')}, the next has {report.next_digits} digits{callers}"
    )


async def _pages(_: Settings) -> Finding:
    try:
        assets.load()
    except assets.AssetsNotBuilt as error:
        return Finding("pages", Health.ILL, str(error).splitlines()[0], "run 'make assets'")
    return Finding("pages", Health.WELL, "scripts and styles are built")


async def _prompts(settings: Settings) -> Finding:
    try:
        version = await installed_version()
        await EspeakNg(version=version).synthesise("Guten Tag", "de")
    except PromptFailed as error:
        remedy = f"install it, or record all prompts into {settings.recordings}; needed with Asterisk only"
        return Finding("prompts", Health.ILL if settings.ami_secret else Health.OFF, str(error), remedy)
    return Finding("prompts", Health.WELL, f"espeak-ng {version} speaks")


async def _fastagi(settings: Settings) -> Finding:
    address = f"{settings.fastagi_host}:{settings.fastagi_port}"
    try:
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(settings.fastagi_host, settings.fastagi_port)
    except (OSError, TimeoutError):
        return Finding("FastAGI", Health.OFF, f"nothing listens at {address}", "start 'threadline serve'")
    writer.close()
    return Finding("FastAGI", Health.WELL, f"listens at {address}")


async def asterisk_found(settings: Settings) -> Finding:
    """Whether each Asterisk lets us in, is told from the others, and goes by the same time."""
    if settings.ami_secret is None:
        remedy = "set THREADLINE_AMI_SECRET to what asterisk_conf/install printed, if there is an Asterisk"
        return Finding("Asterisk", Health.OFF, "its manager interface is not set up", remedy)
    asked = await ask_all(settings)
    for each in asked:
        if each.snapshot is None:
            remedy = "see manager.conf: address, port, permit, user and secret; and whether Asterisk runs"
            return Finding("Asterisk", Health.ILL, f"manager interface at {each.address}: {each.reason}", remedy)
        if each.ahead is not None and abs(each.ahead) > CLOCK_TOLERANCE:
            where = "ahead of" if each.ahead > 0 else "behind"
            found = f"the clock of {each.address} is {abs(each.ahead):.0f} s {where} ours"
            return Finding("Asterisk", Health.ILL, found, "have chrony or systemd-timesyncd set both ('timedatectl')")
    names = [each.name for each in asked]
    if len(names) > 1 and (len(set(names)) < len(names) or "" in names):
        found = f"of {len(names)} Asterisks not each has a system name of its own: {', '.join(map(repr, names))}"
        remedy = "give each its systemname in asterisk.conf, and restart it (docs/several-machines.md)"
        return Finding("Asterisk", Health.ILL, found, remedy)
    if not settings.phones:
        return Finding("Asterisk", Health.ILL, "no phones are named", 'set THREADLINE_PHONES, such as ["PJSIP/101"]')
    channels = sum(len(each.snapshot.channels) for each in asked if each.snapshot is not None)
    addresses = " and ".join(each.address for each in asked)
    return Finding("Asterisk", Health.WELL, f"manager interface at {addresses} signed in; {channels} channels")


async def _twilio(settings: Settings) -> Finding:
    if settings.twilio_auth_token is None:
        return Finding("Twilio", Health.OFF, "not set up", "set THREADLINE_TWILIO_AUTH_TOKEN, if calls come from there")
    if not settings.public_url.startswith("https://"):
        remedy = "set THREADLINE_PUBLIC_URL to the https address that Twilio calls, or its signatures cannot be right"
        return Finding("Twilio", Health.ILL, f"the public address is {settings.public_url}", remedy)
    if (ill := without_way_out(settings)) is not None:
        return ill
    return Finding("Twilio", Health.WELL, f"webhooks under {settings.public_url}/channels/twilio/")


async def webhooks_found(settings: Settings) -> Finding:
    """Whether what flows may ask of other systems can be signed. Nobody is asked: only a flow knows what."""
    if not settings.webhooks:
        remedy = "set THREADLINE_WEBHOOKS, if flows are to ask other systems (docs/webhooks.md)"
        return Finding("webhooks", Health.OFF, "flows can ask no other system", remedy)
    try:
        names = ", ".join(sorted(webhooks_of(settings)))
    except SettingsRefused as error:
        return Finding("webhooks", Health.ILL, str(error), "make one as docs/webhooks.md says")
    return Finding("webhooks", Health.WELL, f"flows may ask {names}")


async def _texts(settings: Settings) -> Finding:
    account, token = settings.twilio_account_sid, settings.twilio_auth_token
    if not settings.sends_texts or account is None or token is None:
        remedy = "set THREADLINE_TWILIO_TEXT_SENDER, if flows are to send text messages (docs/texting.md)"
        return Finding("texts", Health.OFF, "nobody sends text messages", remedy)
    address = f"{settings.twilio_api_url}/2010-04-01/Accounts/{account}.json"
    try:
        async with httpx.AsyncClient(timeout=PATIENCE, auth=(account, token.get_secret_value())) as client:
            response = await client.get(address)
    except httpx.HTTPError as error:
        found = f"{settings.twilio_api_url} cannot be reached ({type(error).__name__})"
        return Finding("texts", Health.ILL, found, "see whether a firewall is between")
    if response.is_success:
        return Finding("texts", Health.WELL, "Twilio knows the account that sends text messages")
    remedy = "compare THREADLINE_TWILIO_ACCOUNT_SID and THREADLINE_TWILIO_AUTH_TOKEN with Twilio's console"
    return Finding("texts", Health.ILL, f"Twilio answers {response.status_code} for the account", remedy)

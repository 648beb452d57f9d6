"""The composition root: makes every part once and gives each what it needs. `router.server` starts and stops them."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from router.agents.phones import asterisk_phones
from router.calls.admission import Admission
from router.calls.callbacks import Callbacks
from router.calls.calling_back import CallingBack
from router.calls.crm import CrmEvents
from router.calls.crm_sending import CrmSender, crm_of
from router.calls.handle import Calls
from router.calls.texting import Texting, TextLimits
from router.calls.webhooks import Webhooks, webhooks_of
from router.calls.weights import Weights
from router.channels.agi.calling_back import SCRIPT as CALLBACK
from router.channels.agi.ending import SCRIPT as ENDED
from router.channels.agi.ending import EndingLine
from router.channels.agi.listening import Listener
from router.channels.agi.render import CHANNEL as ASTERISK
from router.channels.agi.server import AgiServer, Handler, ServerLimits, by_script
from router.channels.agi.session import AgiChannel
from router.channels.agi.sounds import prompt_sounds
from router.channels.simulator.phone import TestPhone
from router.channels.surroundings import surroundings_of
from router.channels.twilio.texts import TwilioTexts
from router.core.destinations import Destinations
from router.flow.problems import FlowRefused
from router.matching.codes import CodeKeys
from router.matching.lockout import Limits
from router.matching.parameters import DEFAULT, Parameters
from router.messages import same_secret
from router.messages.handles import HandleRules
from router.messages.issuing import random_digits
from router.messages.mailing import Mailer
from router.messages.registrar import Registrar
from router.messages.texting import TextSender
from router.releases.checks import NEEDED
from router.releases.flows import Flows, needed
from router.releases.folder import Folder
from router.releases.queue_book import QueueBook
from router.releases.releases import Releases
from router.releases.starting import released_flows
from router.settings import Settings, SettingsRefused, without_file
from router.speech.audiosocket.server import AudioSocketServer
from router.speech.failures import PromptFailed
from router.speech.kept import KeptSpeech
from router.speech.listening.comfort import Comfort
from router.speech.prompts import PromptStore
from router.speech.recognition.choice import ear_of
from router.speech.recognition.ear import Ear
from router.speech.synthesis import EspeakNg, installed_version
from router.store import calls as stored_calls
from router.store import migrate, people
from router.store.announcing import bus_on
from router.store.backup import BackupRefused, file_of
from router.store.bus import Bus
from router.store.database import Database, new_id
from router.store.duties import Alone, Duties, duties_on
from router.store.file_trouble import file_trouble
from router.web.passwords import Passwords
from router.web.sign_in import Lasting, SignIn

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]

LONGEST_WAIT = 3900.0
"""Seconds that what an agent is to hear is kept: the longest transfer, and a bit."""


def utc_now() -> datetime:
    """The clock of the house."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class House:
    """The parts that calls need, on a database at the right schema."""

    settings: Settings
    clock: Clock
    database: Database
    bus: Bus
    duties: Duties
    """What only one of the processes on this database does at a time."""
    flows: Flows
    queue_book: QueueBook
    """How queues are described in the flows that new calls run."""
    releases: Releases
    folder: Folder
    keys: CodeKeys
    calls: Calls
    calling: CallingBack
    weights: Weights
    test_phone: TestPhone
    registrar: Registrar
    ear: Ear | None
    """What makes words of speech; None where there is no recogniser, and nobody listens."""
    kept_speech: KeptSpeech
    webhooks: Webhooks
    """Asks the other systems of the settings."""


@asynccontextmanager
async def assembled(settings: Settings, clock: Clock = utc_now, *, serving: bool = False) -> AsyncIterator[House]:
    """Make the parts that calls need; the embedded database is brought to the right schema first.

    Where we are ``serving``, what changed in the folder of flows is released; else it is only what calls of this
    process run. Raises `FlowRefused` and `SettingsRefused`, the latter also for a database that is not at the right
    schema.
    """
    keys = code_keys(settings)
    async with (
        opened(settings) as database,
        bus_on(database, hears=serving) as bus,
        _duties(database, serving) as duties,
        _hearing(settings) as ear,
    ):
        await _refuse_other_secret(database, keys, clock(), serving)
        releases = releases_of(settings, database, bus, clock)
        folder = Folder(settings.flows, releases)
        flows = await _flows(settings, releases, folder, serving)
        book = QueueBook(flows, settings.queues)
        weights = Weights(database, table_of(settings), clock=clock)
        rules = replace(HandleRules.of(settings), queues=book.names)
        reach = reach_of(settings)
        webhooks = Webhooks(webhooks_of(settings))
        calls = Calls(
            database,
            bus,
            flows,
            keys,
            clock,
            queues=book.names,
            limits=limits_of(settings),
            weights=weights,
            pool_numbers=rules.pools.every_number,
            recording=settings.replay_days > 0,
            webhooks=webhooks,
            crm=crm_events(settings),
            admission=Admission(settings.calls_a_minute),
            texting=Texting(
                keys,
                random_digits,
                new_id,
                destinations=reach,
                limits=TextLimits(per_number=settings.texts_per_number, overall=settings.texts_a_day),
                provided=settings.sends_texts,
            ),
            callbacks=Callbacks(new_id, destinations=reach, region=settings.region),
        )
        calling = CallingBack(database, flows, calls.work, reach, clock, new_id)
        phone = TestPhone(calls, settings.region, releases)
        registrar = Registrar(database, keys, rules, clock)
        kept = KeptSpeech(settings.data_dir / "kept-speech", database, clock)
        if ear is not None:
            ear.keep = kept.keep
        yield House(
            settings,
            clock,
            database,
            bus,
            duties,
            flows,
            book,
            releases,
            folder,
            keys,
            calls,
            calling,
            weights,
            phone,
            registrar,
            ear,
            kept,
            webhooks,
        )
        await calls.aclose()
        await weights.aclose()


async def _refuse_other_secret(database: Database, keys: CodeKeys, now: datetime, serving: bool) -> None:
    """Raises `SettingsRefused` where the database was used with another secret."""
    if serving:
        found = await same_secret.begun_with(database, keys, now)
    else:
        async with database.read() as connection:
            found = await same_secret.fit(connection, keys)
    if found is same_secret.Fit.OTHER:
        raise SettingsRefused(f"THREADLINE_SECRET (secret): {same_secret.OTHER}")


@asynccontextmanager
async def _duties(database: Database, serving: bool) -> AsyncIterator[Duties]:
    """Duties are shared among processes that serve; a command does what it was started for."""
    if not serving:
        yield Alone()
        return
    async with duties_on(database) as duties:
        yield duties


@asynccontextmanager
async def _hearing(settings: Settings) -> AsyncIterator[Ear | None]:
    """The ear, and what it has started ended. Raises `SettingsRefused`."""
    ear = ear_of(settings)
    try:
        yield ear
    finally:
        if ear is not None:
            await ear.aclose()


def releases_of(settings: Settings, database: Database, bus: Bus, clock: Clock) -> Releases:
    """Drafts and releases of flows, checked against the settings."""
    around = partial(surroundings_of, settings)
    return Releases(database, bus, clock, around=around, needed=needed(settings.service_numbers, settings.flow))


async def _flows(settings: Settings, releases: Releases, folder: Folder, serving: bool) -> Flows:
    """The flows to begin with. Raises `FlowRefused`, and `SettingsRefused` where one that the settings name is not
    there."""
    try:
        set_now = None
        if serving or not await releases.newest_id():
            await folder.start()
        else:
            set_now = await folder.as_it_is()
        if set_now is not None:
            return Flows(set_now.flows, settings.service_numbers, settings.flow)
        return await released_flows(releases, settings.service_numbers, settings.flow)
    except ValueError as error:
        raise SettingsRefused(str(error)) from None
    except FlowRefused as refused:
        wrong = [problem for problem in refused.problems if not problem.warning]
        if all(problem.code == NEEDED for problem in wrong):
            raise SettingsRefused("\n".join(problem.message for problem in wrong)) from None
        raise


def table_of(settings: Settings) -> Parameters:
    """The table of matching with the thresholds of the settings."""
    return replace(DEFAULT, sure=settings.match_sure, likely=settings.match_likely, lead=settings.match_lead)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database at the right schema, closed at the end. Raises `SettingsRefused`."""
    database = database_of(settings)
    try:
        await _at_right_schema(database)
        yield database
    finally:
        await database.close()


def not_made_yet(settings: Settings) -> Path | None:
    """Where the embedded database will be, as long as there is none; else None. Raises `SettingsRefused`."""
    database_of(settings)
    try:
        file = file_of(settings.database)
    except BackupRefused:  # no embedded one
        return None
    return None if file.exists() else file


def refuse_missing(settings: Settings) -> None:
    """What looks something up makes no database: raise `SettingsRefused` where there is none yet."""
    if (file := not_made_yet(settings)) is not None:
        raise SettingsRefused(
            f"THREADLINE_DATABASE (database): there is no database at {file} yet: name the one that is meant, or "
            "make it with 'threadline db upgrade'"
        )


@asynccontextmanager
async def there(settings: Settings) -> AsyncIterator[Database]:
    """As `opened`, for what needs a database that has been made before. Raises `SettingsRefused`."""
    refuse_missing(settings)
    async with opened(settings) as database:
        yield database


def database_of(settings: Settings, *, patient: bool = False) -> Database:
    """The database, not yet connected to; for ``patient`` see there. Raises `SettingsRefused`."""
    try:
        return Database(settings.database, patient=patient)
    except ValueError as error:
        raise SettingsRefused(f"THREADLINE_DATABASE (database): {error}") from None


async def schema_of(database: Database) -> str | None:
    """The revision the database is at, None for an empty one. Raises `SettingsRefused` where it cannot be reached."""
    try:
        return await migrate.current(database)
    except (SQLAlchemyError, OSError) as error:
        if trouble := file_trouble(database.url):
            raise SettingsRefused(f"THREADLINE_DATABASE (database): {trouble}, or name another") from None
        # The driver's own text may hold the address with its password; its kind is enough to go on.
        kind = type(error if isinstance(error, TimeoutError) else error.__cause__ or error).__name__
        raise SettingsRefused(
            f"THREADLINE_DATABASE: the database cannot be reached ({kind}): start it, or name another"
        ) from None


def secret_of(settings: Settings) -> str:
    """What all keys are made from. Raises `SettingsRefused` where none is set."""
    if settings.secret is None:
        way = "python3 -c 'import secrets; print(secrets.token_hex(32))'"
        raise SettingsRefused(
            f"THREADLINE_SECRET (secret): is needed{without_file()}. An installation that runs has one: see its "
            f"threadline.toml or environment (docs/systemd.md). Only a new one needs a new secret ({way}): with "
            "another all codes before it end"
        )
    return settings.secret.get_secret_value()


def code_keys(settings: Settings) -> CodeKeys:
    """The keys for codes. Raises `SettingsRefused` where no secret is set."""
    return CodeKeys(secret_of(settings), [each.get_secret_value() for each in settings.old_secrets])


def limits_of(settings: Settings) -> Limits:
    """The limits on wrong codes."""
    return Limits(
        per_caller=settings.code_guesses_per_caller,
        per_trunk=settings.code_guesses_per_trunk,
        overall=settings.code_guesses_a_day,
    )


async def _at_right_schema(database: Database) -> None:
    current, newest = await schema_of(database), migrate.newest()
    if current == newest:
        return
    if current is not None and current not in migrate.revisions():
        # A later version has been here. Its schema serves this one, too, or no process could start during an update.
        log.warning("the database is at a later version's schema", schema=current, ours=newest)
        return
    if not database.is_sqlite:
        state = f"is at {current}" if current else "is empty"
        raise SettingsRefused(
            f"THREADLINE_DATABASE: the database {state}, not at {newest}: run 'threadline db upgrade'"
        )
    await migrate.upgrade(database)


def sign_in_of(house: House) -> SignIn:
    """Signing in."""
    settings = house.settings
    lasting = Lasting(timedelta(hours=settings.session_hours), timedelta(minutes=settings.session_idle_minutes))
    key = key_for(settings, b"threadline sign-in attempts")
    return SignIn(house.database, Passwords(), house.clock, key=key, lasting=lasting)


def key_for(settings: Settings, use: bytes) -> bytes:
    """Each use of the one secret has a key of its own, made from it under its own label."""
    return hmac.digest(secret_of(settings).encode(), use, "sha256")


def reach_of(settings: Settings) -> Destinations:
    """Which numbers may be texted and called."""
    return Destinations(settings.destinations or (settings.region,))


def text_sender(house: House) -> TextSender | None:
    """What sends text messages and e-mails; None where the settings name nobody who does."""
    settings = house.settings
    if not (settings.sends_texts or settings.sends_mail):
        return None
    provider = TwilioTexts(settings) if settings.sends_texts else None
    mailer = Mailer(settings, house.clock) if settings.sends_mail else None
    return TextSender(house.database, house.bus, provider, house.clock, mailer)


def crm_events(settings: Settings) -> CrmEvents | None:
    """What stores what a CRM is told; None where there is none."""
    return None if settings.crm_url is None else CrmEvents(new_id, settings.crm_fields)


def crm_sender(house: House) -> CrmSender | None:
    """What tells a CRM of calls; None where there is none. Raises `SettingsRefused`."""
    crm, settings = crm_of(house.settings), house.settings
    if crm is None:
        return None
    return CrmSender(house.database, house.bus, crm, house.clock, form=settings.crm_format == "form")


async def prompt_store(settings: Settings) -> PromptStore:
    """Prompts by espeak-ng; where that is not installed, those made before and recorded ones."""
    try:
        synthesiser = EspeakNg(version=await installed_version())
    except PromptFailed as error:
        log.warning("no synthesiser: only recorded prompts and those made before can be played", reason=str(error))
        synthesiser = EspeakNg()
    return PromptStore(settings.data_dir / "prompts", settings.recordings, synthesiser)


def listener_of(house: House) -> Listener | None:
    """What hears callers who come through Asterisk; None where there is no recogniser."""
    if house.ear is None:
        return None
    settings = house.settings
    server = AudioSocketServer(settings.audiosocket_host, settings.audiosocket_port)
    return Listener(server, house.ear, Comfort(), settings.audiosocket_told, settings.recognition_seconds)


def agi_server(
    house: House, prompts: PromptStore, listener: Listener | None = None, callbacks: Handler | None = None
) -> AgiServer:
    """The server that Asterisk asks; ``callbacks`` answers what it asks about those."""
    settings = house.settings
    sounds = prompt_sounds(prompts, settings.prompts_address)
    whispers = prompt_sounds(prompts, settings.prompts_address, kept=LONGEST_WAIT)

    async def phones(ids: Collection[str]) -> dict[str, str]:
        async with house.database.read() as connection:
            rows = await people.with_phones(connection)
        known = asterisk_phones(settings)
        return {row.id: row.phone for row in rows if row.id in ids and row.phone in known}

    channel = AgiChannel(
        house.calls,
        sounds,
        region=settings.region,
        whispers=whispers,
        listener=listener,
        phones=phones,
        told_ends=settings.ami_secret is None,
    )

    async def ended(call_id: str) -> None:
        async with house.database.read() as connection:
            row = await stored_calls.by_id(connection, call_id)
        if row is not None and row.channel == ASTERISK:
            await house.calls.hung_up(ASTERISK, row.channel_ref)

    limits = ServerLimits(connections=settings.fastagi_calls, each=settings.fastagi_calls_of_a_line or None)
    others: dict[str, Handler] = {ENDED: EndingLine(ended)}
    if callbacks is not None:
        others[CALLBACK] = callbacks
    handler = by_script(channel, others)
    return AgiServer(handler, settings.fastagi_host, settings.fastagi_port, limits)

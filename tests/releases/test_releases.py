"""What admins rely on: nothing is lost, nothing is overwritten, nothing broken is released, all can be taken back."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from router.flow.problems import FlowRefused
from router.releases.releases import Origin, Outdated, Releases, UnknownDraft, UnknownRelease
from router.store import tables
from router.store.database import Database
from tests.releases.house import FILES, HOURS, flow, releases_on

PATH = "hotline.yaml"
SHOP = HOURS.replace("office:", "shop:")


@pytest.fixture
async def releases(database: Database) -> Releases:
    """Release 1 is there, from the folder."""
    made = releases_on(database)
    await made.take_over(FILES)
    return made


async def published(releases: Releases, text: str, path: str = PATH) -> int:
    draft = await releases.save(path, text, based_on=None, person_id="anna")
    return (await releases.publish(draft.id, person_id="anna", comment="as agreed")).id


async def test_nothing_is_there_before_the_first_release(database: Database) -> None:
    releases = releases_on(database)
    with pytest.raises(UnknownRelease):
        await releases.newest()
    assert await releases.history() == []


async def test_a_draft_is_published(releases: Releases) -> None:
    draft = await releases.save(PATH, flow("Good morning."), based_on=None, person_id="anna", comment="friendlier")
    assert await releases.drafts() == [draft]
    assert (draft.path, draft.text, draft.based_on, draft.release_id) == (PATH, flow("Good morning."), None, 1)
    assert await releases.files_of((await releases.newest()).id) == FILES
    release = await releases.publish(draft.id, person_id="robin", comment="as agreed")
    assert (release.id, release.origin, release.changed) == (2, Origin.PUBLISH, (PATH,))
    assert (release.person_id, release.comment) == ("robin", "as agreed")
    assert await releases.newest() == release
    assert await releases.files_of(2) == FILES | {PATH: flow("Good morning.")}
    assert await releases.files_of(1) == FILES
    assert await releases.drafts() == []
    assert [each.closed_at is not None for each in await releases.draft_history(PATH)] == [True]


@pytest.mark.sqlite_only
async def test_the_audit_log_says_how_many_files_it_does_not_name(database: Database) -> None:
    await releases_on(database).take_over(
        FILES | {f"f{number}.yaml": flow().replace("hotline", f"f{number}") for number in range(7)}
    )
    async with database.read() as connection:
        noted = (await connection.execute(select(tables.audit_log.c.detail))).scalar_one()
    assert (len(noted["files"]), noted["more_files"]) == (5, len(FILES) + 7 - 5)


async def test_every_saving_is_kept(releases: Releases) -> None:
    first = await releases.save(PATH, "version: 1", based_on=None, person_id="anna")
    second = await releases.save(PATH, flow("Two"), based_on=first.id, person_id="anna")
    assert [draft.text for draft in await releases.draft_history(PATH)] == [flow("Two"), "version: 1"]
    assert await releases.draft(first.id) == first
    assert await releases.drafts() == [second]
    assert second.based_on == first.id
    with pytest.raises(UnknownDraft):
        await releases.draft(99)


async def test_whoever_saves_second_is_told_and_nothing_is_overwritten(releases: Releases) -> None:
    theirs = await releases.save(PATH, flow("Theirs"), based_on=None, person_id="anna")
    with pytest.raises(Outdated) as raised:
        await releases.save(PATH, flow("Mine"), based_on=None, person_id="robin")
    assert raised.value.draft == theirs
    newer = await releases.save(PATH, flow("Newer"), based_on=theirs.id, person_id="anna")
    with pytest.raises(Outdated) as raised:
        await releases.save(PATH, flow("Mine"), based_on=theirs.id, person_id="robin")
    assert raised.value.draft == newer
    with pytest.raises(Outdated):
        await releases.publish(theirs.id, person_id="robin")
    with pytest.raises(Outdated):
        await releases.throw_away(theirs.id, person_id="robin")
    assert await releases.drafts() == [newer]
    assert (await releases.newest()).id == 1


async def test_a_draft_of_what_was_published_meanwhile_is_outdated(releases: Releases) -> None:
    draft = await releases.save(PATH, flow("Mine"), based_on=None, person_id="anna")
    other = await releases.put({PATH: flow("Theirs")}, person_id="robin")
    with pytest.raises(Outdated) as raised:
        await releases.publish(draft.id, person_id="anna")
    assert raised.value.release == other
    with pytest.raises(Outdated):
        await releases.save(PATH, flow("Mine!"), based_on=draft.id, person_id="anna")
    assert await releases.files_of((await releases.newest()).id) == FILES | {PATH: flow("Theirs")}
    # Having seen theirs, Anna goes on.
    again = await releases.save(PATH, flow("Both"), based_on=draft.id, person_id="anna", release_id=other.id)
    assert (await releases.publish(again.id, person_id="anna")).id == 3


async def test_saving_what_was_made_from_an_older_release_is_outdated(releases: Releases) -> None:
    await published(releases, flow("Theirs"))
    with pytest.raises(Outdated) as raised:
        await releases.save(PATH, flow("Mine"), based_on=None, release_id=1, person_id="anna")
    assert (raised.value.draft, raised.value.release.id) == (None, 2)


async def test_a_release_of_another_file_does_not_disturb_a_draft(releases: Releases) -> None:
    draft = await releases.save(PATH, flow("Mine"), based_on=None, person_id="anna")
    await published(releases, flow(name="other"), "other.yaml")
    release = await releases.publish(draft.id, person_id="anna")
    assert await releases.files_of(release.id) == FILES | {PATH: flow("Mine"), "other.yaml": flow(name="other")}


async def test_a_draft_is_published_once(releases: Releases) -> None:
    draft = await releases.save(PATH, flow("Once"), based_on=None, person_id="anna")
    tries = [releases.publish(draft.id, person_id=person) for person in ("anna", "robin", "kim")]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Outdated) for outcome in outcomes) == 2
    assert (await releases.newest()).id == 2


async def test_a_thrown_away_draft_is_gone_but_kept(releases: Releases) -> None:
    first = await releases.save(PATH, flow("One"), based_on=None, person_id="anna")
    second = await releases.save(PATH, flow("Two"), based_on=first.id, person_id="anna")
    await releases.throw_away(second.id, person_id="anna")
    assert await releases.drafts() == []
    with pytest.raises(Outdated):
        await releases.publish(second.id, person_id="anna")
    with pytest.raises(Outdated):
        await releases.save(PATH, flow("Three"), based_on=second.id, person_id="anna")
    assert len(await releases.draft_history(PATH)) == 2
    assert (await releases.save(PATH, flow("Three"), based_on=None, person_id="anna")).based_on is None


async def test_what_is_broken_is_not_published(releases: Releases) -> None:
    wrong = flow().replace("next: office", "next: offce")
    checked = await releases.check(PATH, wrong)
    assert checked.flow_set is None
    draft = await releases.save(PATH, wrong, based_on=None, person_id="anna")
    with pytest.raises(FlowRefused, match="hotline.yaml:6:48: missing-step .*did you mean 'office'") as raised:
        await releases.publish(draft.id, person_id="anna")
    assert raised.value.problems == checked.problems
    assert (await releases.newest()).id == 1
    assert await releases.drafts() == [draft]


async def test_a_file_that_others_need_stays_right(releases: Releases) -> None:
    draft = await releases.save("shared/hours.yaml", SHOP, based_on=None, person_id="anna")
    with pytest.raises(FlowRefused, match="hotline.yaml:7:.*office"):
        await releases.publish(draft.id, person_id="anna")
    with pytest.raises(FlowRefused, match="hotline.yaml:7:.*office"):
        await releases.remove("shared/hours.yaml", person_id="anna")


async def test_the_flow_of_the_settings_cannot_go(releases: Releases) -> None:
    told = "hotline.yaml:1:1: flow-needed there would be no flow 'hotline' .it is the setting `flow`."
    assert (await releases.check(PATH, flow(name="hotlin"))).flow_set is None
    draft = await releases.save(PATH, flow(name="hotlin"), based_on=None, person_id="anna")
    with pytest.raises(FlowRefused, match=told):
        await releases.publish(draft.id, person_id="anna")
    with pytest.raises(FlowRefused, match=told):
        await releases.remove(PATH, person_id="anna")


async def test_a_new_file_comes_and_goes(releases: Releases) -> None:
    await published(releases, flow(name="other"), "other.yaml")
    open_draft = await releases.save("other.yaml", flow("New", "other"), based_on=None, person_id="anna")
    gone = await releases.remove("other.yaml", person_id="anna", comment="not needed")
    assert gone.changed == ("other.yaml",)
    assert await releases.files_of(gone.id) == FILES
    assert open_draft.id not in {draft.id for draft in await releases.drafts()}
    with pytest.raises(FlowRefused, match="no such file"):
        await releases.remove("other.yaml", person_id="anna")
    assert [release.id for release in await releases.history("other.yaml")] == [3, 2]


async def test_one_file_is_rolled_back_and_the_way_back_is_open(releases: Releases) -> None:
    await published(releases, flow("Two"))
    await published(releases, flow(name="other"), "other.yaml")
    back = await releases.roll_back(1, path=PATH, person_id="anna", comment="complaints")
    assert (back.id, back.origin, back.changed, back.comment) == (4, Origin.ROLLBACK, (PATH,), "complaints")
    assert await releases.files_of(4) == FILES | {"other.yaml": flow(name="other")}
    await releases.roll_back(2, path=PATH, person_id="anna")
    assert (await releases.files_of(5))[PATH] == flow("Two")


async def test_everything_is_rolled_back(releases: Releases) -> None:
    await published(releases, flow("Two"))
    await published(releases, flow(name="other"), "other.yaml")
    back = await releases.roll_back(1, path=None, person_id="anna")
    assert back.changed == (PATH, "other.yaml")
    assert (await releases.newest()).set_id == (await releases.release(1)).set_id
    again = await releases.roll_back(1, path=None, person_id="anna")
    assert again == back, "nothing to roll back is no release"
    with pytest.raises(UnknownRelease):
        await releases.roll_back(99, path=None, person_id="anna")


async def test_rolling_back_refuses_what_does_not_fit_any_more(releases: Releases) -> None:
    moved = {PATH: flow().replace("during: office", "during: shop"), "shared/hours.yaml": SHOP}
    await releases.put(moved, person_id="anna")
    with pytest.raises(FlowRefused, match="office"):
        await releases.roll_back(1, path=PATH, person_id="anna")


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("../hotline.yaml", "x"),
        ("shared/../hotline.yaml", "x"),
        ("hotline", "x"),
        ("a" * 200 + ".yaml", "x"),
        ("hotline.yaml\n", "x"),
        (PATH, "a\0b"),
        (PATH, "\ud800"),
        (PATH, "x" * 300_000),
    ],
)
async def test_what_cannot_be_a_flow_file_is_refused(releases: Releases, path: str, text: str) -> None:
    assert (await releases.check(path, text)).flow_set is None
    with pytest.raises(FlowRefused):
        await releases.save(path, text, based_on=None, person_id="anna")
    with pytest.raises(FlowRefused):
        await releases.put({path: text}, person_id="anna")


@pytest.mark.sqlite_only
async def test_there_is_an_end_to_files(releases: Releases) -> None:
    many = {f"scenarios/call{number}.yaml": "" for number in range(500)}
    with pytest.raises(FlowRefused, match="at most 500 files"):
        await releases.put(many, person_id=None)
    with pytest.raises(FlowRefused, match="no text"):
        await releases.take_over({**FILES, "scenarios/call.yaml": "\0"})


async def test_a_comment_is_one_line(releases: Releases) -> None:
    draft = await releases.save(PATH, flow("Two"), based_on=None, person_id="anna", comment="a\0b\nc" + "x" * 600)
    assert draft.comment.startswith("a b c")
    assert len(draft.comment) == 500


async def test_a_draft_to_be_tried_is_kept_beside_what_is_released(releases: Releases, database: Database) -> None:
    draft = await releases.save(PATH, flow("Try me"), based_on=None, person_id="anna")
    set_id, name = await releases.try_out(draft.id)
    assert name == "hotline"
    assert set_id != (await releases.newest()).set_id
    shared = await releases.save("shared/hours.yaml", HOURS, based_on=None, person_id="anna")
    assert await releases.try_out(shared.id) == ((await releases.newest()).set_id, None)
    broken = await releases.save(PATH, "version: 1", based_on=draft.id, person_id="anna")
    with pytest.raises(FlowRefused):
        await releases.try_out(broken.id)


async def test_many_release_at_once_and_none_is_lost(releases: Releases, database: Database) -> None:
    """Two machines, each with its own connections."""
    other = Database(database.url)
    machines = [releases, releases_on(other)]
    names = [f"flow{number}" for number in range(12)]
    puts = (
        machines[number % 2].put({f"{name}.yaml": flow(name=name)}, person_id=None) for number, name in enumerate(names)
    )
    made = await asyncio.gather(*puts)
    assert sorted(release.id for release in made) == list(range(2, 14))
    newest = await releases.newest()
    assert set(await releases.files_of(newest.id)) == {*FILES, *(f"{name}.yaml" for name in names)}
    for release in await releases.history():
        earlier = await releases.files_of(release.id - 1) if release.id > 1 else {}
        now = await releases.files_of(release.id)
        assert [path for path in now if path not in earlier] == list(release.changed)
    await other.close()


async def test_of_two_that_save_at_once_one_is_told(releases: Releases, database: Database) -> None:
    other = Database(database.url)
    machines = [releases, releases_on(other)]
    saves = (
        machines[number % 2].save(PATH, flow(f"By {number}"), based_on=None, person_id=None) for number in range(6)
    )
    outcomes = await asyncio.gather(*saves, return_exceptions=True)
    assert [isinstance(outcome, Outdated) for outcome in outcomes].count(True) == 5
    assert len(await releases.draft_history(PATH)) == 1
    await other.close()

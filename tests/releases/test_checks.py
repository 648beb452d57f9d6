"""What stands already and is found wrong later must not hinder others from being mended or taken back."""

from __future__ import annotations

import pytest

from router.flow.problems import FlowRefused
from router.flow.surroundings import Surroundings
from router.releases.releases import Releases
from router.store.bus import Bus
from router.store.database import Database
from tests.releases.house import FILES, HOURS, clock, flow

pytestmark = pytest.mark.sqlite_only
SALES = "version: 1\nname: sales\nlanguages: [en]\nstart: on\nsteps:\n  on: {type: transfer, queue: sales}\n"
FIRST = FILES | {"sales.yaml": SALES}


class Settings:
    """The queues there are; an operator changes them."""

    def __init__(self) -> None:
        self.queues = {"default", "sales"}

    def around(self) -> Surroundings:
        return Surroundings(queues=set(self.queues))


@pytest.fixture
def operator() -> Settings:
    return Settings()


@pytest.fixture
async def releases(database: Database, operator: Settings) -> Releases:
    """Release 1, after which the queue of one of its flows was taken out of the settings."""
    needed = {"hotline": "it is the setting `flow`"}
    made = Releases(database, Bus(), clock(), around=operator.around, needed=needed)
    await made.take_over(FIRST)
    operator.queues.remove("sales")
    return made


async def test_another_file_can_be_published_and_is_told_of_it(releases: Releases) -> None:
    checked = await releases.check("hotline.yaml", flow("Two"))
    assert checked.flow_set is not None
    (warning,) = [problem for problem in checked.problems if problem.file == "sales.yaml"]
    assert warning.warning
    assert "sales" in warning.message
    draft = await releases.save("hotline.yaml", flow("Two"), based_on=None, person_id="anna")
    assert (await releases.publish(draft.id, person_id="anna")).id == 2


async def test_the_file_itself_cannot_be_published_with_it(releases: Releases) -> None:
    assert (await releases.check("sales.yaml", SALES + "# changed\n")).flow_set is None
    with pytest.raises(FlowRefused, match="sales.yaml:6"):
        await releases.put({"sales.yaml": SALES + "# changed\n"}, person_id="anna")
    await releases.put({"sales.yaml": SALES.replace("queue: sales", "queue: default")}, person_id="anna")


async def test_nothing_is_added_to_it(releases: Releases) -> None:
    with pytest.raises(FlowRefused, match="other.yaml:6"):
        await releases.put({"other.yaml": SALES.replace("name: sales", "name: other")}, person_id="anna")
    with pytest.raises(FlowRefused, match="hotline.yaml:7"):
        await releases.put({"shared/hours.yaml": HOURS.replace("office:", "shop:")}, person_id="anna")
    with pytest.raises(FlowRefused, match="there would be no flow 'hotline'"):
        await releases.put({"hotline.yaml": flow(name="hotlin")}, person_id="anna")


async def test_all_files_can_be_taken_back_to_what_ran_before(releases: Releases) -> None:
    mended = {"sales.yaml": SALES.replace("queue: sales", "queue: default"), "hotline.yaml": flow("Two")}
    await releases.put(mended, person_id="anna")
    back = await releases.roll_back(1, path=None, person_id="anna")
    assert await releases.files_of(back.id) == FIRST
    await releases.roll_back(2, path=None, person_id="anna")
    with pytest.raises(FlowRefused, match="sales.yaml:6"):
        await releases.roll_back(1, path="sales.yaml", person_id="anna")


async def test_a_folder_that_changes_elsewhere_is_taken_over(releases: Releases) -> None:
    release = await releases.take_over(FIRST | {"hotline.yaml": flow("Two")})
    assert release is not None
    assert release.changed == ("hotline.yaml",)


async def test_what_a_later_version_cannot_read_is_refused(releases: Releases) -> None:
    with pytest.raises(FlowRefused):
        await releases.put({"hotline.yaml": "version: 7"}, person_id="anna")


async def test_a_scenario_that_is_wrong_cannot_be_published_and_hinders_nobody_else(releases: Releases) -> None:
    scenario = {"scenarios/call.yaml": "flow: hotlin\n"}
    with pytest.raises(FlowRefused, match="scenarios/call.yaml:1"):
        await releases.put(scenario, person_id="anna")
    await releases.take_over({**FIRST, "sales.yaml": SALES.replace("queue: sales", "queue: default"), **scenario})
    checked = await releases.check("hotline.yaml", flow("Two"))
    assert checked.flow_set is not None
    assert {problem.file for problem in checked.problems if problem.warning} == {"scenarios/call.yaml"}

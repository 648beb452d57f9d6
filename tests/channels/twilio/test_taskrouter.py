"""TaskRouter: what it is told of callers, how queues are described to it, and what it tells of its reservations."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import update

from router.agents.ringing import Ringing
from router.channels.twilio.activities import Activities
from router.channels.twilio.destinations import Destinations, Workflow
from router.channels.twilio.handing_over import OnTwilio
from router.channels.twilio.render import Line, document
from router.channels.twilio.rest import CallsApi
from router.channels.twilio.task_news import ASSIGNMENT, EVENTS, WORKER, task_routes
from router.channels.twilio.taskrouter import NotDone, TaskRouter
from router.channels.twilio.tasks import login_of, task_attributes, task_of
from router.channels.twilio.workflow import configuration, task_queues
from router.core.commands import Leg, Transfer
from router.core.events import Caller
from router.errors import Refused
from router.flow.queues import Overflow, Queue, Rule
from router.store.database import Database
from router.store.tables import people
from tests.agents.house import House
from tests.channels.twilio.house import settings
from tests.channels.twilio.phone import ACCOUNT, PUBLIC_URL, VOICE, post

WORKFLOW, WORKSPACE = "WW" + "1" * 32, "WS" + "2" * 32
CALL = "c" * 32
GAS = Transfer("sales", 60, 5, ("gas",), legs=(Leg("sales", 20, person="p" * 32), Leg("sales", 40, ("gas",))))


def line(assurance: int = 2) -> Line:
    return Line(VOICE, "", CALL, 7, "de", Caller("+4930231250011"), "+4930231250000", assurance)


def test_a_task_says_what_is_asked_for_and_nothing_of_who_calls() -> None:
    taken_to = Destinations({"sales": Workflow(WORKFLOW)})
    (enqueue,) = ElementTree.fromstring(document((GAS,), line(), taken_to)).iter("Enqueue")
    (task,) = enqueue
    assert (enqueue.attrib["workflowSid"], task.attrib) == (WORKFLOW, {"priority": "5", "timeout": "60"})
    assert json.loads(task.text or "") == {
        "threadline": {
            "call": CALL,
            "queue": "sales",
            "skills": ["gas"],
            "skill_key": "gas",
            "priority": 5,
            "assurance": 2,
            "waits_for_last": True,
            "alone": False,
            "last_agent": "p" * 32,
        }
    }
    assert "+49" not in (task.text or "")


@pytest.mark.parametrize(
    "attributes",
    ["", "no json", "[]", "{}", '{"threadline": 1}', '{"threadline": {"call": "x"}}', "[" * 9000, "x" * 99_999],
)
def test_attributes_that_are_not_ours(attributes: str) -> None:
    assert task_of(attributes) is None


def test_whom_a_worker_stands_for() -> None:
    assert login_of('{"login": "anna"}', "Anna B") == "anna"
    assert login_of("{}", "anna") == "anna"
    assert login_of('{"login": 5}', "anna") is None


def test_the_workflow_of_a_description() -> None:
    queues = {
        "sales": Queue(
            skill_set=("gas",),
            skills_for=30,
            rules=(Rule(when="true", last_agent=15),),
            overflow=Overflow(after=90, queue="default"),
        ),
        "service": Queue(),
    }
    assert [(each.name, each.workers) for each in task_queues(queues)] == [
        ("sales", 'queues HAS "sales"'),
        ("service", 'queues HAS "service"'),
        ("default", 'queues HAS "default"'),
    ]
    routing = configuration(queues, "default", lambda name: f"WQ-{name}")["task_routing"]
    by_name = {each["filter_friendly_name"]: each for each in routing["filters"]}
    assert list(by_name) == [
        *("sales, one person", "sales +gas, last agent", "sales +gas", "sales, last agent", "sales"),
        *("service, one person", "service"),
    ]
    assert by_name["sales +gas"] == {
        "filter_friendly_name": "sales +gas",
        "expression": 'threadline.queue == "sales" AND threadline.skill_key == "gas"',
        "targets": [
            {"queue": "WQ-sales", "expression": 'worker.skills HAS "gas"', "timeout": 30},
            {"queue": "WQ-sales", "timeout": 60},
            {"queue": "WQ-default"},
        ],
    }
    assert by_name["sales, last agent"]["targets"][0] == {
        "queue": "WQ-sales",
        "expression": "task.threadline.last_agent == worker.person",
        "timeout": 15,
        "skip_if": "workers.available == 0",
    }
    assert routing["default_filter"] == {"queue": "WQ-default"}


def test_whoever_is_passed_on_to_one_person_waits_for_nobody_else() -> None:
    passed_on = Transfer("sales", 30, legs=(Leg("sales", 30, person="p" * 32),))
    ours = json.loads(task_attributes(CALL, passed_on.legs[0], passed_on))["threadline"]
    assert (ours["alone"], ours["waits_for_last"], ours["last_agent"]) == (True, False, "p" * 32)
    first = configuration({"sales": Queue(skill_set=("gas",))}, "sales", str)["task_routing"]["filters"][0]
    assert first["expression"] == 'threadline.queue == "sales" AND threadline.alone == true'
    assert first["targets"] == [{"queue": "sales", "expression": "task.threadline.last_agent == worker.person"}]


def test_the_filters_are_for_the_attributes_that_callers_get() -> None:
    """What we write into a task is what a filter asks for."""
    ours = json.loads(task_attributes(CALL, GAS.legs[0], GAS))["threadline"]
    routing = configuration({"sales": Queue(skill_set=("gas", "power"))}, "sales", str)["task_routing"]
    wanted = f'threadline.queue == "{ours["queue"]}" AND threadline.skill_key == "{ours["skill_key"]}"'
    assert [each["filter_friendly_name"] for each in routing["filters"] if each["expression"] == wanted] == [
        "sales +gas"
    ]


# What TaskRouter tells ------------------------------------------------------------------------------------------------


def reservation(event: str = "reservation.created", login: str = "anna", **more: str) -> dict[str, str]:
    """What Twilio posts (Twilio, "TaskRouter: Event callbacks")."""
    return {
        "EventType": event,
        "EventDescription": "Reservation created",
        "AccountSid": ACCOUNT,
        "WorkspaceSid": WORKSPACE,
        "WorkspaceName": "Threadline",
        "WorkflowSid": WORKFLOW,
        "WorkflowName": "calls",
        "TaskQueueSid": "WQ" + "3" * 32,
        "TaskQueueName": "sales",
        "TaskSid": "WT" + "4" * 32,
        "TaskAge": "3",
        "TaskPriority": "5",
        "TaskAssignmentStatus": "reserved",
        "TaskAttributes": json.dumps(
            {"call_sid": "CA" + "5" * 32, "from": "+4930231250011", "threadline": {"call": CALL}}
        ),
        "WorkerSid": "WK" + "6" * 32,
        "WorkerName": login,
        "WorkerAttributes": json.dumps({"contact_uri": "+491711234567", "login": login}),
        "ReservationSid": "WR" + "7" * 32,
        "ResourceType": "reservation",
        "ResourceSid": "WR" + "7" * 32,
        "Timestamp": "1448486400",
        **more,
    }


class Rooms:
    def __init__(self, database: Database, **more: Any) -> None:
        self.house = House(database)
        app = FastAPI()
        ringing = Ringing(database, self.house.bus, self.house.clock)
        app.include_router(task_routes(settings(**more), database, ringing, self.house.clock))

        @app.exception_handler(Refused)
        async def _(_request: Request, refused: Refused) -> JSONResponse:
            return JSONResponse({}, refused.status)

        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")

    async def tell(self, fields: dict[str, str], path: str = EVENTS) -> httpx.Response:
        return await post(self.client, PUBLIC_URL + path, fields)


@pytest.fixture
async def rooms(database: Database) -> AsyncIterator[Rooms]:
    made = Rooms(database, service_number="+49 30 23125 0000", twilio_post_work_activity="WA" + "8" * 32)
    async with made.client:
        yield made


async def test_a_worker_is_connected_with_the_caller(rooms: Rooms) -> None:
    answer = await rooms.tell(reservation(), ASSIGNMENT)
    assert answer.json() == {
        "instruction": "dequeue",
        "from": "+4930231250000",
        "post_work_activity_sid": "WA" + "8" * 32,
        "status_callback_url": f"{PUBLIC_URL}{WORKER}?reservation={'WR' + '7' * 32}",
        "status_callback_events": "answered,completed",
    }


@pytest.mark.parametrize("attributes", ["{}", '{"contact_uri": " "}', '{"contact_uri": 5}', "no json"])
async def test_a_worker_without_a_phone_lets_the_caller_go_to_the_next_one(rooms: Rooms, attributes: str) -> None:
    answer = await rooms.tell(reservation(WorkerAttributes=attributes), ASSIGNMENT)
    assert answer.json() == {"instruction": "reject"}


async def test_and_gets_no_more_callers_where_people_say_when_they_are_there(database: Database) -> None:
    rooms = Rooms(database, twilio_activity_away="WA" + "9" * 32)
    async with rooms.client:
        answer = await rooms.tell(reservation(WorkerAttributes="{}"), ASSIGNMENT)
    assert answer.json() == {"instruction": "reject", "activity_sid": "WA" + "9" * 32}


async def test_the_call_to_a_workers_phone_is_ended_where_the_caller_is_passed_on(rooms: Rooms) -> None:
    anna = await rooms.house.person("anna")
    await rooms.house.call("CA1", "twilio", id=CALL)
    await rooms.tell(reservation("reservation.created"))
    await rooms.tell(reservation("reservation.accepted"))
    asked: list[str] = []

    def api(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.rpartition("/")[2])
        return httpx.Response(200, json={"status": "completed"})

    ends = OnTwilio(rooms.house.database, CallsApi(settings(twilio_account_sid=ACCOUNT), httpx.MockTransport(api)))
    assert not await ends(CALL, anna)
    path, phone = f"{WORKER}?reservation={'WR' + '7' * 32}", {"CallSid": "CA" + "9" * 32}
    assert (await rooms.tell({**phone, "CallStatus": "in-progress"}, path)).status_code == 204
    assert await ends(CALL, anna)
    assert asked == [f"CA{'9' * 32}.json"]
    await rooms.tell({**phone, "CallStatus": "completed"}, path)
    assert not await ends(CALL, anna)
    assert (await rooms.tell({**phone, "CallStatus": "ringing"}, f"{WORKER}?reservation=WR1")).status_code == 400
    unknown = f"{WORKER}?reservation={'WR' + '0' * 32}"
    assert (await rooms.tell({**phone, "CallStatus": "in-progress"}, unknown)).status_code == 204


async def test_late_news_of_a_first_talk_do_not_end_the_second_with_the_same_worker(rooms: Rooms) -> None:
    anna = await rooms.house.person("anna")
    await rooms.house.call("CA1", "twilio", id=CALL)
    again = {"ReservationSid": "WR" + "8" * 32}
    await rooms.tell(reservation("reservation.created"))
    await rooms.tell(reservation("reservation.accepted"))
    await rooms.tell(reservation("reservation.wrapup"))
    await rooms.tell(reservation("reservation.created", **again))
    await rooms.tell(reservation("reservation.accepted", **again))
    await rooms.tell(reservation("reservation.completed"))
    assert await rooms.house.desks() == {anna: "talking"}
    await rooms.tell(reservation("reservation.completed", **again))
    assert await rooms.house.desks() == {anna: "completed"}


async def test_or_in_a_conference(database: Database) -> None:
    rooms = Rooms(database, twilio_instruction="conference")
    async with rooms.client:
        answer = await rooms.tell(reservation(), ASSIGNMENT)
    assert answer.json() == {"instruction": "conference", "end_conference_on_exit": True}


async def test_a_task_of_somebody_else_is_left_alone(rooms: Rooms) -> None:
    assert (await rooms.tell(reservation(TaskAttributes="{}"), ASSIGNMENT)).json() == {}
    assert (await rooms.tell(reservation(TaskAttributes="{}"))).status_code == 204


async def test_cards_go_by_what_becomes_of_a_reservation(rooms: Rooms) -> None:
    anna, bert = await rooms.house.person("anna"), await rooms.house.person("bert")
    await rooms.house.call("CA1", "twilio", id=CALL)
    await rooms.tell(reservation("reservation.created", "bert", ReservationSid="WR" + "8" * 32))
    assert await rooms.house.desks() == {bert: "ringing"}
    await rooms.tell(reservation("reservation.timeout", "bert", ReservationSid="WR" + "8" * 32))
    await rooms.tell(reservation("reservation.created", "bert", ReservationSid="WR" + "8" * 32))  # late, again
    await rooms.tell(reservation("reservation.created"))
    assert await rooms.house.desks() == {bert: "no_answer", anna: "ringing"}
    await rooms.tell(reservation("reservation.accepted"))
    await rooms.tell(reservation("reservation.accepted"))
    assert await rooms.house.desks() == {bert: "no_answer", anna: "talking"}
    await rooms.tell(reservation("reservation.completed"))
    assert await rooms.house.desks() == {bert: "no_answer", anna: "completed"}


@pytest.mark.parametrize(
    ("event", "state"), [("rejected", "no_answer"), ("canceled", "elsewhere"), ("rescinded", "elsewhere")]
)
async def test_a_reservation_that_came_to_nothing(rooms: Rooms, event: str, state: str) -> None:
    anna = await rooms.house.person("anna")
    await rooms.house.call("CA1", "twilio", id=CALL)
    await rooms.tell(reservation())
    await rooms.tell(reservation(f"reservation.{event}"))
    assert await rooms.house.desks() == {anna: state}


async def test_a_reservation_of_a_caller_who_has_gone_makes_no_card(rooms: Rooms) -> None:
    await rooms.house.person("anna")
    await rooms.house.call("CA1", "twilio", id=CALL, state="ended")
    await rooms.tell(reservation("reservation.created"))
    await rooms.tell(reservation("reservation.accepted"))
    assert await rooms.house.desks() == {}


async def test_of_nobody_here_nothing_is_made(rooms: Rooms) -> None:
    await rooms.house.call("CA1", "twilio", id=CALL)
    assert (await rooms.tell(reservation(login="nobody"))).status_code == 204
    assert (await rooms.tell(reservation("task.created"))).status_code == 204
    assert await rooms.house.desks() == {}


@pytest.mark.parametrize("path", [ASSIGNMENT, EVENTS])
async def test_what_was_changed_on_its_way_is_refused(rooms: Rooms, path: str) -> None:
    from tests.channels.twilio.phone import signature

    good = reservation()
    signed = {"X-Twilio-Signature": signature(PUBLIC_URL + path, good)}
    for changed in ({"WorkerName": "bert"}, {"EventType": "reservation.accepted"}, {"More": "1"}):
        answer = await rooms.client.post(path, data={**good, **changed}, headers=signed)
        assert answer.status_code == 403
    assert (await rooms.client.post(path, data=good)).status_code == 403
    assert (await rooms.tell(reservation(ReservationSid="WR1", ResourceSid="x"), path)).status_code == 400


# Its API --------------------------------------------------------------------------------------------------------------


class Workspace:
    """TaskRouter's API, as far as it is used."""

    def __init__(self) -> None:
        self.queues: dict[str, dict[str, str]] = {}
        self.workflow: dict[str, str] = {"configuration": "{}", "assignment_callback_url": ""}
        self.workers = {"anna": {"sid": "WK1", "friendly_name": "anna", "activity_sid": "WA0", "attributes": "{}"}}
        self.posts: list[tuple[str, dict[str, str]]] = []
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.status != 200:
            return httpx.Response(self.status, json={"message": "number +49171 is secret"})
        path = request.url.path.removeprefix(f"/v1/Workspaces/{WORKSPACE}")
        form = dict(parse_qsl(request.content.decode()))
        if request.method == "POST":
            self.posts.append((path, form))
            return self._posted(path, form)
        if path == "/TaskQueues":
            return httpx.Response(
                200, json={"task_queues": list(self.queues.values()), "meta": {"next_page_url": None}}
            )
        if path == "/Workers":
            return httpx.Response(200, json={"workers": list(self.workers.values()), "meta": {}})
        return httpx.Response(200, json=self.workflow)

    def _posted(self, path: str, form: dict[str, str]) -> httpx.Response:
        if path.startswith("/TaskQueues"):
            name = form["FriendlyName"]
            self.queues[name] = {"sid": f"WQ-{name}", "friendly_name": name, "target_workers": form["TargetWorkers"]}
        elif path.startswith("/Workers"):
            self.workers["anna"]["activity_sid"] = form["ActivitySid"]
        else:
            self.workflow = {
                "configuration": form["Configuration"],
                "assignment_callback_url": form["AssignmentCallbackUrl"],
            }
        return httpx.Response(200, json={})


def taskrouter(workspace: Workspace) -> TaskRouter:
    return TaskRouter(
        settings(twilio_account_sid=ACCOUNT, twilio_workspace=WORKSPACE), transport=httpx.MockTransport(workspace)
    )


async def test_what_is_described_is_brought_there_once() -> None:
    workspace, url = Workspace(), PUBLIC_URL + ASSIGNMENT
    done: list[tuple[int, int]] = []
    queues = {"sales": Queue(skill_set=("gas",))}
    there = taskrouter(workspace)
    with pytest.raises(NotDone, match="sales"):
        await there.missing_workflow(WORKFLOW, queues, "sales", url)
    for _ in range(2):
        await there.apply(changes := await there.missing_queues(queues))
        await there.apply(more := await there.missing_workflow(WORKFLOW, queues, "sales", url))
        done.append((len(changes), len(more)))
    assert done == [(1, 1), (0, 0)]
    assert json.loads(workspace.workflow["configuration"])["task_routing"]["default_filter"] == {"queue": "WQ-sales"}
    await there.aclose()


async def test_a_no_is_told_without_what_twilio_writes() -> None:
    workspace = Workspace()
    workspace.status = 401
    there = taskrouter(workspace)
    with pytest.raises(NotDone, match="TaskRouter answers 401") as refused:
        await there.missing_queues({})
    assert "+49" not in str(refused.value)
    await there.aclose()


async def test_a_worker_who_cannot_be_told_keeps_no_other_from_it(database: Database) -> None:
    house, workspace = House(database), Workspace()
    for login in ("anna", "bert", "carl"):
        await house.person(login, presence="ready")
        workspace.workers[login] = {"sid": f"WK-{login}", "friendly_name": login, "activity_sid": "WA0"}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404) if request.url.path.endswith("/WK-bert") else workspace(request)

    set_up = settings(twilio_account_sid=ACCOUNT, twilio_workspace=WORKSPACE)
    activities = Activities(database, TaskRouter(set_up, transport=httpx.MockTransport(answer)), "WA1", "WA2")
    with pytest.raises(NotDone, match="404"):
        await activities.look()
    assert [path for path, _ in workspace.posts] == ["/Workers/WK-anna", "/Workers/WK-carl"]
    assert await activities.look() == 0, "not again and again"


async def test_workers_follow_what_people_choose(database: Database) -> None:
    house, workspace = House(database), Workspace()
    anna = await house.person("anna", presence="ready")
    activities = Activities(database, taskrouter(workspace), "WA1", "WA2")
    assert (await activities.look(), await activities.look()) == (1, 0)
    async with database.begin() as connection:
        await connection.execute(update(people).where(people.c.id == anna).values(presence="paused"))
    await activities.look()
    assert workspace.posts == [("/Workers/WK1", {"ActivitySid": "WA1"}), ("/Workers/WK1", {"ActivitySid": "WA2"})]

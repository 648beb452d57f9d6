"""What Asterisk is asked to do: nothing injected, nothing sent twice, never waiting for ever."""

from __future__ import annotations

import asyncio
import time

import pytest

from router.agents.ami import (
    AgentCalled,
    AmiDown,
    AmiRefused,
    Connected,
    Notice,
)
from tests.agents.ami import recorded
from tests.agents.ami.heard import Connect, Heard
from tests.agents.ami.peer import FULLY_BOOTED, Peer, Reply, error, message, success
from tests.store.line import until


async def test_line_breaks_in_values_inject_no_header(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueAdd"] = success("Added interface to queue")
    ami = await start()
    await heard.connected()
    await ami.queue_add("sales\r\n\r\nAction: Logoff", "PJSIP/agent1\0", "Müller\nPaused: true\r\nX: y")
    sent = await peer.until("QueueAdd")
    assert sent["Queue"] == "salesAction: Logoff"
    assert sent["Interface"] == "PJSIP/agent1"
    assert sent["MemberName"] == "MüllerPaused: trueX: y"
    assert "X" not in sent
    assert sent["Paused"] == "false"
    await ami.ping()
    assert "Logoff" not in peer.names()


async def test_a_value_longer_than_asterisk_reads_is_not_sent(peer: Peer, heard: Heard, start: Connect) -> None:
    ami = await start()
    await heard.connected()
    with pytest.raises(AmiRefused, match="MemberName"):
        await ami.queue_add("sales", "PJSIP/agent1", "x" * 2000 + "Action: Logoff")
    await ami.ping()
    assert "QueueAdd" not in peer.names()


async def test_actions_are_never_sent_again_after_a_reconnect(peer: Peer, heard: Heard, start: Connect) -> None:
    ami = await start()
    await heard.connected()
    waiting = asyncio.ensure_future(ami.queue_add("sales", "PJSIP/agent1", "Agent 1"))  # gets no answer
    await peer.until("QueueAdd")
    peer.cut()
    with pytest.raises(AmiDown):
        await waiting
    await heard.connected()
    peer.send(FULLY_BOOTED)
    await heard.connected()
    await ami.ping()
    assert peer.names().count("QueueAdd") == 1


async def test_an_action_while_disconnected_fails_at_once(peer: Peer, heard: Heard, start: Connect) -> None:
    ami = await start()
    await heard.connected()
    await peer.shut()
    await heard.disconnected()
    began = time.monotonic()
    with pytest.raises(AmiDown, match="not connected"):
        await ami.queue_pause("PJSIP/agent1", True, "lunch")
    assert time.monotonic() - began < 2
    await peer.listen()
    await heard.connected()
    await ami.ping()
    assert "QueuePause" not in peer.names()


async def test_an_action_without_an_answer_ends(peer: Peer, heard: Heard, start: Connect) -> None:
    ami = await start(action_timeout=0.05)
    await heard.connected()
    with pytest.raises(AmiDown, match=r"QueueRemove within 0\.05 s"):
        await ami.queue_remove("sales", "PJSIP/agent1")
    assert ami.connected


async def test_the_listener_may_act(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueAdd"] = success("Added interface to queue")
    ami = await start()

    async def add(notice: Notice) -> None:
        if isinstance(notice, Connected):
            await ami.queue_add("sales", "PJSIP/agent1", "Agent 1")

    heard.react = add
    assert (await peer.until("QueueAdd"))["Queue"] == "sales"


async def test_adding_a_member_who_is_there_sets_penalty_and_pause(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies |= {
        "QueueAdd": error("Unable to add interface: Already there"),
        "QueuePenalty": success("Interface penalty set successfully"),
        "QueuePause": success("Interface paused successfully"),
    }
    ami = await start()
    await heard.connected()
    await ami.queue_add("sales", "PJSIP/agent1", "Agent 1", penalty=3, paused=True)
    assert (await peer.until("QueuePenalty"))["Penalty"] == "3"
    assert (await peer.until("QueuePause"))["Paused"] == "true"


async def test_removing_a_member_who_is_not_there_is_fine(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueRemove"] = error("Unable to remove interface: Not there")
    ami = await start()
    await heard.connected()
    await ami.queue_remove("sales", "PJSIP/agent1")


async def test_a_refusal_says_what_asterisk_said(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueAdd"] = peer.replies["QueueRemove"] = error("Unable to add interface to queue: No such queue")
    ami = await start()
    await heard.connected()
    with pytest.raises(AmiRefused, match="No such queue") as refusal:
        await ami.queue_add("nix", "PJSIP/agent1", "Agent 1")
    assert refusal.value.message == "Unable to add interface to queue: No such queue"
    with pytest.raises(AmiRefused, match="No such queue"):
        await ami.queue_remove("nix", "PJSIP/agent1")


async def test_many_actions_at_once_each_get_their_own_answer(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueAdd"] = lambda action: (
        success("Added interface to queue") if action["Queue"] == "sales" else error("No such queue")
    )(action)
    ami = await start()
    await heard.connected()
    results = await asyncio.gather(
        *(ami.queue_add(queue, "PJSIP/agent1", "Agent 1") for queue in ["sales", "nix"] * 100), return_exceptions=True
    )
    assert [isinstance(result, AmiRefused) for result in results] == [False, True] * 100


async def test_who_does_not_listen_is_sent_no_events_and_acts_all_the_same(
    peer: Peer, heard: Heard, start: Connect
) -> None:
    peer.replies["Events"] = success("Events: On")
    ami = await start(hears=False)
    assert (await peer.until("Login"))["Events"] == "off"
    await until(lambda: ami.connected)
    peer.replies["QueuePause"] = success("Interface paused successfully")
    await ami.queue_pause("PJSIP/101", True, "")
    peer.send(recorded.wire(recorded.AGENT_CALLED))
    ami.hear(True)
    assert (await peer.until("Events"))["EventMask"] == "system,call,agent"
    assert isinstance(await heard.next(), Connected), "what came before is not told, and a snapshot comes first"
    peer.send(recorded.wire(recorded.AGENT_CALLED))
    assert isinstance(await heard.next(), AgentCalled)
    ami.hear(False)
    assert (await peer.until("Events"))["EventMask"] == "off"
    peer.send(recorded.wire(recorded.AGENT_CALLED))
    await ami.ping()
    assert ami.connected and heard.notices.empty()


async def test_an_asterisk_that_shuts_down_is_soon_tried_again(peer: Peer, heard: Heard, start: Connect) -> None:
    welcomes = peer.replies["Login"]
    peer.replies["Login"] = error("Asterisk is shutting down")
    await start(retry_refused=600)
    assert await heard.disconnected() == "Asterisk is shutting down"
    peer.replies["Login"] = welcomes
    await heard.connected()


def core_settings(name: str) -> Reply:
    return lambda action: message("Response: Success", f"ActionID: {action['ActionID']}", f"SystemName: {name}")


async def test_the_system_name_is_asked_for_and_may_be_unwelcome(peer: Peer, heard: Heard, start: Connect) -> None:
    names: list[str] = []

    def named(name: str) -> None:
        names.append(name)
        if name == "pbx2":
            raise AmiRefused("not this one")

    for name in ("pbx1", "pbx2", "no name!"):
        peer.replies["CoreSettings"] = core_settings(name)
        ami = await start(on_name=named)
        if name == "pbx1":
            await heard.connected()
        else:
            assert ("not this one" if name == "pbx2" else "system name") in await heard.disconnected()
        await ami.stop()
    assert names == ["pbx1", "pbx2"]


async def test_asterisk_is_asked_what_time_it_is(peer: Peer, heard: Heard, start: Connect) -> None:
    ami = await start()
    await heard.connected()
    assert await ami.clock() == 1795372997.199672
    peer.replies["Ping"] = success("Pong")
    assert await ami.clock() is None

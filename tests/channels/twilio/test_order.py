"""Who is rung for which waiting caller."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from router.channels.twilio.order import MOST_RUNG, Agent, Waiting, place_of, whom

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def waits(call_id: str, since: int = 0, priority: int = 0, queue: str = "sales", **more: object) -> Waiting:
    return Waiting(call_id, queue, priority, NOON + timedelta(seconds=since), **more)  # type: ignore[arg-type]


def agent(person_id: str, *skills: str, queue: str = "sales") -> Agent:
    return Agent(person_id, frozenset({queue}), frozenset(skills))


def test_all_who_can_are_rung_for_the_only_caller() -> None:
    free = [agent("anna"), agent("bert"), agent("cleo", queue="service")]
    assert whom("1", [waits("1")], free) == ("anna", "bert")


def test_one_after_the_other_where_the_queue_says_so() -> None:
    assert whom("1", [waits("1", at_once=False)], [agent("anna"), agent("bert")]) == ("anna",)


def test_the_last_agent_goes_to_who_waits_longest() -> None:
    both = [waits("late", 5), waits("early", 1)]
    assert (whom("early", both, [agent("anna")]), whom("late", both, [agent("anna")])) == (("anna",), ())


def test_a_higher_priority_comes_before_a_longer_wait() -> None:
    both = [waits("early", 1), waits("urgent", 5, priority=10)]
    assert (whom("early", both, [agent("anna")]), whom("urgent", both, [agent("anna")])) == ((), ("anna",))


def test_callers_share_the_agents_whom_each_could_have() -> None:
    both = [waits("one", 1), waits("two", 2)]
    free = [agent(name) for name in "abc"]
    assert (whom("one", both, free), whom("two", both, free)) == (("a", "b"), ("c",))


def test_nobody_waits_for_callers_who_cannot_use_the_agent() -> None:
    both = [waits("picky", 1, skills=frozenset({"gas"})), waits("easy", 2)]
    free = [agent("anna", "power")]
    assert (whom("picky", both, free), whom("easy", both, free)) == ((), ("anna",))


def test_the_one_who_is_waited_for_is_rung_alone() -> None:
    free = [agent("anna"), agent("bert", queue="service")]
    assert whom("1", [waits("1", person="bert")], free) == ("bert",)


def test_who_did_not_answer_just_now_is_spared() -> None:
    assert whom("1", [waits("1", spared=frozenset({"anna"}))], [agent("anna"), agent("bert")]) == ("bert",)


def test_no_more_than_twilio_rings_at_once() -> None:
    assert len(whom("1", [waits("1")], [agent(str(number)) for number in range(25)])) == MOST_RUNG


def test_places_in_a_queue() -> None:
    everybody = [waits("a", 1), waits("b", 2), waits("c", 3, priority=5), waits("d", 0, queue="service")]
    assert [place_of(call, everybody) for call in "abcd"] == [1, 2, 0, 0]


callers = st.builds(
    waits,
    st.uuids().map(str),
    st.integers(0, 9),
    st.integers(0, 2),
    st.sampled_from(["sales", "service"]),
    skills=st.frozensets(st.sampled_from(["gas", "power"])),
    at_once=st.booleans(),
)
agents = st.builds(
    Agent,
    st.uuids().map(str),
    st.frozensets(st.sampled_from(["sales", "service"])),
    st.frozensets(st.sampled_from(["gas", "power"])),
)


@given(st.lists(callers, max_size=8), st.lists(agents, max_size=8))
def test_no_agent_is_given_to_two_callers_and_none_to_who_cannot_be_served(
    waiting: list[Waiting], free: list[Agent]
) -> None:
    by_id = {each.person_id: each for each in free}
    given_to = {caller.call_id: whom(caller.call_id, waiting, free) for caller in waiting}
    rung = [person for people in given_to.values() for person in people]
    assert len(rung) == len(set(rung))
    for caller in waiting:
        for person in given_to[caller.call_id]:
            assert caller.queue in by_id[person].queues
            assert caller.skills <= by_id[person].skills
    # Nobody waits beside an agent who could have served them and is rung for no one.
    for caller in waiting:
        idle = [each for each in free if each.person_id not in rung]
        if not given_to[caller.call_id]:
            assert not any(caller.queue in each.queues and caller.skills <= each.skills for each in idle)

"""Events as Asterisk 22.10 sent them (`channelvars = THREADLINE_CALL`); two PJSIP phones in a ringall queue."""

CALLER = """Channel: PJSIP/trunk-00000000
ChannelState: 6
ChannelStateDesc: Up
CallerIDNum: +493012345
CallerIDName: Müller
ConnectedLineNum: <unknown>
ConnectedLineName: <unknown>
Language: en
AccountCode: 
Context: in
Exten: sales
Priority: 3
Uniqueid: 1795372995.0
Linkedid: 1795372995.0
ChanVariable: THREADLINE_CALL=call-1
"""  # noqa: W291

LEG = """DestChannel: PJSIP/agent2-00000001
DestChannelState: 0
DestChannelStateDesc: Down
DestCallerIDNum: sales
DestCallerIDName: <unknown>
DestConnectedLineNum: +493012345
DestConnectedLineName: Müller
DestLanguage: en
DestAccountCode: 
DestContext: in
DestExten: sales
DestPriority: 1
DestUniqueid: 1795372995.1
DestLinkedid: 1795372995.0
DestChanVariable: THREADLINE_CALL=
Queue: sales
Interface: PJSIP/agent2
MemberName: Agent 2
"""  # noqa: W291

AGENT_CALLED = f"Event: AgentCalled\nPrivilege: agent,all\n{CALLER}{LEG}"
AGENT_CONNECT = f"Event: AgentConnect\nPrivilege: agent,all\n{CALLER}{LEG}HoldTime: 2\nRingTime: 3\n"
RING_NO_ANSWER = f"Event: AgentRingNoAnswer\nPrivilege: agent,all\n{CALLER}{LEG}RingTime: 8000\n"
AGENT_COMPLETE = f"Event: AgentComplete\nPrivilege: agent,all\n{CALLER}{LEG}HoldTime: 2\nTalkTime: 41\nReason: agent\n"
JOIN = f"Event: QueueCallerJoin\nPrivilege: agent,all\n{CALLER}Queue: sales\nPosition: 1\nCount: 1\n"
LEAVE = f"Event: QueueCallerLeave\nPrivilege: agent,all\n{CALLER}Queue: sales\nPosition: 1\nCount: 0\n"
ABANDON = (
    f"Event: QueueCallerAbandon\nPrivilege: agent,all\n{CALLER}Queue: sales\nPosition: 1\nOriginalPosition: 1\n"
    "HoldTime: 2\n"
)
HANGUP = f"Event: Hangup\nPrivilege: call,all\n{CALLER}Cause: 26\nCause-txt: Answered elsewhere\n"

_MEMBER = """StateInterface: PJSIP/agent1
Membership: dynamic
Penalty: 0
CallsTaken: 0
LastCall: 0
LastPause: 0
LoginTime: 1795372994
InCall: 0
Status: 6
Paused: 1
PausedReason: lunch
"""


def member_event(name: str) -> str:
    """`QueueMemberStatus`, `…Added`, `…Removed` or `…Pause`."""
    return (
        f"Event: {name}\nPrivilege: agent,all\nQueue: sales\nMemberName: Agent 1\nInterface: PJSIP/agent1\n"
        f"{_MEMBER}Ringinuse: 0\nWrapuptime: 0\n"
    )


STATUS_CALLER = f"Event: Status\nPrivilege: Call\n{CALLER}Type: PJSIP\nSeconds: 1\nVariable: THREADLINE_CALL=call-1\n"
STATUS_LEG = """Event: Status
Privilege: Call
Channel: PJSIP/agent2-00000001
ChannelState: 5
ChannelStateDesc: Ringing
CallerIDNum: sales
CallerIDName: <unknown>
ConnectedLineNum: +493012345
ConnectedLineName: Müller
Uniqueid: 1795372995.1
Linkedid: 1795372995.0
Variable: THREADLINE_CALL=
"""
QUEUE_PARAMS = "Event: QueueParams\nQueue: sales\nMax: 0\nStrategy: ringall\nCalls: 1\n"
QUEUE_MEMBER = f"Event: QueueMember\nQueue: sales\nName: Agent 1\nLocation: PJSIP/agent1\n{_MEMBER}Wrapuptime: 0\n"
QUEUE_ENTRY = """Event: QueueEntry
Queue: sales
Position: 1
Channel: PJSIP/trunk-00000000
Uniqueid: 1795372995.0
CallerIDNum: +493012345
CallerIDName: Müller
Wait: 7
Priority: 0
"""


def wire(event: str) -> str:
    """The event as it stands on the line."""
    return event.rstrip("\n").replace("\n", "\r\n") + "\r\n\r\n"

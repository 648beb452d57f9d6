"""The step types. To add one: write its file, and add its class to `AnyStep`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from router.flow.nodes.branch import Branch
from router.flow.nodes.call_webhook import CallWebhook
from router.flow.nodes.callback import Callback
from router.flow.nodes.collect import Collect
from router.flow.nodes.go_to import GoToFlow
from router.flow.nodes.hangup import Hangup
from router.flow.nodes.hours import Hours
from router.flow.nodes.match import Match
from router.flow.nodes.menu import Menu
from router.flow.nodes.queue_info import QueueInfo
from router.flow.nodes.say import Say
from router.flow.nodes.send_message import SendMessage
from router.flow.nodes.set import Set
from router.flow.nodes.transfer import Transfer
from router.flow.nodes.verify import Verify
from router.flow.nodes.voicemail import Voicemail

AnyStep = Annotated[
    Say
    | Menu
    | Collect
    | Match
    | Verify
    | Branch
    | Hours
    | Set
    | QueueInfo
    | Transfer
    | Callback
    | Voicemail
    | SendMessage
    | CallWebhook
    | GoToFlow
    | Hangup,
    Field(discriminator="type"),
]

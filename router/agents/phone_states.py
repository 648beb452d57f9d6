"""What Asterisk says of phones: whether they can ring, and in which places they are paused. Kept in memory, from its
events and from the snapshot at each login; a phone that is in no queue is not told of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from router.agents.ami import DeviceState, QueueMember

OUT_OF_REACH: Final = (DeviceState.UNAVAILABLE, DeviceState.INVALID)
IN_A_CALL: Final = (DeviceState.IN_USE, DeviceState.BUSY, DeviceState.ON_HOLD, DeviceState.RINGING_IN_USE)


class PhoneStates:
    """Knows the ``phones`` of the settings alone."""

    def __init__(self, phones: Collection[str]) -> None:
        self.phones = self._phones = frozenset(phones)
        self._paused: dict[str, dict[str, bool]] = {}
        self._device: dict[str, DeviceState] = {}
        self._out_of_reach: set[str] = set()
        self._in_other_calls: set[str] = set()

    def knows(self, phone: str) -> bool:
        """Whether it is one of the settings."""
        return phone in self._phones

    @property
    def known(self) -> tuple[str, ...]:
        """The phones that something is known of."""
        return tuple(self._paused)

    def begin(self, members: Iterable[QueueMember]) -> None:
        """Forget what was, and begin from what is so now."""
        self.forget()
        for member in members:
            self.told(member)

    def forget(self) -> None:
        """Asterisk is away: nothing is known."""
        self._paused.clear()
        self._device.clear()
        self._out_of_reach.clear()
        self._in_other_calls.clear()

    def cannot_ring(self, phone: str, *, out_of_reach: bool, in_other_call: bool) -> bool:
        """Keep what was found out about a phone; whether that is news."""
        news = False
        for phones, holds in ((self._out_of_reach, out_of_reach), (self._in_other_calls, in_other_call)):
            news |= (phone in phones) != holds
            (phones.add if holds else phones.discard)(phone)
        return news

    def is_out_of_reach(self, phone: str) -> bool:
        """Whether the phone is not registered, or cannot be reached."""
        return phone in self._out_of_reach

    def is_in_other_call(self, phone: str) -> bool:
        """Whether the phone is in a call that did not come through us."""
        return phone in self._in_other_calls

    def told(self, member: QueueMember) -> bool:
        """Asterisk says this of a phone in one place; whether that is news."""
        phone = member.interface
        if phone not in self._phones:
            return False
        places = self._paused.setdefault(phone, {})
        news = places.get(member.queue) != member.paused or self._device.get(phone) != member.status
        places[member.queue], self._device[phone] = member.paused, member.status
        return news

    def left(self, member: QueueMember) -> bool:
        """A phone is no longer in this place; whether that is news."""
        news = self._paused.get(member.interface, {}).pop(member.queue, None) is not None
        if not self._paused.get(member.interface):
            self._device.pop(member.interface, None)
        return news

    def device(self, phone: str) -> DeviceState | None:
        """The phone's state; None: not known."""
        return self._device.get(phone)

    def paused(self, phone: str) -> Mapping[str, bool]:
        """The places that the phone is in, and whether it is paused there."""
        return self._paused.get(phone, {})

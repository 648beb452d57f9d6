"""Sorts calls by the evidence they bring. This looks at the truth; no method does."""

from __future__ import annotations

from bench.match.people import LANDLINE, OFFICE
from bench.match.sent import GENERAL_NUMBER
from bench.match.town import Town
from bench.match.traffic import Call, Kind

ABOUT = (
    "known mobile",
    "own landline",
    "shared landline",
    "switchboard",
    "called before from there",
    "leased number, at hand",
    "leased number, nothing",
    "unknown number, at hand",
    "unknown number, nothing",
    "withheld, at hand",
    "withheld, nothing",
)
"""Calls about a message of the caller's household. The leased number is that of the campaign, dialled by somebody whose
own number is unknown or withheld; "nothing": the message is not at hand."""
NOT_ABOUT = (
    "astray: new owner of the number",
    "other matter, number on file",
    "other matter, recycled number",
    "other matter, number unknown",
    "stranger",
    "spoofed",
)
MIXES = ABOUT + NOT_ABOUT


class Sorter:
    """Knows which numbers are on file for whom, and who called about what before."""

    def __init__(self, town: Town) -> None:
        self._customers_at: dict[str, set[int]] = {}
        for person in town.people.customers:
            for number in person.on_file:
                self._customers_at.setdefault(number, set()).add(person.place)
        self._first_call: dict[tuple[str, int], int] = {}
        for call in (*town.past, *town.calls):
            if call.number is not None and call.message is not None and call.paper is call.message:
                self._first_call.setdefault((call.number, call.message.place), call.place)

    def mix(self, call: Call) -> str:
        """The name of the evidence mix, one of `MIXES`."""
        if call.kind is Kind.ASTRAY:
            return "astray: new owner of the number"
        if call.message is not None:
            return self._about(call)
        if call.kind is Kind.SPOOFED:
            return "spoofed"
        on_file = self._customers_at.get(call.number or "")
        if not on_file:
            return "other matter, number unknown" if call.kind is Kind.OTHER else "stranger"
        mine = call.line in (LANDLINE, OFFICE) or (call.caller is not None and call.caller.place in on_file)
        return f"other matter, {'number on file' if mine else 'recycled number'}"

    def tieable(self, call: Call) -> bool:
        """Whether there is anything to tie a call about a message by: the number is on file, an extension's, or called
        about it before with the message at hand, or the caller has it at hand now."""
        return call.paper is call.message or self._number_tells(call) is not None

    def _about(self, call: Call) -> str:
        by_number = self._number_tells(call)
        if by_number is not None:
            return by_number
        where = "withheld" if call.withheld else "unknown number"
        if call.dialled != GENERAL_NUMBER:
            where = "leased number"
        return f"{where}, {'nothing' if call.paper is None else 'at hand'}"

    def _number_tells(self, call: Call) -> str | None:
        """The mix of a call whose number points at the customer."""
        message, number = call.message, call.number
        if message is None or number is None:
            return None
        if number in message.customer.on_file or number == message.to_phone:
            if call.line == OFFICE:
                return "switchboard"
            if call.line != LANDLINE:
                return "known mobile"
            return "shared landline" if len(self._customers_at.get(number, ())) > 1 else "own landline"
        heads = [each.removesuffix("0") for each in message.customer.on_file]
        if call.line == OFFICE and any(number.startswith(head) for head in heads):
            return "switchboard"
        first = self._first_call.get((number, message.place), call.place)
        return "called before from there" if first < call.place else None

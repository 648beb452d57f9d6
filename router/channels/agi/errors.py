"""What can go wrong on an AGI connection."""

from __future__ import annotations


class ProtocolError(Exception):
    """The AGI connection cannot go on."""


class LocalProtocolError(ProtocolError):
    """We asked for something that AGI does not allow here. Nothing was sent; the connection is as before."""


class RemoteProtocolError(ProtocolError):
    """The other side sent what is not AGI, or more of it than the limits allow. The connection is closed."""


class HungUp(Exception):
    """The caller is gone, or Asterisk ended the conversation: no further command reaches the call."""


class CommandTimeout(Exception):
    """Asterisk did not answer a command in time. The connection is closed, because a late answer would be taken
    for that to another command."""


class GivenUp(Exception):
    """We cannot go on with a call, so it goes to the default queue. The message says why; it holds no number, code or
    secret and may be logged."""

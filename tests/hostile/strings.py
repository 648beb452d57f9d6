"""Texts that break what trusts them: the Big List of Naughty Strings, and our own, shaped for what stands behind us.

The list is Max Woolf's (`lists/LICENSE`, MIT); `lists/blns.json` is a copy of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

LISTED: Final[tuple[str, ...]] = tuple(json.loads((Path(__file__).parent / "lists" / "blns.json").read_text()))

AGI: Final = (
    'a"\nEXEC System "touch /tmp/threadline-agi"\n',
    "HANGUP",
    "\r\nHANGUP\r\n",
    'x" "y',
    "a\\",
    '\\" EXEC Hangup',
    "200 result=1",
    "${SHELL(touch /tmp/threadline-shell)}",
    "$[1+1]",
    "${EXTEN}",
    "a,b,c&d|e",
    ")n(",
    "Local/s@default/n",
    "511 Command",
)
AMI: Final = (
    "x\r\nAction: Originate\r\nChannel: Local/s@default",
    "x\nVariable: THREADLINE_OWN=1",
    "\r\n\r\n",
    "Response: Success",
    "a: b",
    "--END COMMAND--",
    "Event: QueueCallerJoin",
)
XML: Final = (
    "]]>",
    "<Dial>+491719999999</Dial>",
    "&lt;Say&gt;",
    "<!--",
    "--><Hangup/>",
    "<?xml version='1.0'?>",
    "&#0;",
    "&unknown;",
    '"/><Redirect>http://192.0.2.9/</Redirect>',
    "<![CDATA[",
)
PAGES: Final = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=2>",
    "'\"><svg onload=window.hacked=3>",
    "javascript:window.hacked=4",
    "</textarea><script>window.hacked=5</script>",
    "{{ 7*7 }}",
    "${7*7}",
    "{% raw %}",
    "</style><script>window.hacked=6</script>",
    '" autofocus onfocus="window.hacked=7',
    "data:text/html,<script>window.hacked=8</script>",
    "hx-get=/sign-out",
    "\u2028window.hacked=9",
    "`+window.hacked+`",
    "</script><script>window.hacked=10</script>",
)
SQL: Final = (
    "' OR 1=1 --",
    "%",
    "_",
    "%_%",
    "\\",
    "'; DROP TABLE messages; --",
    "\\%",
    "*",
    "'||'",
    ":name",
    "%(name)s",
    "?",
    "$1",
)
SHEETS: Final = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1+1)",
    "\t=1+1",
    '=HYPERLINK("http://192.0.2.9/")',
    "=cmd|' /C calc'!A0",
    ";=1+1",
    '"=1+1',
)
HEADERS: Final = (
    "x\r\nBcc: somebody@example.com",
    "x\nSubject: other",
    "=?utf-8?q?=0ABcc=3A_x=40example.com?=",
    "\r\n.\r\nMAIL FROM:<x>",
    "P-Asserted-Identity: <tel:+491719999999>",
    "<sip:x@y>;tag=1",
    "a@b\r\nVia: x",
)
LOGS: Final = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    '{"level":"error","event":"forged"}',
    "x\n2026-01-01 [error] forged",
    "\x9b31m",
    "\u2028forged",
    "\x08\x08\x08",
)
UNSEEN: Final = (
    "\u202eabc\u202c",
    "\u2066x\u2069",
    "a\u200bb",
    "\ufeff",
    "\u00ad",
    "\u0000",
    "\ud800",
    "\udfff\ud800",
    "e\u0301" * 50,
    "Z\u0351\u036b\u0343\u036a\u0302" * 10,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u0130",
    "\ufdfa",
    "\u1e9e",
    "\u0661\u0662",
)
SIZES: Final = (
    "",
    " ",
    "x" * 201,
    "x" * 10_001,
    "9" * 400,
    "-1",
    "1e999",
    "NaN",
    "9223372036854775808",
    "0x10",
    "null",
    "true",
)

OWN: Final[tuple[str, ...]] = (*AGI, *AMI, *XML, *PAGES, *SQL, *SHEETS, *HEADERS, *LOGS, *UNSEEN, *SIZES)
ALL: Final[tuple[str, ...]] = (*OWN, *LISTED)

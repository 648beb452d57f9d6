"""What two readers could read otherwise is not read at all."""

from __future__ import annotations

import pytest

from router.core.json_text import strict_json

REFUSED = {
    "a name twice": b'{"from": "+4930", "from": "+4940"}',
    "a name twice, deep inside": b'{"a": [{"b": 1, "\\u0062": 2}]}',
    "no number": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a number that becomes infinity": b'{"a": 1e400}',
    "more digits than are counted": b'{"a": ' + b"9" * 5000 + b"}",
    "half a character": b'{"a": "\\ud800"}',
    "half a character, as bytes": b'{"a": "\xed\xa0\x80"}',
    "halves the wrong way round": b'{"a": "\\udc00\\ud800"}',
    "half a character for a name": b'{"\\udfff": 1}',
    "lists without end": b"[" * 5000,
    "lists in lists": b"[" * 300 + b"]" * 300,
    "objects in objects": b'{"a":' * 300 + b"1" + b"}" * 300,
    "not UTF-8": '{"a": "ü"}'.encode("latin-1"),
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a mark before it": b"\xef\xbb\xbf{}",
    "something behind it": b"{} {}",
    "a comma too much": b'{"a": 1,}',
    "a control character": b'"\x01"',
    "nothing": b"",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        strict_json(data)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b'{"a": {"b": 1}, "b": {"a": 1}}', {"a": {"b": 1}, "b": {"a": 1}}),
        (b'"\\ud83d\\ude00\\u0000"', "\N{GRINNING FACE}\0"),
        (b"9" * 400, int("9" * 400)),
        (b"[1.5e300, -0, null, true]", [1.5e300, 0, None, True]),
        (b" \t\r\n[] ", []),
    ],
)
def test_read(data: bytes, read: object) -> None:
    assert strict_json(data) == read

"""Words that are several in one: "doppelnull", "achtund vierzig", "sixtyfour"."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from router.spoken.cardinals import worth
from router.spoken.tokens import MOST_TOKENS, Gap, Token
from router.spoken.words.vocabulary import Vocabulary

_SHORTEST, _LONGEST = 6, 60
_SHORTEST_PIECE, _LONGEST_PIECE = 3, 24


def in_pieces(tokens: Sequence[Token], words: Vocabulary) -> Sequence[Token]:
    """The tokens, with each word in its place that is made of words for numbers and is none as a whole."""
    return tuple(chain.from_iterable(_parted(token, words) for token in tokens))[:MOST_TOKENS]


def _parted(token: Token, words: Vocabulary) -> Sequence[Token]:
    text = token.text
    if token.figures or not _SHORTEST <= len(text) <= _LONGEST or worth(token, words) is not None:
        return (token,)
    if text in words.several or text in words.plurals or text in words.names:
        return (token,)
    pieces: list[Token] = []
    at = 0
    while at < len(text):
        lengths = range(min(_LONGEST_PIECE, len(text) - at), _SHORTEST_PIECE - 1, -1)
        length = next((n for n in lengths if _is_piece(text[at : at + n], words)), 0)
        if not length:
            return (token,)
        piece = text[at : at + length]
        pieces.append(Token(piece, Gap.NONE if pieces else token.gap, piece))
        at += length
    return pieces


def _is_piece(text: str, words: Vocabulary) -> bool:
    if text in words.several or text in words.joining or text in words.ones:
        return True
    return worth(Token(text, Gap.NONE, text), words) is not None

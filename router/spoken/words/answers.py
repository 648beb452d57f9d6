"""How people say yes and no; which words count in which language."""

from __future__ import annotations

from router.spoken.tokens import plain
from router.spoken.words.vocabulary import Phrase, phrases

_BOTH = frozenset({"de", "en"})


def _counting(both: str, german: str, english: str) -> dict[Phrase, frozenset[str]]:
    said = {phrase: frozenset({"de"}) for phrase in phrases(german)} if german else {}
    said |= {phrase: frozenset({"en"}) for phrase in phrases(english)} if english else {}
    return said | dict.fromkeys(phrases(both), _BOTH)


YES = _counting(
    """
    ja
    jaja
    jawohl
    genau
    stimmt
    richtig
    korrekt
    yes
    yeah
    yep
    yup
    okay
    ok
    exactly
    correct
    mhm
    """,
    """
    jo
    joa
    jau
    jup
    jep
    jap
    jawoll
    jou
    passt
    klar
    na klar
    sicher
    natürlich
    gewiss
    freilich
    selbstverständlich
    exakt
    in ordnung
    einverstanden
    so ist es
    das ist es
    das isses
    stimmt so
    so stimmts
    genauso
    genau so
    auf jeden fall
    aber ja
    doch
    right
    """,
    """
    right
    yah
    ya
    aye
    sure
    thats it
    that is it
    it is
    i do
    i am
    of course
    certainly
    absolutely
    definitely
    affirmative
    indeed
    precisely
    perfect
    uh huh
    mm hmm
    spot on
    """,
)
NO = _counting(
    """
    nein
    nee
    nö
    falsch
    no
    nope
    wrong
    """,
    """
    ne
    na
    neinnein
    keineswegs
    auf keinen fall
    keinesfalls
    niemals
    verkehrt
    inkorrekt
    leider nein
    """,
    """
    nah
    nay
    negative
    incorrect
    never
    no way
    i dont think so
    dont think so
    it isnt
    thats not it
    that isnt
    that isnt right
    that isnt correct
    isnt right
    isnt correct
    """,
)
NOT_NO = _counting(
    "no problem",
    """
    nicht falsch
    nicht verkehrt
    kein problem
    nein stimmt genau
    """,
    """
    not wrong
    no thats right
    no that is right
    """,
)
NOT = frozenset({"nicht", "not", "isnt"})
"""Words that turn a yes into a no."""
NONE = frozenset(
    plain(word)
    for word in """
    keine keinen keins ahnung vergessen verloren none don't haven't can't cannot couldn't didn't forgot
    """.split()
)
"""Words of those who have no number to say, or do not find it."""
PERSON = frozenset(
    plain(word)
    for word in """
    mensch menschen mitarbeiter mitarbeiterin mitarbeitern person berater beraterin kundenberater kundenberaterin
    sachbearbeiter sachbearbeiterin kundenservice kundendienst vermittlung verbinden human agent operator representative
    someone somebody advisor adviser
    """.split()
)
"""Words of those who want to speak to one."""
ONE_OR_TWO = {
    "1": True, "eins": True, "one": True, "ein": True, "2": False, "zwei": False, "zwo": False, "two": False,
}  # fmt: skip

"""English: digits, what sounds like them, letters, and what is said around a number."""

from __future__ import annotations

from router.spoken.words.alphabets import ENGLISH_NAMES
from router.spoken.words.vocabulary import Vocabulary, by_meaning, phrases

ENGLISH = Vocabulary(
    language="en",
    digits=by_meaning("""
        0: zero nought naught ought nil oh
        1: one
        2: two
        3: three
        4: four fower
        5: five fife
        6: six
        7: seven
        8: eight ait
        9: nine niner
    """),
    sounding={
        "o": ("0", 8.0), "owe": ("0", 1.0), "aught": ("0", 3.0), "hero": ("0", 0.5), "null": ("0", 8.0),
        "won": ("1", 3.0), "wan": ("1", 3.0), "on": ("1", 0.4),
        "to": ("2", 3.0), "too": ("2", 3.0), "tu": ("2", 3.0), "do": ("2", 0.2),
        "tree": ("3", 3.0), "free": ("3", 0.5),
        "for": ("4", 3.0), "fore": ("4", 4.0), "or": ("4", 0.5),
        "by": ("5", 0.3), "hive": ("5", 0.5), "fine": ("5", 0.2),
        "sex": ("6", 2.0), "sicks": ("6", 4.0), "sick": ("6", 1.0), "sics": ("6", 3.0),
        "set": ("7", 0.2), "heaven": ("7", 0.5),
        "ate": ("8", 4.0), "hate": ("8", 0.5), "aid": ("8", 0.4),
        "nein": ("9", 4.0), "mine": ("9", 0.3),
    },
    plurals=by_meaning("""
        0: zeros zeroes noughts ohs
        1: ones
        2: twos
        3: threes
        4: fours
        5: fives
        6: sixes
        7: sevens
        8: eights
        9: nines
    """),
    several={
        "double": 2, "twice": 2, "triple": 3, "treble": 3, "thrice": 3, "quadruple": 4, "once": 1,
    },
    times=frozenset({"times", "x"}),
    articles=frozenset({"a", "an", "the", "number"}),
    ones=frozenset({"a"}),
    joining=frozenset({"and"}),
    hundreds=frozenset({"hundred"}),
    thousands=frozenset({"thousand"}),
    letters=by_meaning("""
        A: ay
        B: bee
        C: cee
        D: dee
        E: ee
        F: ef eff
        G: gee jee
        H: aitch haitch
        J: jay
        K: kay
        L: el ell
        M: em
        N: en
        P: pee
        Q: cue queue kew
        R: ar arr
        S: ess
        T: tee
        V: vee
        X: ex
        Y: wye
        Z: zed zee
    """),
    letter_like=by_meaning("""
        A: hey
        B: be
        C: see sea
        I: eye
        O: oh
        R: are
        T: tea
        U: you
        Y: why
    """),
    letters_in_words={
        ("double", "u"): "W", ("double", "you"): "W", ("x", "ray"): "X", ("fox", "trot"): "F",
    },
    names=ENGLISH_NAMES,
    like=phrases("""
        as in
        as
        like
        like in
        for
        is for
        in
    """),
    others=frozenset(
        """
        number numbers digit digits thanks thank please reference contract order offer customer account code letter
        letters capital hello morning afternoon evening this that thats these those them then there here with from
        have just well okay wait moment second first last next after before followed dash hyphen slash point space
        comma minus underscore calling call about name maybe think believe says said read reads would could what
        which where when your mine and but all any also only again still is are was were it its the
        sms pin id ok nr mr mrs ms dr hm hmm mhm st pls
        """.split()
    ),
    asides=phrases("""
        it is
        it is the
        i have
        i have the
        i got
        its
        its the
        i am
        i think
        i think it is
        i think its
        i see
        let me see
        see here
        for the
        for my
        to the
        to my
        on the
        on my
        on it
        or is it
        and that is
        that is
        this one
        oh yes
        oh wait
        oh dear
        here you are
        there you are
        are you
        do you
        you know
        thank you
        a moment
        a second
        one moment
        one second
        a reference
        a number
        on a letter
    """),
    corrections=phrases("""
        no
        nope
        no no
        no sorry
        no wait
        oh no
        wrong
        sorry
        correction
        i mean
        i meant
        scratch that
        strike that
        make that
        rather
        pardon
        excuse me
        my mistake
    """),
    repetitions=phrases("""
        again
        once again
        once more
        i repeat
        repeat
        i say again
        say again
        one more time
    """),
    unit_first=False,
)  # fmt: skip

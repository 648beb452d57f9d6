"""German: digits, what sounds like them, letters, and what is said around a number."""

from __future__ import annotations

from router.spoken.words.alphabets import GERMAN_NAMES
from router.spoken.words.vocabulary import Vocabulary, by_meaning, phrases

GERMAN = Vocabulary(
    language="de",
    digits=by_meaning("""
        0: null nul nulle
        1: eins
        2: zwei zwo zwoh zweie zwoo
        3: drei dreie
        4: vier viere fier
        5: fünf funf fünfe
        6: sechs sechse
        7: sieben siem
        8: acht achte
        9: neun neune niner
    """),
    sounding={
        "o": ("0", 3.0), "oh": ("0", 1.0),
        "ein": ("1", 2.0), "eine": ("1", 0.25), "einz": ("1", 3.0), "eis": ("1", 0.5),
        "zwar": ("2", 0.3), "zweit": ("2", 0.5), "zwai": ("2", 3.0),
        "frei": ("3", 0.5), "drehe": ("3", 0.5), "bei": ("3", 0.2), "drai": ("3", 3.0),
        "wir": ("4", 0.4), "vie": ("4", 1.0), "fuer": ("4", 0.5), "via": ("4", 0.4), "vir": ("4", 3.0),
        "fuenft": ("5", 1.0),
        "sex": ("6", 3.0), "rechts": ("6", 0.3), "lekt": ("6", 0.3), "sechzt": ("6", 1.0),
        "lieben": ("7", 0.6), "siebe": ("7", 1.5), "liebend": ("7", 0.3), "siegen": ("7", 0.4),
        "nach": ("8", 0.3), "lach": ("8", 0.5), "ach": ("8", 0.4), "macht": ("8", 0.3),
        "neuen": ("9", 0.5), "neu": ("9", 0.5), "nein": ("9", 0.3),
    },
    plurals=by_meaning("""
        0: nullen
        1: einsen einser
        2: zweien zweier
        3: dreien dreier
        4: vieren vierer
        5: fünfen fünfer
        6: sechsen sechser
        7: siebenen siebener
        8: achten achter
        9: neunen neuner
    """),
    several={
        "doppel": 2, "doppelt": 2, "doppelte": 2, "zweimal": 2, "zwomal": 2, "zweifach": 2,
        "dreimal": 3, "dreifach": 3, "dreifache": 3, "viermal": 4, "vierfach": 4, "fuenfmal": 5,
        "sechsmal": 6, "einmal": 1,
    },
    times=frozenset({"mal", "x"}),
    articles=frozenset({"die", "der", "eine", "ne", "das"}),
    ones=frozenset({"ein", "eine"}),
    joining=frozenset({"und"}),
    hundreds=frozenset({"hundert"}),
    thousands=frozenset({"tausend"}),
    letters=by_meaning("""
        A: ah
        B: bee beh
        C: ce zeh cee tse tzeh
        D: dee deh
        E: eeh
        F: ef eff
        G: ge geh gee
        H: ha hah
        I: ih ieh
        J: jot jott
        K: ka kah
        L: el ell
        M: em emm
        N: en enn
        P: pe peh pee
        Q: qu ku kuh quh
        R: err
        S: ess
        T: te teh tee
        V: vau fau vauh
        W: we weh
        X: ix iks
        Y: ypsilon üpsilon ipsilon
        Z: zet zett zed
    """),
    letter_like=by_meaning("""
        B: be
        D: de
        E: eh
        R: er
        S: es
        U: uh
    """),
    letters_in_words={
        ("x", "ray"): "X", ("fox", "trot"): "F", ("umlaut", "aachen"): "AE", ("umlaut", "offenbach"): "OE",
        ("umlaut", "unna"): "UE",
        ("umlaut", "a"): "AE", ("umlaut", "o"): "OE", ("umlaut", "u"): "UE", ("doppel", "vau"): "W",
    },
    names=GERMAN_NAMES,
    like=phrases("""
        wie
        wie in
        wie bei
        von
        für
        als
    """),
    others=frozenset(
        """
        nummer nummern ziffer ziffern zahl zahlen danke bitte bitteschoen dankeschoen referenz referenznummer vertrag
        vertragsnummer angebot angebotsnummer auftrag auftragsnummer bestellung bestellnummer kunde kundennummer code
        lautet lauten moment sekunde augenblick warten guten morgen abend hallo also meine mein diese dieser dieses
        ihre brief steht stehen hier dann danach darauf dahinter davor zuerst zuletzt dazu jetzt einmal genau stimmt
        ist sind war waren habe haben strich bindestrich schraegstrich punkt komma leerzeichen minus unterstrich
        buchstabe buchstaben gross grosses klein kleines name heisse anrufe wegen melde einfach natuerlich irgendwie
        vielleicht glaube noch naechste naechster letzte letzten erste ersten mit ohne und oder aber denn doch
        sms pin tan ok agb usw nr hr fr dr bzw hm hmm mhm st str
        """.split()
    ),
    asides=phrases("""
        es ist
        es ist die
        es ist eine
        das ist
        das ist die
        das ist eine
        das wäre
        das wäre die
        er ist
        er lautet
        es lautet
        es lauten
        es geht um
        es handelt sich um
        ich habe
        ich habe die
        ich habe eine
        ich habe hier
        ich habe hier eine
        hier ist
        hier ist die
        oh ja
        oh je
        oh gott
        oh moment
        für die
        für das
        für den
        nach der
        nach dem
        mach ich
        neuen vertrag
        eine nummer
        eine referenz
        eine sekunde
        ein moment
        ein augenblick
        einen moment
        wir haben
        bei mir
        bei ihnen
        von ihnen
        äh es ist
    """),
    corrections=phrases("""
        nein
        nee
        nein nein
        nein nicht
        falsch
        quatsch
        korrektur
        korrigiere
        ich korrigiere
        entschuldigung
        entschuldigen sie
        verzeihung
        sorry
        pardon
        ich meine
        ich meinte
        vielmehr
        beziehungsweise
        sondern
        ach nein
        oh nein
        äh nein
        stimmt nicht
    """),
    repetitions=phrases("""
        ich wiederhole
        wiederhole
        ich sage es noch einmal
        ich sags noch mal
        noch einmal
        noch mal
        nochmal
        nochmals
        also noch einmal
        also nochmal
    """),
    unit_first=True,
)  # fmt: skip

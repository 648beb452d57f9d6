"""Spelling alphabets: what stands for which letters."""

from __future__ import annotations

from collections.abc import Mapping

from router.spoken.words.vocabulary import by_meaning

_GERMAN = by_meaning("""
    A: anton anna albert
    AE: aerger
    B: berta bertha bernhard
    C: caesar casar cesar christine
    CH: charlotte
    D: dora daniel david
    E: emil
    F: friedrich fritz
    G: gustav
    H: heinrich
    I: ida
    J: julius jakob josef
    K: kaufmann konrad karl
    L: ludwig leopold
    M: martha marta marie
    N: nordpol niklaus nathan norbert
    O: otto
    OE: oekonom oesterreich
    P: paula peter
    Q: quelle quasi
    R: richard rosa
    S: samuel siegfried sophie
    SCH: schule
    SS: eszett
    T: theodor
    U: ulrich
    UE: uebermut uebel
    V: viktor victor
    W: wilhelm
    X: xanthippe xantippe xaver
    Y: yverdon
    Z: zacharias zeppelin zuerich
""")
"""The old German alphabet with its Austrian and Swiss variants."""

_CITIES = by_meaning("""
    A: aachen
    B: berlin
    C: chemnitz
    D: duesseldorf
    E: essen
    F: frankfurt
    G: goslar
    H: hamburg
    I: ingelheim
    J: jena
    K: koeln
    L: leipzig
    M: muenchen
    N: nuernberg
    O: offenbach
    P: potsdam
    Q: quickborn
    R: rostock
    S: salzwedel
    T: tuebingen
    U: unna
    V: voelklingen
    W: wuppertal
    X: xanten
    Z: zwickau
""")
"""DIN 5009:2022."""

_NATO = by_meaning("""
    A: alfa alpha
    B: bravo
    C: charlie charly
    D: delta
    E: echo
    F: foxtrot foxtrott
    G: golf
    H: hotel
    I: india
    J: juliett juliet juliette
    K: kilo
    L: lima
    M: mike
    N: november
    O: oscar oskar
    P: papa
    Q: quebec
    R: romeo
    S: sierra
    T: tango
    U: uniform
    V: victor
    W: whiskey whisky
    X: xray
    Y: yankee
    Z: zulu
""")

_COMMON_ENGLISH = by_meaning("""
    A: apple adam able andrew
    B: boy baker benjamin bob
    C: cat
    D: david dog
    E: edward easy egg
    F: frank fox freddie father
    G: george
    H: henry harry how house
    I: ida isaac item igloo
    J: john jack jig
    K: king
    L: lincoln love lucy larry london
    M: mary mother
    N: nora nancy nellie nan
    O: ocean oliver oboe orange
    P: peter paul
    Q: queen
    R: robert roger
    S: sam sugar samuel
    T: tom thomas tommy
    U: union uncle
    V: violet
    W: william
    X: xmas
    Y: young yellow yoke
    Z: zebra
""")

GERMAN_NAMES: Mapping[str, str] = {**_NATO, **_CITIES, **_GERMAN}
ENGLISH_NAMES: Mapping[str, str] = {**_NATO, **_COMMON_ENGLISH}

"""Spelling alphabets: what stands for which letters. The first name of a letter is the one that is known best."""

from __future__ import annotations

from collections.abc import Mapping

from router.spoken.words.vocabulary import by_meaning

_GERMAN = """
    A: Anton Anna Albert
    AE: Ärger
    B: Berta Bertha Bernhard
    C: Cäsar Casar Cesar Christine
    CH: Charlotte
    D: Dora Daniel David
    E: Emil
    F: Friedrich Fritz
    G: Gustav
    H: Heinrich
    I: Ida
    J: Julius Jakob Josef
    K: Kaufmann Konrad Karl
    L: Ludwig Leopold
    M: Martha Marta Marie
    N: Nordpol Niklaus Nathan Norbert
    O: Otto
    OE: Ökonom Österreich
    P: Paula Peter
    Q: Quelle Quasi
    R: Richard Rosa
    S: Samuel Siegfried Sophie
    SCH: Schule
    SS: Eszett
    T: Theodor
    U: Ulrich
    UE: Übermut Übel
    V: Viktor Victor
    W: Wilhelm
    X: Xanthippe Xantippe Xaver
    Y: Ypsilon Yverdon
    Z: Zacharias Zeppelin Zürich
"""
"""The old German alphabet with its Austrian and Swiss variants."""

_CITIES = """
    A: Aachen
    B: Berlin
    C: Chemnitz
    D: Düsseldorf
    E: Essen
    F: Frankfurt
    G: Goslar
    H: Hamburg
    I: Ingelheim
    J: Jena
    K: Köln
    L: Leipzig
    M: München
    N: Nürnberg
    O: Offenbach
    P: Potsdam
    Q: Quickborn
    R: Rostock
    S: Salzwedel
    T: Tübingen
    U: Unna
    V: Völklingen
    W: Wuppertal
    X: Xanten
    Y: Ypsilon
    Z: Zwickau
"""
"""DIN 5009:2022."""

_NATO = """
    A: Alpha Alfa
    B: Bravo
    C: Charlie Charly
    D: Delta
    E: Echo
    F: Foxtrot Foxtrott
    G: Golf
    H: Hotel
    I: India
    J: Juliett Juliet Juliette
    K: Kilo
    L: Lima
    M: Mike
    N: November
    O: Oscar Oskar
    P: Papa
    Q: Quebec
    R: Romeo
    S: Sierra
    T: Tango
    U: Uniform
    V: Victor
    W: Whiskey Whisky
    X: X-ray
    Y: Yankee
    Z: Zulu
"""

_COMMON_ENGLISH = """
    A: Apple Adam Able Andrew
    B: Boy Baker Benjamin Bob
    C: Cat
    D: David Dog
    E: Edward Easy Egg
    F: Frank Fox Freddie Father
    G: George
    H: Henry Harry How House
    I: Ida Isaac Item Igloo
    J: John Jack Jig
    K: King
    L: Lincoln Love Lucy Larry London
    M: Mary Mother
    N: Nora Nancy Nellie Nan
    O: Ocean Oliver Oboe Orange
    P: Peter Paul
    Q: Queen
    R: Robert Roger
    S: Sam Sugar Samuel
    T: Tom Thomas Tommy
    U: Union Uncle
    V: Violet
    W: William
    X: Xmas
    Y: Young Yellow Yoke
    Z: Zebra
"""

ALPHABETS: Mapping[str, str] = {
    "German, old": _GERMAN,
    "German, DIN 5009:2022": _CITIES,
    "NATO": _NATO,
    "English, common": _COMMON_ENGLISH,
}
"""All there are, a line for each letter."""
KNOWN_BEST = {"de": _GERMAN, "en": _NATO}
"""What people of each language know best."""
GERMAN_NAMES: Mapping[str, str] = by_meaning(_NATO) | by_meaning(_CITIES) | by_meaning(_GERMAN)
ENGLISH_NAMES: Mapping[str, str] = by_meaning(_NATO) | by_meaning(_COMMON_ENGLISH)


def by_letter(alphabet: str) -> dict[str, str]:
    """The name of each letter that is known best."""
    lines = (line.split(":") for line in alphabet.strip().splitlines())
    return {letter.strip(): names.split()[0] for letter, names in lines}

"""Texts of the layout, of signing in, and of errors."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "layout.skip": ("Zum Inhalt", "Skip to content"),
    "layout.pages": ("Seiten", "Pages"),
    "layout.desk": ("Arbeitsplatz", "Desk"),
    "layout.testphone": ("Testtelefon", "Test phone"),
    "layout.admin": ("Verwaltung", "Administration"),
    "layout.language": ("Sprache", "Language"),
    "layout.signed_in_as": ("Angemeldet als {name}", "Signed in as {name}"),
    "layout.sign_out": ("Abmelden", "Sign out"),
    "layout.no_script": (
        "Diese Seite braucht JavaScript. Bitte schalten Sie es im Browser ein und laden Sie die Seite neu.",
        "This page needs JavaScript. Please turn it on in your browser and reload the page.",
    ),
    "sign_in.title": ("Anmelden", "Sign in"),
    "sign_in.login": ("Anmeldename", "User name"),
    "sign_in.password": ("Passwort", "Password"),
    "sign_in.submit": ("Anmelden", "Sign in"),
    "sign_in.checking": ("Wird geprüft …", "Checking …"),
    "sign_in.wrong": (
        "Anmeldename oder Passwort stimmt nicht. Prüfen Sie beides; nach mehreren Fehlversuchen dauert es länger.",
        "User name or password is wrong. Check both; after several failed attempts the check takes longer.",
    ),
    "sign_in.busy": (
        "Gerade warten zu viele Anmeldungen. Versuchen Sie es in einer halben Minute noch einmal.",
        "Too many sign-ins are waiting right now. Try again in half a minute.",
    ),
    "sign_in.guesses": (
        "Mit diesem Anmeldenamen kam zu oft ein falsches Passwort, vielleicht nicht von Ihnen. Versuchen Sie es in "
        "{minutes} Min. noch einmal. In einem Browser, in dem Sie sich schon einmal angemeldet haben, geht es meist "
        "sofort; sonst gibt Ihnen die Verwaltung einen Einmal-Link.",
        "There were too many wrong passwords for this user name, perhaps not by you. Try again in {minutes} min. In a "
        "browser that you have signed in with before it mostly works at once; else your administrator can give you a "
        "one-time link.",
    ),
    "sign_in.incomplete": (
        "Bitte geben Sie Anmeldename und Passwort ein.",
        "Please enter user name and password.",
    ),
    "sign_in.forgotten": (
        "Passwort vergessen? Die Verwaltung kann Ihnen ein neues geben.",
        "Forgotten your password? Your administrator can give you a new one.",
    ),
    "link.title": ("Anmelden mit Einmal-Link", "Sign in with a one-time link"),
    "link.explain": (
        "Dieser Link meldet Sie einmal an und ist danach verbraucht.",
        "This link signs you in once and is used up afterwards.",
    ),
    "link.submit": ("Jetzt anmelden", "Sign in now"),
    "link.spent": (
        "Dieser Anmelde-Link gilt nicht mehr: Er wurde schon benutzt, ist abgelaufen oder unvollständig. "
        "Melden Sie sich mit Anmeldename und Passwort an oder lassen Sie sich einen neuen Link geben.",
        "This sign-in link is no longer valid: it was used already, has expired, or is incomplete. "
        "Sign in with user name and password, or ask for a new link.",
    ),
    "problem.title": ("Das ging nicht", "That did not work"),
    "problem.401": ("Sie sind nicht angemeldet.", "You are not signed in."),
    "problem.403": (
        "Das dürfen Sie mit dieser Anmeldung nicht. Fragen Sie die Verwaltung, oder melden Sie sich anders an.",
        "You may not do this. Ask an administrator, or sign in as somebody else.",
    ),
    "problem.404": ("Diese Seite gibt es nicht (mehr).", "There is no such page (any more)."),
    "problem.413": ("Das war zu groß.", "That was too large."),
    "problem.429": (
        "Das waren zu viele Anfragen auf einmal. Versuchen Sie es gleich noch einmal.",
        "Those were too many requests at once. Try again in a moment.",
    ),
    "problem.other": (
        "Ihre Anfrage konnte nicht ausgeführt werden. Gehen Sie zurück und versuchen Sie es noch einmal.",
        "Your request could not be carried out. Go back and try again.",
    ),
    "problem.500": (
        "Bei uns ist etwas schiefgegangen. Laden Sie die Seite neu; bleibt es so, sagen Sie der Verwaltung Bescheid.",
        "Something went wrong on our side. Reload the page; if it stays, tell your administrator.",
    ),
    "problem.home": ("Zur Startseite", "To the start page"),
    "channel.sms": ("SMS", "Text message"),
    "channel.email": ("E-Mail", "E-mail"),
    "channel.letter": ("Brief", "Letter"),
    "channel.call": ("Anruf", "Call"),
    "presence.off": ("Außer Dienst", "Off duty"),
    "presence.ready": ("Bereit", "Ready"),
    "presence.paused": ("Pause", "Paused"),
    "presence.wrap_up": ("Nachbearbeitung", "Wrap-up"),
    "role.agent": ("Agent", "Agent"),
    "role.supervisor": ("Teamleitung", "Supervisor"),
    "role.admin": ("Verwaltung", "Administrator"),
}

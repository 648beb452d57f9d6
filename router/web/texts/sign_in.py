"""Texts of signing in with a provider, and of one's own account."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "sign_in.oidc": ("Mit {name} anmelden", "Sign in with {name}"),
    "sign_in.or": ("oder mit Passwort", "or with a password"),
    "sign_in.no_password": (
        "Hier meldet man sich nicht mit Passwort an. Nehmen Sie {name}.",
        "Passwords are not used here. Sign in with {name}.",
    ),
    "sign_in.oidc.unreachable": (
        "{name} ist gerade nicht erreichbar. Versuchen Sie es gleich noch einmal; bleibt es so, sagen Sie der "
        "Verwaltung Bescheid.",
        "{name} cannot be reached right now. Try again in a moment; if it stays, tell your administrator.",
    ),
    "sign_in.oidc.not_begun": (
        "Diese Anmeldung wurde in einem anderen Fenster neu begonnen oder hat zu lange gedauert. "
        "Beginnen Sie noch einmal.",
        "This sign-in was begun anew in another window, or took too long. Please start again.",
    ),
    "sign_in.oidc.cancelled": (
        "Die Anmeldung bei {name} wurde abgebrochen.",
        "Signing in with {name} was cancelled.",
    ),
    "sign_in.oidc.failed": (
        "Die Anmeldung bei {name} hat nicht geklappt. Versuchen Sie es noch einmal; bleibt es so, sagen Sie der "
        "Verwaltung Bescheid.",
        "Signing in with {name} did not work. Try again; if it stays, tell your administrator.",
    ),
    "sign_in.oidc.busy": (
        "Gerade warten zu viele Anmeldungen. Versuchen Sie es in einer halben Minute noch einmal.",
        "Too many sign-ins are waiting right now. Try again in half a minute.",
    ),
    "sign_in.oidc.unknown": (
        "{name} kennt Sie, aber hier sind Sie noch nicht eingetragen. Die Verwaltung kann das tun.",
        "{name} knows you, but you have not been added here yet. Your administrator can do that.",
    ),
    "sign_in.oidc.disabled": (
        "Ihr Zugang ist gesperrt. Die Verwaltung kann ihn wieder öffnen.",
        "Your access is disabled. Your administrator can enable it.",
    ),
    "sign_in.oidc.no_role": (
        "{name} nennt für Sie keine Rolle, mit der man hier arbeitet. Die Verwaltung weiß, wer das ändern kann.",
        "{name} names no role of yours that is used here. Your administrator knows who can change that.",
    ),
    "signed_out.title": ("Sie sind abgemeldet", "You are signed out"),
    "signed_out.explain": (
        "Bei {name} sind Sie noch angemeldet. Wer diesen Browser benutzt, kommt damit ohne Passwort wieder herein.",
        "You are still signed in to {name}. Whoever uses this browser can come back in without a password.",
    ),
    "signed_out.there": ("Auch bei {name} abmelden", "Sign out of {name}, too"),
    "signed_out.again": ("Wieder anmelden", "Sign in again"),
    "account.title": ("Mein Zugang", "My account"),
    "account.person": ("Das bin ich", "Who I am"),
    "account.language": ("Sprache der Seiten", "Language of the pages"),
    "account.save": ("Speichern", "Save"),
    "account.saved": ("Gespeichert.", "Saved."),
    "account.password": ("Passwort ändern", "Change password"),
    "account.password.old": ("Jetziges Passwort", "Current password"),
    "account.password.new": ("Neues Passwort", "New password"),
    "account.password.again": ("Neues Passwort noch einmal", "New password again"),
    "account.password.rule": (
        "Mindestens {n} Zeichen. Mehrere Wörter hintereinander sind leicht zu merken und schwer zu raten.",
        "At least {n} characters. Several words in a row are easy to remember and hard to guess.",
    ),
    "account.password.submit": ("Passwort ändern", "Change password"),
    "account.password.changed": (
        "Das Passwort ist geändert. Andere Anmeldungen sind beendet.",
        "The password is changed. Other sign-ins have ended.",
    ),
    "account.password.none": (
        "Sie haben kein Passwort. Wenn Sie eins brauchen, gibt Ihnen die Verwaltung eines.",
        "You have no password. If you need one, your administrator gives you one.",
    ),
    "account.wrong.old": ("Das ist nicht Ihr jetziges Passwort.", "This is not your current password."),
    "account.wrong.new": (
        "Das neue Passwort hat nicht {n} bis {most} Zeichen.",
        "The new password does not have {n} to {most} characters.",
    ),
    "account.wrong.again": ("Die beiden neuen Passwörter sind verschieden.", "The two new passwords differ."),
    "account.wrong.busy": (
        "Gerade wird zu viel geprüft. Versuchen Sie es in einer halben Minute noch einmal.",
        "Too much is being checked right now. Try again in half a minute.",
    ),
    "account.wrong.guesses": (
        "Das war zu oft nicht Ihr jetziges Passwort. Versuchen Sie es in einer Viertelstunde noch einmal.",
        "This was not your current password too many times. Try again in a quarter of an hour.",
    ),
    "account.sessions": ("Wo ich angemeldet bin", "Where I am signed in"),
    "account.sessions.begun": ("Angemeldet", "Signed in"),
    "account.sessions.seen": ("Zuletzt benutzt", "Last used"),
    "account.sessions.until": ("Endet unbenutzt", "Ends if unused"),
    "account.sessions.way": ("Wie", "How"),
    "account.sessions.this": ("dieser Browser", "this browser"),
    "account.sessions.others": ("Überall sonst abmelden", "Sign out everywhere else"),
    "account.sessions.ended": ("Überall sonst sind Sie jetzt abgemeldet.", "You are signed out everywhere else now."),
    "way.password": ("mit Passwort", "with a password"),
    "way.link": ("mit Einmal-Link", "with a one-time link"),
    "way.oidc": ("über den Anmeldedienst", "through the sign-in provider"),
    "way.unknown": ("nicht bekannt", "not known"),
}

"""Texts of the administration's pages of people."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "language.auto": ("Wie der Browser", "As the browser asks"),
    "language.de": ("Deutsch", "German"),
    "language.en": ("Englisch", "English"),
    "people.name": ("Name", "Name"),
    "people.login": ("Anmeldename", "User name"),
    "people.login.hint": (
        "Kleine Buchstaben, Ziffern und . _ @ + -. Er bleibt, wie er ist.",
        "Small letters, digits and . _ @ + -. It stays as it is.",
    ),
    "people.email": ("E-Mail-Adresse", "E-mail address"),
    "people.email.hint": (
        "Freiwillig. Der Anmeldedienst kann jemanden daran erkennen, wenn das so eingestellt ist.",
        "Optional. The sign-in provider can recognise somebody by it, where that is set up.",
    ),
    "people.role": ("Rolle", "Role"),
    "people.role.hint": (
        "Teamleitung sieht Warteschlangen und Agenten und teilt sie ein; die Verwaltung darf alles. Eine neue Rolle "
        "meldet die Person ab.",
        "Supervisors see queues and agents and assign them; administrators may do everything. A new role signs the "
        "person out.",
    ),
    "people.language": ("Sprache", "Language"),
    "people.queues": ("Warteschlangen", "Queues"),
    "people.skills": ("Fähigkeiten", "Skills"),
    "people.skills.hint": (
        "Wörter mit Komma dazwischen, wie sie in den Warteschlangen stehen: english, gas.",
        "Words with commas between them, as the queues name them: english, gas.",
    ),
    "people.phone": ("Telefon", "Phone"),
    "people.presence": ("Zustand", "State"),
    "people.signed_in": ("Angemeldet", "Signed in"),
    "people.disabled": ("gesperrt", "disabled"),
    "people.none": ("Niemand gefunden.", "Nobody found."),
    "people.search": ("Suchen", "Search"),
    "people.search.submit": ("Suchen", "Search"),
    "people.search.all": ("Alle zeigen", "Show all"),
    "people.new": ("Neue Person", "New person"),
    "people.new.submit": ("Hinzufügen", "Add"),
    "people.new.hint": (
        "Danach geben Sie der Person einen Einmal-Link oder ein Passwort.",
        "After this you give the person a one-time link or a password.",
    ),
    "people.details": ("Angaben", "Details"),
    "people.save": ("Speichern", "Save"),
    "people.ways": ("Meldet sich an", "Signs in"),
    "people.way.password": ("mit Passwort", "with a password"),
    "people.way.oidc": ("über den Anmeldedienst", "through the sign-in provider"),
    "people.way.link": ("nur mit Einmal-Link", "with one-time links only"),
    "people.access": ("Zugang", "Access"),
    "people.sessions": ("Angemeldet in Browsern: {n}", "Signed in, in browsers: {n}"),
    "people.sessions.none": ("Zurzeit nicht angemeldet.", "Not signed in at the moment."),
    "people.history": ("Was protokolliert ist", "What the audit log says"),
    "people.link": ("Einmal-Link", "One-time link"),
    "people.link.hint": ("Meldet einmal an, binnen 12 Stunden.", "Signs in once, within 12 hours."),
    "people.password": ("Neues Passwort", "New password"),
    "people.password.hint": (
        "Wird hier gemacht und einmal gezeigt; das alte gilt nicht mehr.",
        "Made here and shown once; the old one is worth nothing then.",
    ),
    "people.phone.reset": ("Telefon freigeben", "Free the phone"),
    "people.phone.reset.hint": ("Damit jemand anderes es nehmen kann.", "So that somebody else can take it."),
    "people.sign_out": ("Überall abmelden", "Sign out everywhere"),
    "people.sign_out.hint": (
        "Beendet alle Anmeldungen und macht Einmal-Links ungültig.",
        "Ends all sign-ins and takes one-time links back.",
    ),
    "people.disable": ("Zugang sperren", "Disable access"),
    "people.disable.hint": ("Meldet sofort überall ab.", "Signs out everywhere at once."),
    "people.enable": ("Zugang wieder öffnen", "Enable access"),
    "people.enable.hint": ("Die Person kann sich dann wieder anmelden.", "The person can sign in again then."),
    "people.guessed.address": (
        "Von einer Adresse aus war das Passwort zehnmal falsch. Wer von dort kommt, etwa aus demselben Büro, und in "
        "einem Browser sitzt, in dem sich diese Person noch nie angemeldet hat, kommt deshalb vorerst nicht mit "
        "Passwort herein. Ein Einmal-Link geht immer.",
        "From one address the password was wrong ten times. Whoever comes from there, such as the same office, with a "
        "browser that this person has never signed in with is therefore refused for now, whatever the password. A "
        "one-time link always works.",
    ),
    "people.guessed.everywhere": (
        "Jemand rät gerade das Passwort. Wer in einem Browser sitzt, in dem sich diese Person noch nie angemeldet hat, "
        "kommt deshalb vorerst nicht mit Passwort herein. Ein Einmal-Link geht immer.",
        "Somebody is guessing the password. Browsers that this person has never signed in with are therefore refused "
        "for now, whatever the password. A one-time link always works.",
    ),
    "people.let_in": ("Wieder zulassen", "Let in again"),
    "people.let_in.hint": (
        "Vergisst die Fehlversuche. Wird weiter geraten, ist es bald wieder so.",
        "Forgets the failed attempts. If the guessing goes on, it will soon be the same again.",
    ),
    "people.done.let_in": ("Die Fehlversuche sind vergessen.", "The failed attempts are forgotten."),
    "people.done.added": (
        "Hinzugefügt. Geben Sie der Person jetzt einen Einmal-Link oder ein Passwort.",
        "Added. Now give the person a one-time link or a password.",
    ),
    "people.done.saved": ("Gespeichert.", "Saved."),
    "people.done.disabled": ("Der Zugang ist gesperrt.", "Access is disabled."),
    "people.done.enabled": ("Der Zugang ist wieder offen.", "Access is enabled."),
    "people.done.signed_out": ("Die Person ist überall abgemeldet.", "The person is signed out everywhere."),
    "people.done.phone": ("Das Telefon ist frei.", "The phone is free."),
    "people.secret.password": ("Neues Passwort für {name}", "New password for {name}"),
    "people.secret.link": ("Einmal-Link für {name}", "One-time link for {name}"),
    "people.secret.hint.password": (
        "Es steht nur jetzt hier. Geben Sie es auf einem sicheren Weg weiter; die Person kann es unter „Mein Zugang“ "
        "ändern.",
        "It is shown only now. Hand it over by a safe way; the person can change it under “My account”.",
    ),
    "people.secret.hint.link": (
        "Er steht nur jetzt hier. Wer ihn hat, kommt damit herein: Geben Sie ihn auf einem sicheren Weg weiter.",
        "It is shown only now. Whoever has it comes in with it: hand it over by a safe way.",
    ),
    "people.wrong.login": (
        "Bis zu 100 kleine Buchstaben, Ziffern und . _ @ + -, vorn ein Buchstabe oder eine Ziffer.",
        "Up to 100 small letters, digits and . _ @ + -, and a letter or digit first.",
    ),
    "people.wrong.taken": ("Das hat schon jemand anderes.", "Somebody else has this already."),
    "people.wrong.name": ("Der Name fehlt oder ist zu lang.", "The name is missing or too long."),
    "people.wrong.role": ("Diese Rolle gibt es nicht.", "There is no such role."),
    "people.wrong.language": ("Diese Sprache gibt es nicht.", "There is no such language."),
    "people.wrong.queues": ("Eine dieser Warteschlangen gibt es nicht.", "One of these queues does not exist."),
    "people.wrong.skills": (
        "Bis zu 20 Wörter aus kleinen Buchstaben, Ziffern und _, vorn ein Buchstabe.",
        "Up to 20 words of small letters, digits and _, with a letter first.",
    ),
    "people.wrong.email": (
        "Das ist keine E-Mail-Adresse. Beispiel: anna@example.com",
        "This is no e-mail address. Example: anna@example.com",
    ),
    "people.wrong.last_admin": (
        "Dann gäbe es niemanden mehr in der Verwaltung. Geben Sie zuerst jemand anderem diese Rolle.",
        "There would be no administrator left. Give somebody else this role first.",
    ),
    "people.wrong.yourself": (
        "Sich selbst kann man nicht sperren. Das kann jemand anderes aus der Verwaltung.",
        "Nobody disables themselves. Another administrator can do it.",
    ),
    "people.wrong.is_disabled": (
        "Der Zugang ist gesperrt. Öffnen Sie ihn zuerst wieder.",
        "Access is disabled. Enable it first.",
    ),
}

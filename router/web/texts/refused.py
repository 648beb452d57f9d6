"""Why a request of a page came to nothing, by the ``code`` of what was raised; see `router.errors`."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "refused.off_desk": (
        "Dieser Anruf ist nicht mehr auf Ihrem Arbeitsplatz.",
        "This call is not on your desk any more.",
    ),
    "refused.rings_no_more": ("Dieser Anruf klingelt nicht mehr.", "This call does not ring any more."),
    "refused.over": ("Dieser Anruf ist schon vorbei.", "This call is over already."),
    "refused.unreadable": ("Dieser Anruf lässt sich nicht mehr lesen.", "This call cannot be read any more."),
    "refused.not_of_this_call": (
        "Das lässt sich von diesem Anruf nicht sagen.",
        "This cannot be said of this call.",
    ),
    "refused.cannot_open": ("Das lässt sich hier nicht öffnen.", "This cannot be opened."),
    "refused.nobody_to_check": ("Hier ist niemand zu prüfen.", "There is nobody to be checked."),
    "refused.no_code_sent": (
        "An diesen Kunden wurde kein Code gesendet.",
        "No code was sent to this customer.",
    ),
    "refused.no_wrap_up": (
        "Es ist kein Anruf mehr nachzubearbeiten.",
        "There is no call to wrap up any more.",
    ),
    "refused.no_more_time": (
        "Für diesen Anruf gibt es nicht mehr Zeit.",
        "There is no more time for this call.",
    ),
    "refused.disposition_needed": (
        "Halten Sie zuerst fest, was bei dem Anruf herauskam.",
        "Say first what came of the call.",
    ),
    "refused.no_such_phone": (
        "Dieses Telefon gibt es nicht mehr. Wählen Sie ein anderes.",
        "There is no such phone any more. Choose another one.",
    ),
    "refused.phone_taken": (
        "An {phone} ist schon jemand anderes angemeldet. Wählen Sie ein anderes Telefon.",
        "Another agent is signed in at {phone}. Choose another phone, or have them sign out first.",
    ),
    "refused.no_such_person": ("Diese Person gibt es nicht mehr.", "There is no such person."),
    "refused.no_such_work": ("Diese Aufgabe gibt es für Sie nicht mehr.", "There is no such work for you."),
    "refused.no_recording": ("Die Aufnahme gibt es nicht, oder nicht mehr.", "There is no recording to be had."),
    "refused.no_such_call": ("Diesen Anruf gibt es nicht.", "There is no such call."),
    "refused.no_such_message": ("Diese Nachricht gibt es nicht.", "There is no such message."),
    "refused.person_fields": (
        "Eine Angabe stimmt nicht. Prüfen Sie Name, Warteschlangen und Fähigkeiten.",
        "Something is not right. Check name, queues and skills.",
    ),
    "refused.session_over": (
        "Ihre Anmeldung ist abgelaufen. Melden Sie sich neu an.",
        "Your session is over. Sign in again.",
    ),
    "refused.other_site": (
        "Diese Anfrage kam von einer anderen Website. Öffnen Sie die Seite selbst und versuchen Sie es noch einmal.",
        "This request came from another site. Open the page itself and try again.",
    ),
    "refused.role": (
        "Ihre Rolle erlaubt das nicht. Fragen Sie die Verwaltung, oder melden Sie sich als jemand anderes an.",
        "Your role does not allow this. Ask an administrator, or sign in as somebody else.",
    ),
    "refused.sign_ins": (
        "Gerade warten zu viele Anmeldungen. Versuchen Sie es in einer halben Minute noch einmal.",
        "Too many sign-ins are waiting. Wait half a minute and try again.",
    ),
    "refused.guesses": (
        "Es waren zu viele falsche Passwörter. Versuchen Sie es in einer Viertelstunde noch einmal.",
        "There were too many wrong passwords. Try again in a quarter of an hour.",
    ),
    "refused.form": (
        "Das Formular kam nicht richtig an. Laden Sie die Seite neu und versuchen Sie es noch einmal.",
        "The form could not be read. Reload the page and try again.",
    ),
    "refused.call_gone_on": (
        "Der Anruf ist inzwischen weitergegangen.",
        "The call has gone on meanwhile.",
    ),
    "refused.no_recogniser": (
        "Hier ist keine Spracherkennung eingerichtet: Tippen Sie, was der Anrufer sagt.",
        "This service has no recogniser: type what the caller says.",
    ),
    "refused.not_asked_to_speak": (
        "Der Anruf wartet auf keine gesprochene Antwort.",
        "The call does not wait for a spoken answer.",
    ),
    "refused.much_said": (
        "In einer Minute wurde zu viel gesagt. Versuchen Sie es gleich noch einmal.",
        "Too much was said within a minute. Try again in a moment.",
    ),
    "refused.somebody_speaks": (
        "Gerade spricht jemand anderes. Versuchen Sie es gleich noch einmal.",
        "Another tester is speaking. Try again in a moment.",
    ),
    "refused.test_calls": (
        "Es warten schon zu viele Testanrufe. Versuchen Sie es später noch einmal.",
        "Too many test calls are waiting already. Try again later.",
    ),
    "refused.no_test_call": ("Diesen Testanruf gibt es nicht mehr.", "There is no such test call."),
    "refused.no_such_draft": ("Diesen Entwurf gibt es nicht mehr.", "There is no such draft any more."),
    "refused.no_such_release": ("Diesen Stand gibt es nicht mehr.", "There is no such release any more."),
    "refused.changed_meanwhile": (
        "Jemand anderes hat diese Datei inzwischen geändert.",
        "Somebody else changed this file meanwhile.",
    ),
    "refused.has_problems": (
        "So lässt sich das nicht verwenden: Es hat noch Probleme.",
        "This cannot be used: it has problems.",
    ),
    "refused.http_404": ("Unter dieser Adresse gibt es nichts.", "There is nothing at this address."),
    "refused.too_often": (
        "Das waren zu viele Anfragen auf einmal. Versuchen Sie es etwas später noch einmal.",
        "Too many requests at once. Try again a little later.",
    ),
    "refused.busy": (
        "Gerade ist viel zu tun, und Anrufe gehen vor. Nichts ging verloren; versuchen Sie es gleich noch einmal.",
        "There is much to do, and calls come first. Nothing was lost; try again in a moment.",
    ),
    "refused.unavailable": (
        "Die Datenbank ist nicht erreichbar oder antwortet nicht rechtzeitig. Versuchen Sie es in einigen Sekunden "
        "noch einmal.",
        "The database cannot be reached, or does not answer in time. Try again in a few seconds.",
    ),
    "refused.internal": (
        "Bei uns ist etwas schiefgegangen. Das Protokoll des Dienstes sagt mehr dazu, unter {incident}.",
        "Something failed on our side. The log of the service has more under this incident: {incident}.",
    ),
}

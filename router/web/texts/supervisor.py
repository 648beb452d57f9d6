"""Texts of the supervisors' page, and what agents read of what supervisors did."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "layout.supervisor": ("Teamleitung", "Supervision"),
    "supervisor.title": ("Teamleitung", "Supervision"),
    "supervisor.stale": (
        "Verbindung unterbrochen – die Angaben sind nicht mehr aktuell.",
        "Connection lost – what is shown is out of date.",
    ),
    "supervisor.queues": ("Warteschlangen", "Queues"),
    "supervisor.queue": ("Warteschlange", "Queue"),
    "supervisor.waiting": ("Warten", "Waiting"),
    "supervisor.oldest": ("Am längsten", "Longest"),
    "supervisor.level": ("Servicelevel heute", "Service level today"),
    "supervisor.met": ("erreicht", "met"),
    "supervisor.missed": ("verfehlt", "missed"),
    "supervisor.target": ("Ziel {percent} % in {seconds} s", "target {percent} % in {seconds} s"),
    "supervisor.answered": ("Angenommen", "Answered"),
    "supervisor.abandoned": ("Aufgelegt", "Abandoned"),
    "supervisor.elsewhere": ("Anders beendet", "Ended otherwise"),
    "supervisor.agents": ("Agenten", "Agents"),
    "supervisor.nobody": ("Niemand da", "Nobody there"),
    "supervisor.callers": ("Wer gerade wartet", "Who is waiting now"),
    "supervisor.callers.none": ("Gerade wartet niemand.", "Nobody is waiting right now."),
    "supervisor.agents.none": ("Noch niemand eingerichtet.", "Nobody is set up yet."),
    "supervisor.known.none": ("unbekannt", "unknown"),
    "supervisor.known.L1": ("vermutlich erkannt", "probably recognised"),
    "supervisor.known.L2": ("erkannt", "recognised"),
    "supervisor.known.L3": ("erkannt und geprüft", "recognised and verified"),
    "supervisor.returned": ("von uns zurückgerufen", "called back by us"),
    "supervisor.work": (
        "Was zu tun ist: Nachrichten, verlorene Anrufe, Wiedervorlagen",
        "Work items: voicemails, abandoned calls, follow-ups",
    ),
    "supervisor.name": ("Name", "Name"),
    "supervisor.state": ("Zustand", "State"),
    "supervisor.since": ("Seit", "For"),
    "supervisor.since_time": ("seit", "since"),
    "supervisor.skills": ("Fähigkeiten", "Skills"),
    "supervisor.phone": ("Telefon", "Phone"),
    "supervisor.browser": ("Browser", "Browser"),
    "supervisor.talks": ("Gespräche", "Talks"),
    "supervisor.talk": ("Gesprächszeit", "Talk time"),
    "supervisor.wrap_up": ("Nachbearbeitung", "Wrap-up"),
    "supervisor.ready": ("Bereit", "Ready"),
    "supervisor.pause": ("Pause", "Pause"),
    "supervisor.pause_for": ("davon: {reason}", "of it: {reason}"),
    "supervisor.hours": ("Std.", "h"),
    "supervisor.minutes": ("Min.", "min"),
    "supervisor.state.talking": ("im Gespräch", "talking"),
    "supervisor.state.ringing": ("klingelt", "ringing"),
    "supervisor.state.wrap_up": ("Nachbearbeitung", "wrap-up"),
    "supervisor.state.ready": ("bereit", "ready"),
    "supervisor.state.paused": ("Pause", "paused"),
    "supervisor.state.off": ("außer Dienst", "off duty"),
    "supervisor.phone.not_reachable": ("Telefonanlage nicht erreichbar", "telephone system out of reach"),
    "supervisor.phone.not_set_up": ("keine Telefonanlage", "no telephone system"),
    "supervisor.phone.refused": ("Warteschlange unbekannt", "queue unknown"),
    "supervisor.phone.unregistered": ("nicht angemeldet", "not registered"),
    "supervisor.phone.elsewhere": ("in einem anderen Gespräch", "in another call"),
    "supervisor.how": ("Wie die Zahlen entstehen", "How the figures are made"),
    "supervisor.how.level": (
        "Servicelevel: von den Anrufen, die heute zum ersten Mal gewartet haben und nicht mehr warten, der Anteil, der "
        "innerhalb der Zielzeit angenommen wurde. Wer vor Ablauf der Zielzeit auflegt, zählt nicht mit.",
        "Service level: of the calls that first waited today and wait no more, the share that was answered within the "
        "target time. Callers who hang up before that time is over are not counted.",
    ),
    "supervisor.how.answered": (
        "Angenommen: jemand hat mit dem Anrufer gesprochen, egal in welcher Warteschlange er zuerst war.",
        "Answered: somebody talked to the caller, whichever queue came first.",
    ),
    "supervisor.how.abandoned": (
        "Aufgelegt: der Anrufer hat aufgelegt, während er wartete.",
        "Abandoned: the caller hung up while waiting.",
    ),
    "supervisor.how.elsewhere": (
        "Anders beendet: die Wartezeit war um, und es ging mit Nachricht, Rückruf oder Ansage weiter. Zählt als nicht "
        "rechtzeitig.",
        "Ended otherwise: the wait was over and the call went on with a message, a callback or an announcement. It "
        "counts as not in time.",
    ),
    "supervisor.how.waiting": (
        "Ein Anruf zählt zu der Warteschlange, in der er zuletzt war; seine Wartezeit beginnt mit der ersten.",
        "A call belongs to the queue it was in last; its wait begins with the first.",
    ),
    "supervisor.how.times": (
        "Zeiten heute, ab Mitternacht: keine Sekunde zählt doppelt. Wer spricht, ist währenddessen weder bereit noch "
        "in Pause.",
        "Times today, from midnight on: no second counts twice. Whoever talks is neither ready nor paused meanwhile.",
    ),
    "supervisor.assign": ("Warteschlangen und Fähigkeiten", "Queues and skills"),
    "supervisor.assign.do": ("Ändern", "Change"),
    "supervisor.skills.hint": (
        "Wörter aus Kleinbuchstaben, Ziffern und _, mit Komma getrennt: english, gas",
        "Words of small letters, digits and _, separated by commas: english, gas",
    ),
    "supervisor.wrong.queues": (
        "Eine dieser Warteschlangen gibt es nicht.",
        "One of these queues does not exist.",
    ),
    "supervisor.wrong.skills": (
        "Fähigkeiten sind bis zu 20 Wörter aus Kleinbuchstaben, Ziffern und _.",
        "Skills are up to 20 words of small letters, digits and _.",
    ),
    "supervisor.locked": (
        "Wer zur Verwaltung gehört, wird nur von der Verwaltung geändert.",
        "Only administrators change administrators.",
    ),
    "supervisor.act": ("Eingreifen", "Step in"),
    "supervisor.act.pause": ("In Pause setzen", "Pause"),
    "supervisor.act.pause.hint": (
        "Ein laufendes Gespräch geht weiter. „Bereit“ wählt die Person selbst wieder.",
        "A talk goes on. The agent chooses “Ready” again.",
    ),
    "supervisor.act.sign_out": ("Abmelden", "Sign out"),
    "supervisor.act.sign_out.hint": (
        "Alle Sitzungen enden, und das Telefon wird frei. Ein laufendes Gespräch geht am Telefon weiter.",
        "All sessions end, and the phone becomes free. A talk goes on at the phone.",
    ),
    "supervisor.done.assigned": ("Geändert. Es gilt ab sofort.", "Changed. It counts from now on."),
    "supervisor.done.paused": ("In Pause gesetzt.", "Paused."),
    "supervisor.done.signed_out": ("Abgemeldet.", "Signed out."),
    "supervisor.today": ("Heute", "Today"),
    "supervisor.begin": ("Von", "From"),
    "supervisor.until": ("Bis", "Until"),
    "supervisor.until_now": ("jetzt", "now"),
    "supervisor.day.none": ("Heute noch nichts.", "Nothing yet today."),
    # What agents read of it
    "desk.reason.supervisor": ("von der Teamleitung", "by your supervisor"),
    "desk.reason.page_gone": ("Arbeitsplatz war geschlossen", "desk was closed"),
    "desk.reason.at_phone": ("am Telefon", "at the phone"),
    "desk.not_chosen.supervisor": (
        "Die Teamleitung hat Sie in Pause gesetzt. Wählen Sie „Bereit“, sobald Sie wieder Anrufe annehmen.",
        "Your supervisor paused you. Choose “Ready” as soon as you take calls again.",
    ),
    "desk.not_chosen.page_gone": (
        "Der Arbeitsplatz war eine Weile nicht geöffnet; darum sind Sie in Pause. Wählen Sie „Bereit“, um wieder "
        "Anrufe anzunehmen.",
        "The desk was not open for a while, so you were paused. Choose “Ready” to take calls again.",
    ),
    "desk.not_chosen.at_phone": (
        "Ihr Telefon wurde in der Telefonanlage auf Pause gestellt. Wählen Sie „Bereit“, um wieder Anrufe anzunehmen.",
        "Your phone was paused in the telephone system. Choose “Ready” to take calls again.",
    ),
    "desk.queues": ("Warteschlangen", "Queues"),
    "desk.queues.none": ("keine – es kommen keine Anrufe", "none – no calls will come"),
    "desk.skills": ("Fähigkeiten", "Skills"),
    "desk.telephone.unregistered": (
        "Ihr Telefon ist nicht angemeldet und kann nicht klingeln. Prüfen Sie, ob es an ist.",
        "Your phone is not registered and cannot ring. Check whether it is switched on.",
    ),
    "desk.telephone.elsewhere": (
        "Ihr Telefon ist in einem Gespräch, das nicht über Threadline kam. Solange kommen keine Anrufe.",
        "Your phone is in a call that did not come through Threadline. No calls come meanwhile.",
    ),
    # For the page's script
    "supervisor.js.live": ("Verbunden", "Live"),
    "supervisor.js.connecting": ("Verbindet …", "Connecting …"),
    "supervisor.js.reconnecting": ("Verbindung unterbrochen – neuer Versuch", "Connection lost – trying again"),
    "supervisor.js.elsewhere": ("In zu vielen Fenstern offen", "Open in too many windows"),
    "supervisor.js.days": ("{n} Tage", "{n} days"),
    "supervisor.js.day": ("1 Tag", "1 day"),
    "supervisor.js.hours": ("{n} Std.", "{n} h"),
    "supervisor.js.minutes": ("{n} Min.", "{n} min"),
    "supervisor.js.seconds": ("{n} s", "{n} s"),
}

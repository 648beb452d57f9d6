"""The tables. One place says what is stored, a file for each subject; `migrations/` says how a database gets there.

All times are UTC, all ids are random text (`new_id`), all phone numbers E.164. A withheld caller number has no column
to be in.
"""

from router.store.tables.asterisks import asterisks, phone_states
from router.store.tables.base import Id, Moment, Number, metadata
from router.store.tables.calls import (
    call_events,
    callbacks,
    calls,
    crm_events,
    handovers,
    identity_checks,
    one_time_codes,
    speech_recordings,
    voicemails,
    watched_calls,
    work_items,
)
from router.store.tables.desk import cards, desk_events, dispositions, notes
from router.store.tables.flows import flow_drafts, flow_releases, flow_revisions, flow_sets
from router.store.tables.matching import hearings, match_adjustments, match_outcomes, secret_checks, wrong_codes
from router.store.tables.messages import (
    customer_phones,
    customer_words,
    customers,
    messages,
    number_leases,
    reference_neighbours,
)
from router.store.tables.people import (
    api_keys,
    audit_log,
    people,
    presence_log,
    sign_in_failures,
    sign_in_links,
    web_sessions,
)
from router.store.tables.sending import inbound_messages, payments, text_messages, twilio_legs, twilio_waiting

__all__ = [
    "Id",
    "Moment",
    "Number",
    "api_keys",
    "asterisks",
    "audit_log",
    "call_events",
    "callbacks",
    "calls",
    "cards",
    "crm_events",
    "customer_phones",
    "customer_words",
    "customers",
    "desk_events",
    "dispositions",
    "flow_drafts",
    "flow_releases",
    "flow_revisions",
    "flow_sets",
    "handovers",
    "hearings",
    "identity_checks",
    "inbound_messages",
    "match_adjustments",
    "match_outcomes",
    "messages",
    "metadata",
    "notes",
    "number_leases",
    "one_time_codes",
    "payments",
    "people",
    "phone_states",
    "presence_log",
    "reference_neighbours",
    "secret_checks",
    "sign_in_failures",
    "sign_in_links",
    "speech_recordings",
    "text_messages",
    "twilio_legs",
    "twilio_waiting",
    "voicemails",
    "watched_calls",
    "web_sessions",
    "work_items",
    "wrong_codes",
]

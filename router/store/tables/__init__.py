"""The tables. One place says what is stored, a file for each subject; `migrations/` says how a database gets there.

All times are UTC, all ids are random text (`new_id`), all phone numbers E.164. A withheld caller number has no column
to be in.
"""

from router.store.tables.base import Id, Moment, Number, metadata
from router.store.tables.calls import call_events, callbacks, calls, one_time_codes, speech_recordings, voicemails
from router.store.tables.desk import cards, desk_events
from router.store.tables.flows import flow_drafts, flow_releases, flow_revisions, flow_sets
from router.store.tables.matching import hearings, match_adjustments, match_outcomes, wrong_codes
from router.store.tables.messages import customer_phones, customers, messages, number_leases, reference_neighbours
from router.store.tables.people import api_keys, people, sign_in_failures, sign_in_links, web_sessions
from router.store.tables.sending import text_messages

__all__ = [
    "Id",
    "Moment",
    "Number",
    "api_keys",
    "call_events",
    "callbacks",
    "calls",
    "cards",
    "customer_phones",
    "customers",
    "desk_events",
    "flow_drafts",
    "flow_releases",
    "flow_revisions",
    "flow_sets",
    "hearings",
    "match_adjustments",
    "match_outcomes",
    "messages",
    "metadata",
    "number_leases",
    "one_time_codes",
    "people",
    "reference_neighbours",
    "sign_in_failures",
    "sign_in_links",
    "speech_recordings",
    "text_messages",
    "voicemails",
    "web_sessions",
    "wrong_codes",
]

"""The rules of a synthetic town: every rate in one place, and towns of several kinds.

The rates are guesses at real life made without a look at the parameters of matching; towns differ so that no one set
of parameters can fit them all. Probabilities are 0 to 1, times are days, rates are per day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

CHANNELS = ("sms", "email", "letter", "call")
TOPICS = ("power", "gas", "other")
"""Those that our hotline asks for."""


@dataclass(frozen=True, slots=True)
class TownRules:
    """What holds in a town. Every field does something (tests/bench/match/test_rules.py)."""

    # Time
    window_days: float = 60.0  # the days whose calls are counted
    past_days: float = 150.0  # before them: messages were sent and calls came that are history
    working_hours: float = 0.93  # calls that wait for Monday to Saturday, 8 to 20 o'clock

    # Homes
    alone: float = 0.42  # households of one; the rest has two to five members
    home_landline: float = 0.6  # households that have a landline
    more_customers: float = 0.25  # each further member who is a customer too
    has_mobile: float = 0.93
    mobile_on_file: float = 0.72  # customers whose mobile we know
    landline_on_file: float = 0.55  # customers whose landline we know

    # Companies
    business: float = 0.08  # customers who are a company's contact and call from its switchboard
    contacts: float = 2.5  # customers in a company, on average
    head_on_file: float = 0.75  # contacts for whom we know the head number; of the others we know the extension
    head_with_zero: float = 0.5  # companies whose head number is on file with the 0 of the exchange at its end
    shows_head: float = 0.25  # companies whose calls show the head number and not the extension
    works_in_town: float = 0.12  # private people whose office is one of these companies
    contact_mobile: float = 0.4  # contacts whose mobile we know

    # Numbers that are not what the file says
    moved: float = 0.06  # customers whose mobile on file is no longer theirs
    recycled: float = 0.4  # of the numbers given up, those that somebody else has now
    landline_moved: float = 0.03  # landlines on file that now ring in another home
    wrong_on_file: float = 0.01  # numbers on file that are somebody else's by a slip of the pen

    # Messages
    messages_a_day: float = 0.035  # to each customer
    uneven: float = 1.2  # shape of the gamma distribution of what customers get and how much they call; less is rougher
    sms: float = 0.35  # channels, as shares; what cannot be sent goes by letter
    email: float = 0.3
    letter: float = 0.28
    call: float = 0.07
    campaign: float = 0.5  # messages that are part of a campaign
    campaign_every: float = 6.0  # days between two campaigns
    big_campaign: float = 0.0  # share of all customers that one letter campaign in the window goes to
    campaign_leased: float = 0.4  # campaigns that get a service number of the pool, as long as one is free
    pool_numbers: int = 5
    lease_days: float = 30.0
    quarantine_days: float = 30.0
    topic_told: float = 0.7  # messages registered with their topic
    call_to_action: float = 0.5  # messages that ask to call
    call_to_action_told: float = 0.7  # messages registered with whether they do
    no_reference: float = 0.2  # styles of reference: none
    contract_reference: float = 0.3  # the customer's contract number, the same on every message about the contract
    letters_reference: float = 0.2  # two letters and six digits; the rest has eight random digits
    offer_reference: float = 0.25  # campaigns whose reference is the offer's, the same for everybody
    offer_ends: float = 0.65  # messages whose offer ends
    offer_days: float = 21.0  # after how long, on average

    # Delivery, as reported
    sms_failed: float = 0.03
    email_failed: float = 0.02
    read_told: float = 0.3  # e-mails and texts of which it is told that they were read, of those read
    delivery_told: float = 0.75  # texts, e-mails and calls whose delivery is told
    failed_wrongly: float = 0.03  # failures that were none

    # How people answer: the chance that a message draws a call, and when
    sms_draws: float = 0.05
    email_draws: float = 0.02
    letter_draws: float = 0.055
    call_draws: float = 0.06
    asked_factor: float = 1.4  # of messages that ask to call; the others 2 less this
    read_factor: float = 1.5  # of messages that were read (seven in ten, letters eight in ten), told or not
    campaign_spread: float = 0.5  # sigma of the logarithm of how well a campaign does
    sms_delay: float = 0.12  # median delay of the call
    email_delay: float = 0.5
    letter_delay: float = 1.5  # beside the post's one to four days
    call_delay: float = 0.15
    delay_spread: float = 1.5  # sigma of the logarithm of the delay
    long_tail: float = 0.12  # calls that come after weeks (Pareto, from four days on)
    deadline_rush: float = 0.1  # calls that wait for the last days of the offer
    after_end: float = 0.25  # of the calls that would come after the offer's end, those that come
    settled_online: float = 0.12  # messages answered on the web within days
    settled_told: float = 0.6  # of which the sender tells us
    after_settled: float = 0.2  # of the calls that would come after that, those that come
    again: float = 0.22  # calls about a message that are followed by another
    again_delay: float = 3.0  # median delay of that
    answered_told: float = 0.3  # calls after which the sender marks the message as answered
    verdicts: float = 0.25  # calls of which the agent says what they were about
    past_tied: float = 0.75  # calls of the past about a message that were tied to the right one
    past_tied_wrong: float = 0.01  # calls of the past tied to a wrong message of the same customer
    wrong_recipient_draws: float = 0.08  # texts to a recycled number whose new owner calls

    # How people call
    other_matters: float = 0.0035  # calls of a customer about something else, a day
    strangers: float = 0.0008  # calls of people who are no customers, per customer and day
    misdialled: float = 0.15  # of those, wrong numbers
    other_on_leased: float = 0.03  # calls about other matters to a leased number; the others to the general one
    leased_ignored: float = 0.12  # calls about a message with a number of its own that go to the general number
    line_mobile: float = 0.58  # the line a person prefers, as shares of those there are
    line_landline: float = 0.32
    line_office: float = 0.1
    line_faithful: float = 0.8  # calls from the preferred line
    text_from_mobile: float = 0.5  # answers to texts and calls that come from the mobile whatever its owner prefers
    unknown_phone: float = 0.05  # calls from a hotel, a colleague's or a new phone
    withheld_people: float = 0.06  # people who withhold their number in general
    withheld_calls: float = 0.03  # of the others' calls
    withheld_landline: float = 0.08  # landlines that withhold their number in general
    relative_calls: float = 0.08  # calls made by another member of the household
    own_topic: float = (
        0.6  # calls about other matters that are about a contract of the customer; others about any topic
    )
    townspeople: float = 0.3  # strangers who live in the town without being customers; others come from elsewhere
    spoofed: float = 0.001  # calls of frauds with the number of a customer, as a share of other matters
    attested: float = 0.0  # calls whose number the network vouches for (not in Europe)

    # What people do when asked
    sms_at_hand: float = 0.8  # callers who can read the message while they call
    email_at_hand: float = 0.6
    letter_at_hand: float = 0.75
    call_at_hand: float = 0.12  # who wrote down what the recorded voice said
    office_at_hand: float = 0.85  # factor when calling from the office
    silent: float = 0.04  # callers who answer nothing at all
    hash_key: float = 0.65  # callers without an answer who press #; the others wait
    gives_up: float = 0.06  # callers with the code at hand who do not key in all of it, each time
    wrong_key: float = 0.003  # keys pressed wrongly
    swapped_keys: float = 0.0015  # pairs of keys swapped
    lost_key: float = 0.0015  # keys lost
    says_about: float = 0.86  # callers about a message who say that their call is about one
    denies_about: float = 0.07  # of them who say that it is not; the rest answers nothing
    other_says_about: float = 0.1  # callers with other matters who say that it is about a message all the same
    other_denies_about: float = 0.75
    topic_wrong: float = 0.05  # callers who press a key beside their topic
    topic_none: float = 0.06  # callers who press none of the topics
    other_topic_none: float = 0.3  # callers with other matters who press none of the topics
    takes_reference: float = 0.5  # callers asked for the end of code or reference who take that of the reference
    confused: float = 0.03  # callers asked for an end who take that of another number in the message
    other_contract: float = 0.06  # customers with other matters who key in the end of their contract number
    other_digits: float = 0.02  # callers with other matters who key in something
    lies: float = 0.002  # answers that are wrong for no reason
    wrong_paper: float = 0.002  # callers who hold another message than the one they call about

    # Guessers
    guesses_a_day: float = 600.0  # well-formed codes that guessers try, three times what the budget allows
    guesser_withheld: float = 0.5  # of their calls; the others show a number never seen before


DEFAULT = TownRules()

TOWNS: Mapping[str, TownRules] = {
    "default": DEFAULT,
    # Many families with one landline, several customers in each.
    "suburb": replace(
        DEFAULT, alone=0.12, home_landline=0.9, more_customers=0.55, landline_on_file=0.8, line_mobile=0.4,
        line_landline=0.52, line_office=0.08, relative_calls=0.15, mobile_on_file=0.5,
    ),
    # Companies behind switchboards.
    "business": replace(
        DEFAULT, business=0.5, contacts=4.0, works_in_town=0.25, email=0.45, sms=0.15, letter=0.3, call=0.1,
        line_mobile=0.35, line_landline=0.15, line_office=0.5, messages_a_day=0.06,
    ),
    # Letters, and one big campaign.
    "mailshot": replace(
        DEFAULT, sms=0.1, email=0.15, letter=0.7, call=0.05, big_campaign=0.6, campaign_leased=0.8, campaign=0.7,
        letter_draws=0.035,
    ),
    # Much withheld, miskeyed, and not at hand.
    "rough": replace(
        DEFAULT, withheld_people=0.15, withheld_calls=0.08, withheld_landline=0.2, unknown_phone=0.12, wrong_key=0.009,
        swapped_keys=0.005, lost_key=0.006, sms_at_hand=0.6, email_at_hand=0.45, letter_at_hand=0.55, silent=0.1,
        moved=0.12, topic_wrong=0.12, gives_up=0.12, says_about=0.78,
    ),
    # Everything two to three times more or less than elsewhere: people answer less, later, and call more.
    "drifted": replace(
        DEFAULT, sms_draws=0.025, email_draws=0.05, letter_draws=0.025, call_draws=0.025, sms_delay=0.35,
        email_delay=0.2, letter_delay=4.0, call_delay=0.4, other_matters=0.007, again=0.45, after_end=0.6,
        strangers=0.002,
        messages_a_day=0.07, long_tail=0.25, moved=0.14, read_factor=1.0, asked_factor=1.1, confused=0.08,
        other_contract=0.12, topic_wrong=0.1, other_says_about=0.2,
    ),
}  # fmt: skip


def changed(rules: TownRules, settings: Mapping[str, str]) -> TownRules:
    """``rules`` with some of them set, by name. Raises `ValueError` for what is no rule or no number."""
    kinds = {each.name: type(getattr(DEFAULT, each.name)) for each in fields(TownRules)}
    values: dict[str, float] = {}
    for name, text in settings.items():
        if name not in kinds:
            raise ValueError(f"there is no rule '{name}'")
        values[name] = kinds[name](text)
    return replace(rules, **values)  # type: ignore[arg-type]

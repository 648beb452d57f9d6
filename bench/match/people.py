"""Who lives in the town: households and companies, their telephones, and what of it is on file."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from bench.match.rules import TOPICS, TownRules

MOBILE, LANDLINE, OFFICE = "mobile", "landline", "office"


@dataclass(frozen=True, slots=True)
class Contract:
    """What a customer has with the company, and its number, which letters print as the reference."""

    topic: str
    number: str


@dataclass(slots=True)
class Person:
    """Somebody in the town. ``lines`` are the telephones that are really theirs, ``on_file`` the numbers we have for a
    customer, ``texts_to`` the mobile number that texts go to; both may be wrong. ``weight`` is how much they get and
    call, 1 on average."""

    place: int
    household: int
    customer: bool
    weight: float
    withholds: bool
    lines: dict[str, str] = field(default_factory=dict)
    favourite: str = MOBILE
    on_file: set[str] = field(default_factory=set)
    texts_to: str | None = None
    contracts: list[Contract] = field(default_factory=list)

    @property
    def customer_id(self) -> str:
        return f"c{self.place:07d}"


@dataclass(slots=True)
class Company:
    """A switchboard: ``trunk`` is what all its extensions begin with."""

    trunk: str
    head_on_file: str
    shows_head: bool
    extensions: int = 10


@dataclass(slots=True)
class People:
    """All people. ``owners`` tells who has a mobile number now, ``withheld_lines`` which landlines withhold theirs."""

    persons: list[Person] = field(default_factory=list)
    households: dict[int, list[Person]] = field(default_factory=dict)
    customers: list[Person] = field(default_factory=list)
    owners: dict[str, Person] = field(default_factory=dict)
    withheld_lines: set[str] = field(default_factory=set)


class Numbers:
    """Telephone numbers that nobody else has; none is the beginning of another."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._given: set[str] = set()

    def mobile(self) -> str:
        return self._new("+4915", 9)

    def landline(self) -> str:
        return self._new(f"+4930{self._rng.randint(2, 5)}", 7)

    def trunk(self) -> str:
        return self._new(f"+4930{self._rng.randint(6, 9)}", 4)

    def _new(self, beginning: str, digits: int) -> str:
        while True:
            number = f"{beginning}{self._rng.randrange(10**digits):0{digits}d}"
            if number not in self._given:
                self._given.add(number)
                return number


def settle(rules: TownRules, customers: int, rng: Random, numbers: Numbers) -> People:
    """People until there are ``customers`` customers."""
    people = People()
    companies: list[Company] = []
    while len(people.customers) < customers:
        if rng.random() < rules.business:
            _company(rules, people, companies, rng, numbers)
        else:
            _household(rules, people, companies, rng, numbers)
    _contracts(people, rng)
    _moves(rules, people, rng, numbers)
    return people


def _household(rules: TownRules, people: People, companies: list[Company], rng: Random, numbers: Numbers) -> None:
    size = 1 if rng.random() < rules.alone else rng.choices((2, 3, 4, 5), (55, 22, 16, 7))[0]
    landline = numbers.landline() if rng.random() < rules.home_landline else None
    if landline and rng.random() < rules.withheld_landline:
        people.withheld_lines.add(landline)
    household = len(people.households)
    for member in range(size):
        person = _person(rules, people, household, member == 0 or rng.random() < rules.more_customers, rng)
        if rng.random() < rules.has_mobile or landline is None:
            person.lines[MOBILE] = numbers.mobile()
        if landline:
            person.lines[LANDLINE] = landline
        if companies and rng.random() < rules.works_in_town:
            person.lines[OFFICE] = _extension(rng.choice(companies))
        _prefer(rules, person, rng)
        if person.customer:
            _file(person, rules.mobile_on_file, rules.landline_on_file, rng)


def _company(rules: TownRules, people: People, companies: list[Company], rng: Random, numbers: Numbers) -> None:
    trunk = numbers.trunk()
    head = trunk + "0" if rng.random() < rules.head_with_zero else trunk
    company = Company(trunk, head, rng.random() < rules.shows_head)
    companies.append(company)
    for _ in range(1 + _poisson(rng, rules.contacts - 1)):
        person = _person(rules, people, len(people.households), True, rng)
        person.lines = {OFFICE: _extension(company), MOBILE: numbers.mobile()}
        person.favourite = OFFICE
        _file(person, rules.contact_mobile, 0.0, rng)
        person.on_file.add(company.head_on_file if rng.random() < rules.head_on_file else person.lines[OFFICE])


def _extension(company: Company) -> str:
    company.extensions += 1
    return company.trunk + "0" if company.shows_head else f"{company.trunk}{company.extensions}"


def _person(rules: TownRules, people: People, household: int, customer: bool, rng: Random) -> Person:
    weight = rng.gammavariate(rules.uneven, 1 / rules.uneven)
    person = Person(len(people.persons), household, customer, weight, rng.random() < rules.withheld_people)
    people.persons.append(person)
    people.households.setdefault(household, []).append(person)
    if customer:
        people.customers.append(person)
    return person


def _prefer(rules: TownRules, person: Person, rng: Random) -> None:
    shares = {MOBILE: rules.line_mobile, LANDLINE: rules.line_landline, OFFICE: rules.line_office}
    kinds = list(person.lines)
    person.favourite = rng.choices(kinds, [shares[kind] for kind in kinds])[0]


def _file(person: Person, mobile: float, landline: float, rng: Random) -> None:
    if MOBILE in person.lines and rng.random() < mobile:
        person.texts_to = person.lines[MOBILE]
        person.on_file.add(person.texts_to)
    if LANDLINE in person.lines and rng.random() < landline:
        person.on_file.add(person.lines[LANDLINE])


def _contracts(people: People, rng: Random) -> None:
    number = 410_000_000
    for person in people.customers:
        for topic in rng.sample(TOPICS, rng.choices((1, 2, 3), (50, 35, 15))[0]):
            number += rng.randint(1, 3)
            person.contracts.append(Contract(topic, str(number)))


def _moves(rules: TownRules, people: People, rng: Random, numbers: Numbers) -> None:
    """What became wrong since it was filed: people with new numbers, numbers with new people."""
    for person in people.persons:
        if MOBILE in person.lines:
            people.owners[person.lines[MOBILE]] = person
    for person in people.customers:
        if person.texts_to and rng.random() < rules.moved:
            given_up = person.texts_to
            person.lines[MOBILE] = numbers.mobile()
            people.owners[person.lines[MOBILE]] = person
            del people.owners[given_up]
            if rng.random() < rules.recycled:
                _take_over(rng.choice(people.persons), given_up, people, rng)
        landline = person.lines.get(LANDLINE)
        if landline in person.on_file and rng.random() < rules.landline_moved:
            other = rng.choice(people.households[rng.choice(people.persons).household])
            other.lines[LANDLINE], person.lines[LANDLINE] = landline, numbers.landline()
        if person.on_file and rng.random() < rules.wrong_on_file:
            stranger = rng.choice(people.persons)
            person.on_file.update(list(stranger.lines.values())[:1])


def _take_over(person: Person, number: str, people: People, rng: Random) -> None:
    """``person`` gets a number that was somebody else's; half of the customers tell us."""
    person.lines[MOBILE] = number
    people.owners[number] = person
    if person.customer and rng.random() < 0.5:
        person.on_file.add(number)
        person.texts_to = number


def _poisson(rng: Random, mean: float) -> int:
    """A Poisson draw by counting exponential waits; ``mean`` is small."""
    count, waited = 0, rng.expovariate(1.0)
    while waited < mean:
        count += 1
        waited += rng.expovariate(1.0)
    return count

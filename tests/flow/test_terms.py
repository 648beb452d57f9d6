"""What expressions name, and which conditions prove the caller."""

from __future__ import annotations

import pytest

from router.flow.terms import named_among, names, proves_caller


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("offer.title", {"offer.title"}),
        ("offer['title']", {"offer.title"}),
        ('offer.facts["Unit price"]', {"offer.facts.Unit price"}),
        ("'offer.title' + language", {"language"}),
        ("size(offer.title) > 3 && has(customer.name)", {"offer.title", "customer.name"}),
        ("offer.title.startsWith('x')", {"offer.title.startsWith"}),
        ("[offer].map(each, each.title)", {"offer", "each.title", "each"}),
        ("offer[language]", {"offer", "language"}),
        ("true", set()),
        ("language // offer.title", {"language"}),
        ("r'\\' + offer.title + '\\''", {"offer.title"}),
        ("not ( an expression", set()),
    ],
)
def test_what_an_expression_names(expression: str, found: set[str]) -> None:
    assert found <= names(expression) | {"each.title", "each"}
    assert names(expression) <= found | {"each"}


@pytest.mark.parametrize(
    "expression",
    [
        "offer . title", "offer\n.title", "offer['ti' + 'tle']", "offer['\\x74itle']", 'offer["""title"""]',
        "offer[r'title']", "{'o': offer}.o.title", "[offer].map(offer, offer.title)[0]", "dyn(offer).title",
        ".offer.title", "offer // c\n.title", "offer//\"\n.title + ''", "'\\'' + offer.title + '\\''",
        "r'''\\''' + offer.title", "language + '''\\'''+''' + offer.title + '''\\''''",
        'offer.campaign + """\\"""+""" + offer.title + """\\""""', "offer.known ? '' : offer.title",
        "[1].map(x, offer.title)[0]",
    ],
)  # fmt: skip
def test_no_way_of_writing_it_hides_a_personal_variable(expression: str) -> None:
    assert named_among(expression, ["offer.title"]) == "offer.title"


def test_the_whole_of_a_group_names_all_its_parts() -> None:
    assert named_among("[offer].map(each, each.title)", ["offer.title"]) == "offer.title"
    assert named_among("offer.titles", ["offer.title"]) is None
    assert named_among("offer.facts.price", ["offer.facts"]) == "offer.facts"


@pytest.mark.parametrize(
    "condition",
    [
        "match.assurance >= 3", "match.assurance > 2", "match.assurance == 3", "3 <= match.assurance",
        "2 < match.assurance", "(match.assurance >= 3)", "offer.known && match.assurance >= 3 && time.hour < 12",
        "(offer.known || false) && (match.assurance>=3)", "offer.title == '||' && match.assurance >= 3",
    ],
)  # fmt: skip
def test_conditions_that_prove_the_caller(condition: str) -> None:
    assert proves_caller(condition)


@pytest.mark.parametrize(
    "condition",
    [
        "match.assurance >= 2", "match.assurance > 1", "match.assurance < 3", "!(match.assurance >= 3)",
        "match.assurance >= 3 || offer.known", "offer.known ? match.assurance >= 3 : true",
        "offer.known || offer.known && match.assurance >= 3", "'match.assurance >= 3' == language",
        "(match.assurance >= 3) == (offer.known)", "(match.assurance >= 3) || (offer.known)",
        "match.assurance >= 3 == false", "[1].exists(match, match.assurance >= 3)", "match.assurance != 3",
        "!offer.known && true // match.assurance >= 3", "true",
        "match.assurance >= 3 && '''\\''' == ''' != 'x' || true || '''\\'''' == 'y'",
    ],
)  # fmt: skip
def test_conditions_that_prove_nothing(condition: str) -> None:
    assert not proves_caller(condition)

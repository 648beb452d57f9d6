"""Prints what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean

from bench.match.figures import (
    Calibration,
    Claim,
    Scored,
    Tally,
    calibration,
    interval,
    leading_claims,
    message_loss,
    tally,
    told_claims,
    top_claims,
)
from bench.match.mixes import MIXES
from bench.match.outcome import Belief, Outcome
from bench.match.score import OURS, Result

SURE_AIM, ECE_AIM, TIED_AIM, KEYS_AIM = 0.997, 0.02, 0.9, 0.5
BAR = 30
Methods = Mapping[str, Sequence[Scored]]


def before(outcome: Outcome) -> Belief | None:
    return outcome.before


def after(outcome: Outcome) -> Belief | None:
    return outcome.after


def town(result: Result) -> str:
    """All about one town."""
    head = f"{result.name}, seed {result.seed}: {result.customers} customers, {result.messages} messages"
    return "\n".join((f"== {head}", "", *_whole(result.methods)))


def together(results: Sequence[Result]) -> str:
    """All towns as one, and each town's figures in a line."""
    methods = {name: [each for result in results for each in result.methods[name]] for name in results[0].methods}
    lines = ["== all towns together", "", *_whole(methods), "", *_by_town(results), "", *_aims(results, methods)]
    return "\n".join(lines)


def _whole(methods: Methods) -> list[str]:
    return [*_methods(methods), "", *_mixes(methods[OURS]), "", *_calibrations(methods[OURS])]


def _methods(methods: Methods) -> list[str]:
    rows = [
        (
            "method",
            "calls",
            "right",
            "wrong",
            "nobody",
            "tied",
            "tied*",
            "questions",
            "digits",
            "opened to stranger",
            "title",
        )
    ]
    for name, scored in methods.items():
        sums = tally(scored)
        rows.append(
            (name, str(sums.calls), str(sums.right), str(sums.wrong), str(sums.abstained),
             _share(sums.right, sums.about), _share(sums.right_tieable, sums.tieable),
             f"{sums.questions / sums.calls:.2f}", f"{sums.keys / sums.calls:.2f}", str(sums.disclosed),
             str(sums.titles))
        )  # fmt: skip
    note = "tied: of the calls about a message, those tied to the right one; tied*: of those that anybody could tie"
    return [*_table(rows), note, "questions and digits keyed in are a call's, on average; the hash key is no digit"]


_MIXES_HEAD = (
    "evidence", "calls", "right", "wrong", "nobody", "sure", "of it right", "likely", "of it right", "questions",
    "digits", "about/topic/end/code", "to stranger",
)  # fmt: skip


def _mixes(scored: Sequence[Scored]) -> list[str]:
    rows: list[tuple[str, ...]] = [_MIXES_HEAD]
    for mix in (*MIXES, None):
        sums = tally(each for each in scored if mix in (None, each.mix))
        if sums.calls:
            rows.append(_mix(mix or "all", sums))
    return _table(rows)


def _mix(name: str, sums: Tally) -> tuple[str, ...]:
    asked = "/".join(str(sums.asked.get(kind, 0)) for kind in ("about_message", "topic", "last_digits", "code"))
    return (
        name, str(sums.calls), str(sums.right), str(sums.wrong), str(sums.abstained), str(sums.sure),
        _share(sums.sure_right, sums.sure), str(sums.likely), _share(sums.likely_right, sums.likely),
        f"{sums.questions / sums.calls:.2f}", f"{sums.keys / sums.calls:.2f}", asked, str(sums.disclosed),
    )  # fmt: skip


Claims = Callable[[Iterable[Scored], Callable[[Outcome], Belief | None]], Iterable[Claim]]
CLAIMS: Mapping[str, Claims] = {
    "likeliest message, all calls": top_claims,
    "likeliest message, calls that have one": told_claims,
    "leading hypothesis, none included": leading_claims,
}
MOMENTS = {"before the first question": before, "at the end": after}


def _calibrations(scored: Sequence[Scored]) -> list[str]:
    lines: list[str] = []
    for moment, when in MOMENTS.items():
        lines.append(f"calibration {moment}; log loss over all hypotheses {message_loss(scored, when):.4f}")
        for name, claims in CLAIMS.items():
            found = calibration(list(claims(scored, when)))
            lines.append(f"  {name}: ECE {found.error:.4f}, log loss {found.log_loss:.4f}, {found.claims} calls")
            lines += _curve(found)
    return lines


def _curve(found: Calibration) -> list[str]:
    lines = []
    for each in found.bins:
        low, high = interval(round(each.true * each.count), each.count)
        bar = ["·"] * (BAR + 1)
        bar[round(each.true * BAR)] = "o"
        bar[round(each.claimed * BAR)] = "x" if bar[round(each.claimed * BAR)] == "o" else "|"
        within = " " if low <= each.claimed <= high else "!"
        lines.append(f"    said {each.claimed:.3f}  was {each.true:.3f}{within} {each.count:6d}  {''.join(bar)}")
    return lines


_TOWNS_HEAD = (
    "town", "seed", "calls", "sure right", "tied", "tied*", "digits of asking all", "ECE top", "ECE lead",
    "ECE top before", "ECE lead before", "wrong", "to stranger",
)  # fmt: skip


def _by_town(results: Sequence[Result]) -> list[str]:
    rows: list[tuple[str, ...]] = [_TOWNS_HEAD]
    for result in results:
        scored = result.methods[OURS]
        sums, all_asked = tally(scored), tally(result.methods["ask all for code"])
        errors = [
            f"{calibration(list(claims(scored, when))).error:.4f}"
            for when in (after, before)
            for claims in (top_claims, leading_claims)
        ]
        rows.append(
            (result.name, str(result.seed), str(sums.calls), _share(sums.sure_right, sums.sure),
             _share(sums.right, sums.about), _share(sums.right_tieable, sums.tieable),
             _share(sums.keys, all_asked.keys), *errors, str(sums.wrong), str(sums.disclosed))
        )  # fmt: skip
    return _table(rows)


def _aims(results: Sequence[Result], methods: Methods) -> list[str]:
    sums, all_asked = tally(methods[OURS]), tally(methods["ask all for code"])
    low, high = interval(sums.sure_right, sums.sure)
    sure = sums.sure_right / max(sums.sure, 1)
    lines = [_aim(sure >= SURE_AIM, f"of `sure` {sure:.2%} right (95 % interval {low:.2%} to {high:.2%}), aim 99.7 %")]
    for name, claims in (("likeliest message", top_claims), ("leading hypothesis", leading_claims)):
        errors = [calibration(list(claims(each.methods[OURS], after))).error for each in results]
        text = f"ECE of the {name} at the end, by town: mean {fmean(errors):.4f}, worst {max(errors):.4f}, aim 0.02"
        lines.append(_aim(max(errors) <= ECE_AIM, text))
    tied = sums.right / max(sums.about, 1)
    hopeless = sums.about - sums.tieable
    text = f"{tied:.1%} of the {sums.about} calls about a message tied to the right one, aim 90 %"
    lines.append(_aim(tied >= TIED_AIM, f"{text}; without the {hopeless} that nobody could tie: "
                      f"{sums.right_tieable / max(sums.tieable, 1):.1%}"))  # fmt: skip
    keys = sums.keys / max(all_asked.keys, 1)
    lines.append(_aim(keys < KEYS_AIM, f"{keys:.1%} of the digits that asking everybody for the code takes, aim 50 %"))
    return lines


def _aim(met: bool, text: str) -> str:
    return f"{'met    ' if met else 'NOT MET'}  {text}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width)
                  for place, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]  # fmt: skip

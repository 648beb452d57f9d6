"""Whole runs of small towns: they end, come out the same again, and their numbers add up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.match import report, score
from bench.match.__main__ import main
from bench.match.figures import calibration, interval, leading_claims, tally, top_claims
from bench.match.mixes import MIXES
from bench.match.rules import DEFAULT
from bench.match.traffic import Kind

JOB = score.Job("default", replace(DEFAULT, past_days=60.0, window_days=40.0), 7, 300)


@pytest.fixture(scope="module")
def result() -> score.Result:
    return score.run(JOB)


def test_a_run_of_300_calls_adds_up(result: score.Result) -> None:
    for name, scored in result.methods.items():
        total = tally(scored)
        assert total.calls == 300, name
        assert total.right + total.wrong + total.abstained == 300
        assert total.right <= total.about
        assert total.right_tieable <= total.tieable <= total.about
        by_mix = [tally(each for each in scored if each.mix == mix) for mix in MIXES]
        assert sum(each.calls for each in by_mix) == 300
        assert sum(each.right for each in by_mix) == total.right
        assert all(each.truth is not None for each in scored if each.call.kind is Kind.ABOUT)
        assert sum(total.asked.values()) == total.questions


def test_ours_beats_every_baseline_where_it_counts(result: score.Result) -> None:
    tallies = {name: tally(scored) for name, scored in result.methods.items()}
    ours = tallies.pop(score.OURS)
    assert ours.right > max(each.right for each in tallies.values())
    assert ours.keys < tallies["ask all for code"].keys
    assert ours.sure > 0
    assert ours.sure_right >= ours.sure - 1


def test_the_same_run_gives_the_same_figures(result: score.Result) -> None:
    again = score.run(JOB)
    assert [each.outcome for each in again.methods[score.OURS]] == [each.outcome for each in result.methods[score.OURS]]
    assert report.town(again) == report.town(result)


def test_the_report_says_which_aims_were_met(result: score.Result) -> None:
    told = report.together([result])
    aims = [line for line in told.splitlines() if line.startswith(("met ", "NOT MET"))]
    assert len(aims) == 5
    assert "that nobody could tie" in told


def test_probabilities_are_claims_about_every_call(result: score.Result) -> None:
    ours = result.methods[score.OURS]
    for claims in (top_claims, leading_claims):
        assert len(list(claims(ours, report.after))) == 300
    assert not list(top_claims(result.methods["first hit"], report.after)), "others claim nothing"


def test_calibration_finds_what_is_over_and_underconfident() -> None:
    honest = [(0.75, number % 4 != 0) for number in range(400)]
    assert calibration(honest).error == pytest.approx(0.0)
    assert calibration([(0.95, true) for _, true in honest]).error == pytest.approx(0.2)
    assert calibration([]).error == 0.0
    assert calibration([(1.0, True), (0.0, False)]).log_loss == pytest.approx(0.0)


def test_a_share_has_an_interval_that_holds_it() -> None:
    low, high = interval(997, 1000)
    assert 0.99 < low < 0.997 < high < 1.0
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(0, 50)[0] == 0.0


def test_wrong_arguments_are_told_and_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--set", "mooved=1"]) == 2
    assert "mooved" in capsys.readouterr().err
    assert main(["--set", "moved"]) == 2

"""The figures in words and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import quantiles

from bench.speech.baselines import Found
from bench.speech.listened import CALLERS, Listened
from bench.speech.outcome import Ended, Outcome
from bench.speech.recordings import Recording

_BY = (
    ("language, condition", lambda each: (each.language, each.condition)),
    ("language, style", lambda each: (each.language, each.style)),
    ("language, voice", lambda each: (each.language, each.voice)),
)  # fmt: skip
Key = Callable[[Recording], tuple[str, ...]]
WITHIN_ONE = (Outcome.ACCEPTED, Outcome.CONFIRMED)


def outcomes(title: str, ended: Sequence[Ended]) -> list[str]:
    """What became of callers, as percentages, in all and by group."""
    head = f"{'':24}{'n':>5}{'right':>9}{'within':>9}{'with':>9}{'asked':>9}{'keys':>9}{'wrong':>9}{'questions':>11}"
    under = f"{'':24}{'':>5}{'unasked':>9}{'one':>9}{'two':>9}{'a part':>9}{'':>9}{'':>9}{'each':>11}"
    lines = [title, head, under, _line("all", ended)]
    for _, key in _BY:
        lines += [_line(" ".join(group), part) for group, part in _grouped(ended, key)]
    return [*lines, ""]


def _line(name: str, ended: Sequence[Ended]) -> str:
    def share(*kinds: Outcome) -> str:
        return f"{100 * sum(each.outcome in kinds for each in ended) / len(ended):8.1f} "

    questions = sum(each.questions for each in ended) / len(ended)
    columns = (
        share(Outcome.ACCEPTED), share(*WITHIN_ONE), share(*WITHIN_ONE, Outcome.LATER), share(Outcome.PART),
        share(Outcome.KEYS), share(Outcome.WRONG),
    )  # fmt: skip
    return f"{name:24}{len(ended):>5}{''.join(columns)}{questions:>10.2f}"


def _grouped(ended: Sequence[Ended], key: Key) -> Iterable[tuple[tuple[str, ...], list[Ended]]]:
    groups = sorted({key(each.recording) for each in ended})
    return [(group, [each for each in ended if key(each.recording) == group]) for group in groups]


def baselines(title: str, ways: dict[str, list[Found]]) -> list[str]:
    """What simpler ways come to, without a question."""
    lines = [title]
    for name, found in ways.items():
        shares = ", ".join(f"{100 * found.count(kind) / len(found):.1f} % {kind.value}" for kind in Found)
        lines.append(f"  {name}: {shares}")
    return [*lines, ""]


def latency(listened: Sequence[Listened], recordings: Sequence[Recording]) -> list[str]:
    """How long callers waited for words, from the end of what they said."""
    languages = {each.name: each.language for each in recordings}
    lines = [f"from the end of speech to readings, {CALLERS} callers at one time, seconds: p50, p95, longest"]
    for language in sorted(set(languages.values())):
        seconds = sorted(each.seconds for each in listened if languages[each.name] == language)
        if len(seconds) > 1:
            parts = quantiles(seconds, n=100, method="inclusive")
            lines.append(f"  {language}: {parts[49]:.2f}, {parts[94]:.2f}, {seconds[-1]:.2f}")
    return [*lines, ""]

"""Scores two DSPy programs on the same held-out examples and says whether the difference is more than noise. Offline.

Here both "models" are scripted. In use, give `scored` your programs and a context with your own models.
Needs dspy 3.4. Run: python evaluate_example.py
"""
# ruff: noqa: T201 (a program for the command line prints)

import argparse
import random
from collections.abc import Callable
from statistics import mean

import dspy
from dspy.utils import DummyLM


class Route(dspy.Signature):  # type: ignore[misc]  # dspy ships no types
    """Choose the team that can solve the ticket."""

    ticket: str = dspy.InputField()
    team: str = dspy.OutputField()


def examples(count: int) -> list[dspy.Example]:
    """`with_inputs` says which fields the program may see: without it every score is 0."""
    teams = ["billing", "support"]
    return [dspy.Example(ticket=f"ticket {n}", team=teams[n % 2]).with_inputs("ticket") for n in range(count)]


def right_team(example: dspy.Example, prediction: dspy.Prediction, trace: object = None) -> float:  # noqa: ARG001 (optimizers pass it)
    """The metric. A bug in it would count as a wrong answer, so `checked` calls it on known pairs first."""
    return float(example.team == prediction.team)


def checked(metric: Callable[[dspy.Example, dspy.Prediction], float], devset: list[dspy.Example]) -> None:
    """Refuse to start with a metric or examples that cannot work."""
    first = devset[0]
    assert all(example.inputs().keys() for example in devset), "call with_inputs on every example"
    assert metric(first, dspy.Prediction(**first.labels().toDict())) == 1.0, "the right answer must score 1"
    assert metric(first, dspy.Prediction(team="nonsense")) == 0.0, "a wrong answer must score 0"


def scored(program: dspy.Module, devset: list[dspy.Example]) -> list[float]:
    """One score an example. The first failure of a provider stops it: by default ten are counted as wrong answers."""
    evaluate = dspy.Evaluate(devset=devset, metric=right_team, num_threads=1, max_errors=1, provide_traceback=True)
    return [float(score) for _, _, score in evaluate(program).results]


def interval(old: list[float], new: list[float], rounds: int = 5_000) -> tuple[float, float]:
    """95 % of the mean difference: a paired bootstrap, as both programs saw the same examples."""
    differences = [after - before for before, after in zip(old, new, strict=True)]
    drawn = random.Random(7)  # noqa: S311 (resampling)
    means = sorted(mean(drawn.choices(differences, k=len(differences))) for _ in range(rounds))
    return means[int(rounds * 0.025)], means[int(rounds * 0.975) - 1]


def main() -> None:
    """Compare a program that guesses with one that knows."""
    devset = examples(40)
    checked(right_team, devset)
    program = dspy.Predict(Route)
    with dspy.context(lm=DummyLM([{"team": "billing"}] * 40)):
        old = scored(program, devset)
    with dspy.context(lm=DummyLM([{"team": example.team} for example in devset])):
        new = scored(program, devset)
    low, high = interval(old, new)
    print(
        f"old {mean(old):.2f}, new {mean(new):.2f}, difference {mean(new) - mean(old):+.2f} ({low:+.2f} to {high:+.2f})"
    )
    print("better" if low > 0 else "not shown")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()

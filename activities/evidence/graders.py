"""Verdicts on an agent's answer that need no model: by the rules of `domain.evidence.grading`, a schema, a command.

Must not ask a model, and must not run anything but in the sandbox. What cannot be decided here says so, and why.
"""

import asyncio
import shlex

from activities.evidence.fitting import Undecided, fits
from activities.evidence.sandbox import NoSandbox, Sandbox
from domain.evaluation import CheckedExpectation, EvaluationCase, Expectation
from domain.evidence import grading
from domain.evidence.grading import UNDECIDED


class Graders:
    """Grades by code, whatever can be."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Take where commands are run."""
        self.sandbox = sandbox

    async def check(self, case: EvaluationCase, expectation: Expectation, output: str) -> CheckedExpectation | None:
        """The verdict on one expectation; None when only a judge can tell.

        In a thread: a slow pattern or schema must not hold up the steps of other jobs, or this one's heartbeat.
        """
        certain = await asyncio.to_thread(_by_rule, expectation, output)
        if certain is not None or expectation.check != "command":
            return certain
        return await self._command(case, expectation, output)

    async def _command(self, case: EvaluationCase, expectation: Expectation, output: str) -> CheckedExpectation:
        """A command of a person's, on the answer. One that a model wrote is never run."""
        if not case.by_person:
            return undecided(expectation, "commands are only run for cases that a person wrote.")
        try:
            argv = shlex.split(expectation.value)
        except ValueError as error:
            return undecided(expectation, f"the command cannot be read: {error}.")
        if not argv or "\0" in expectation.value:
            return undecided(expectation, "there is no command.")
        try:
            ran = await self.sandbox.run(argv, output)
        except NoSandbox as why:
            return undecided(expectation, f"{why}.")
        said = " ".join(ran.said.split())[:160]
        ended = f"The command was stopped: {ran.stopped}." if ran.stopped else f"The command ended with {ran.code}"
        return _verdict(expectation, ran.code == 0, ended if ran.stopped else f"{ended}{f': {said}' if said else '.'}")


def _by_rule(expectation: Expectation, output: str) -> CheckedExpectation | None:
    certain = grading.check(expectation, output)
    if certain is not None or expectation.check != "json_schema":
        return certain
    try:
        return _verdict(expectation, *fits(expectation.value, output))
    except Undecided as why:
        return undecided(expectation, f"{why}.")


def undecided(expectation: Expectation, why: str) -> CheckedExpectation:
    """No verdict; it counts neither for nor against."""
    return _verdict(expectation, False, f"{UNDECIDED}{why}")


def _verdict(expectation: Expectation, passed: bool, reason: str) -> CheckedExpectation:
    return CheckedExpectation(text=expectation.text, check=expectation.check, passed=passed, reason=reason)

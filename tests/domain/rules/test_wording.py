"""Descriptions that agents choose wrongly by, and ones that look like them."""

import pytest

from domain.rules.wording import wording


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I can help you process invoices.", "description-person"),
        ("My purpose is to sort invoices.", "description-person"),
        ("You can use this to sort invoices by date.", "description-person"),
        ("Sorts invoices by date. Use for any task.", "description-too-broad"),
        ("Sorts invoices by date. Always use this skill.", "description-too-broad"),
        ("Sorts invoices by date; applies to all requests.", "description-too-broad"),
        ("Helps with documents.", "description-vague"),
        ("First reads the invoice, then sorts the list, finally writes a report.", "description-workflow"),
        ("Invoices: read → sort → write → send.", "description-workflow"),
    ],
)
def test_each_kind_has_its_code(text: str, code: str) -> None:
    assert [found.code for found in wording(text)] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "Sorts invoices by date. Use when a mailbox holds bills.",
        'Reviews prose. Use when the user says "I can help" or "use for any task".',
        "Runs tests on all files of a project.",
        "Checks all requests to a web service for credentials.",
        "Reads a file, then sorts it.",
        "整理发票并标记逾期。",
        "Does x. Use when y.",
    ],
)
def test_ordinary_descriptions_pass(text: str) -> None:
    assert list(wording(text)) == []

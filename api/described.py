"""What every route's documentation shares: the problem documents it may answer with."""

from http import HTTPStatus

from api.examples import PROBLEM
from api.problems import MEDIA_TYPE, Problem

Responses = dict[int | str, dict[str, object]]

WHY = {
    403: "Another site's page tried to change something, or only others may change it.",
    404: "No such thing, or not for this person.",
    409: "Something else stands in the way; the document says what.",
    410: "The job has ended, or the skill was withdrawn.",
    413: "The body is larger than this route takes: 512 KB; a file for `POST /sources` 20 MB, an archive 50 MB.",
    422: "The request does not fit; `errors` names each field.",
    503: "The database or Temporal cannot be reached; nothing was lost.",
}


def problems(*statuses: int) -> Responses:
    """The entries of `responses=` for these statuses."""
    return {
        status: {
            "model": Problem,
            "description": WHY.get(status, HTTPStatus(status).phrase),
            "content": {MEDIA_TYPE: {"example": {**PROBLEM, "status": status}}},
        }
        for status in statuses
    }

"""Examples shown in the OpenAPI document. Nothing else reads them."""

from pydantic import JsonValue

JOB = "6f1f0f0e-5a43-4f0e-9a3c-0d7a8c3c2b11"

START: dict[str, JsonValue] = {
    "task_description": "Create a skill for handling user data",
    "options": {"confirm": True, "category": "data", "max_questions": 3, "hitl_timeout": "P7D"},
    "sources": [{"name": "notes.md", "content": "Deletion requests are answered within 30 days."}],
}
GO_ON: dict[str, JsonValue] = {"from_job": JOB, "from_revision": 2, "options": {"max_questions": 0}}
STARTED: dict[str, JsonValue] = {"job_id": JOB, "status": "pending", "progress_percent": 0}
ANSWERS: dict[str, JsonValue] = {
    "interaction_id": "0a57cf0c-31f4-5f0f-8a8b-3b1a6f7c2d10",
    "action": "proceed",
    "answers": {"q1": "GDPR deletion requests", "q2": "you decide"},
}
REVISION: dict[str, JsonValue] = {
    "interaction_id": "0a57cf0c-31f4-5f0f-8a8b-3b1a6f7c2d10",
    "action": "revise",
    "feedback": "Add more examples to the Quick Start section",
}
PROBLEM: dict[str, JsonValue] = {
    "type": "about:blank",
    "title": "The request does not fit",
    "status": 422,
    "detail": "task_description: At least 3 words are needed to know what is meant (this has 2).",
    "instance": "/api/v1/skills",
    "request_id": "4fd0a1b2c3d4e5f60718293a4b5c6d7e",
    "code": "invalid_request",
    "errors": {"task_description": "At least 3 words are needed to know what is meant (this has 2)."},
}
EVENTS = (
    'id: 0\nevent: state\ndata: {"seq":7,"type":"state","status":"running","phase":"generation","progress":50}\n\n'
    'id: 1\nevent: started\ndata: {"seq":1,"type":"started","status":"running","phase":null,"progress":0}\n\n'
)
XML = (
    "<available_skills>\n<skill>\n<name>\nhandling-user-data\n</name>\n<description>\nHandles user data.\n"
    "</description>\n<location>\n/library/data/handling-user-data/SKILL.md\n</location>\n</skill>\n</available_skills>"
)

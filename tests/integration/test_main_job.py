"""The main job on real parts, the model provider apart: from a sentence to a published skill."""

import skills_ref

from domain.job import JobStatus
from domain.prompt import HitlType
from tests.support.fleet import Fleet


async def test_a_sentence_becomes_a_published_skill_without_a_person(fleet: Fleet) -> None:
    job_id = await fleet.start(auto_approve=True, promote=True)
    outcome = await fleet.outcome(job_id)
    job = await fleet.job(job_id)
    assert outcome.status is JobStatus.COMPLETED, job.error
    assert job.promoted and job.final_path == outcome.path
    assert skills_ref.validate(fleet.library / job.final_path) == []

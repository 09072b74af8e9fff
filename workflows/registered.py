"""The workflows that a worker runs, and that the replay gate sends recorded and running histories through.

One list for both: a workflow that the gate does not know would reach a deploy unproven.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.check_library import CheckLibrary
    from workflows.create_skill import CreateSkill
    from workflows.curate_skill import CurateSkill
    from workflows.evaluate_library import EvaluateLibrary
    from workflows.evaluate_skill import EvaluateSkill
    from workflows.import_skills import ImportSkills
    from workflows.promote_skill import PromoteSkill
    from workflows.retention import Retention

ALL: tuple[type, ...] = (
    CreateSkill,
    EvaluateSkill,
    EvaluateLibrary,
    PromoteSkill,
    CurateSkill,
    CheckLibrary,
    ImportSkills,
    Retention,
)

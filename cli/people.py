"""`assign` and `groups`: who shall answer for a job."""

from typing import Annotated

import typer

from cli.jobs import JobId
from cli.problems import UsageProblem
from cli.run import run_of
from domain.job import JobView
from domain.shape import Shape, StrictShape


class Assignment(StrictShape):
    """Body of `PUT /jobs/{id}/assignee`; null: nobody."""

    assignee: str | None


class Group(Shape):
    """A group and its members."""

    name: str
    members: list[str]


class GroupList(Shape):
    """`GET /groups`, by name."""

    groups: list[Group]


class Members(StrictShape):
    """Body of `PUT /groups/{name}`: all members."""

    members: list[str]


def assign(
    ctx: typer.Context,
    job: JobId,
    who: Annotated[str | None, typer.Argument(help="A person's name, or group:NAME.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Take it back.")] = False,
) -> None:
    """Hand a job to a person or a group. They may then do all that its owner may."""
    run = run_of(ctx)
    if (who is None) is not nobody:
        raise UsageProblem(
            "Give a name, group:NAME or --nobody.", next_step=f"skill-fleet assign {job} group:reviewers"
        )
    with run.api() as api:
        view = api.put(f"/jobs/{job}/assignee", Assignment(assignee=who), JobView)
    if run.out.json_wanted:
        run.out.document(view)
        return
    run.out.line(f"{job} is for {view.assignee or 'nobody'}")


def groups(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One group.")] = None,
    members: Annotated[list[str] | None, typer.Option("--member", help="Makes it these; repeatable.")] = None,
) -> None:
    """List the groups that jobs can be assigned to. With --member make or change one."""
    run = run_of(ctx)
    if members and name is None:
        raise UsageProblem("Which group?", next_step="skill-fleet groups NAME --member ada --member bob")
    with run.api() as api:
        if members:
            found = [api.put(f"/groups/{name}", Members(members=members), Group)]
        elif name is not None:
            found = [api.get(f"/groups/{name}", Group)]
        else:
            found = api.get("/groups", GroupList).groups
    if run.out.json_wanted:
        run.out.document(GroupList(groups=found))
        return
    run.out.rows(("Group", "Members"), [(group.name, ", ".join(group.members)) for group in found])
    if not found:
        run.out.say("no groups yet; make one: skill-fleet groups NAME --member ada")

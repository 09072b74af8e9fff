"""Groups over HTTP: anyone makes one, its members change it, everyone sees it."""

import httpx
import pytest

ADA, EVE = {"X-User-Id": "ada"}, {"X-User-Id": "eve"}


async def put(client: httpx.AsyncClient, name: str, members: list[str], by: dict[str, str] = ADA) -> httpx.Response:
    return await client.put(f"/api/v1/groups/{name}", json={"members": members}, headers=by)


async def test_a_group_is_made_read_and_listed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/groups")).json() == {"groups": []}
    made = await put(client, "reviewers", ["bob", "ada", " ada "])
    assert (made.status_code, made.json()) == (200, {"name": "reviewers", "members": ["ada", "bob"]})
    assert (await client.get("/api/v1/groups/reviewers")).json() == made.json()
    await put(client, "authors", ["cleo"])
    listed = (await client.get("/api/v1/groups")).json()["groups"]
    assert [group["name"] for group in listed] == ["authors", "reviewers"]
    missing = await client.get("/api/v1/groups/none")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_nobody_makes_themselves_a_member(client: httpx.AsyncClient) -> None:
    await put(client, "reviewers", ["ada"])
    refused = await put(client, "reviewers", ["ada", "eve"], EVE)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert (await client.get("/api/v1/groups/reviewers")).json()["members"] == ["ada"]
    assert (await put(client, "reviewers", ["ada", "eve"])).status_code == 200
    assert (await put(client, "reviewers", ["eve"], EVE)).json()["members"] == ["eve"]
    assert (await put(client, "reviewers", ["ada"], {"X-User-Id": "local"})).status_code == 200


@pytest.mark.parametrize("name", ["Reviewers", "a_b", "-a", "a--b", "x" * 65, "é"])
async def test_a_group_has_a_plain_name(client: httpx.AsyncClient, name: str) -> None:
    response = await put(client, name, ["ada"])
    assert (response.status_code, list(response.json()["errors"])) == (422, ["name"])


@pytest.mark.parametrize(
    ("members", "field"), [([], "members"), (["ada", ""], "members.1"), (["x" * 256], "members.0")]
)
async def test_a_group_has_members_with_names(client: httpx.AsyncClient, members: list[str], field: str) -> None:
    response = await put(client, "reviewers", members)
    assert (response.status_code, list(response.json()["errors"])) == (422, [field])
    assert (await client.get("/api/v1/groups/reviewers")).status_code == 404

"""What holds for every request and answer: ids, headers, and that other sites' pages change nothing."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.datastructures import Headers

from api.guard import host_name, is_cross_site

TASK = {"task_description": "Handle all user data"}


@pytest.mark.parametrize("path", ["/api/v1/health/live", "/api/v1/nonsense", "/", "/static/style.css", "/nonsense"])
async def test_every_answer_carries_the_security_headers_and_a_request_id(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert len(headers["X-Request-Id"]) == 32


async def test_a_plain_request_id_is_kept_and_a_strange_one_replaced(client: httpx.AsyncClient) -> None:
    kept = await client.get("/api/v1/nonsense", headers={"X-Request-Id": "trace-7"})
    assert kept.headers["X-Request-Id"] == kept.json()["request_id"] == "trace-7"
    replaced = await client.get("/api/v1/nonsense", headers={"X-Request-Id": "a b" * 50})
    assert replaced.headers["X-Request-Id"] != "a b" * 50


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ],
)
async def test_a_page_of_another_site_cannot_write(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    response = await client.post("/api/v1/skills", json=TASK, headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "cross_site")
    assert (await client.get("/api/v1/health/live", headers=headers)).status_code == 200


async def test_our_own_page_and_programs_can_write(client: httpx.AsyncClient) -> None:
    own = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    assert (await client.post("/api/v1/skills", json=TASK, headers=own)).status_code == 202
    assert (await client.post("/api/v1/skills", json=TASK)).status_code == 202


async def test_a_foreign_name_that_points_here_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/jobs", headers={"Host": "evil.example:8000"})
    assert (response.status_code, response.json()["code"]) == (400, "host_refused")
    for host in ("localhost:1", "[::1]:8000", "127.0.0.1"):
        assert (await client.get("/api/v1/health/live", headers={"Host": host})).status_code == 200


async def test_a_body_that_is_too_large_is_refused_also_when_it_comes_in_pieces(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 65536

    response = await client.post("/api/v1/skills", content=pieces(), headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_the_port_is_no_part_of_a_name() -> None:
    assert [host_name(host) for host in ("[::1]:80", "LOCALHOST:80", "a.b")] == ["[::1]", "localhost", "a.b"]


def test_a_request_without_an_origin_comes_from_no_page() -> None:
    assert not is_cross_site(Headers({}), "localhost:80")

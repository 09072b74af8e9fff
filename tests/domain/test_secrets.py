"""Live-looking secrets are found and never shown. The samples are put together here, so that no file holds one."""

import random
import string

import pytest

from domain.secrets import entropy, secrets


def _token(size: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(random.Random(size).choices(alphabet, k=size))


UPPER = string.ascii_uppercase + string.digits

SECRETS = {
    "secret-aws": "AKIA" + _token(16, UPPER),
    "secret-github": "ghp_" + _token(36),
    "secret-gitlab": "glpat-" + _token(20),
    "secret-slack": "xoxb-" + _token(24),
    "secret-google": "AIza" + _token(35),
    "secret-stripe": "sk_" + "live_" + _token(24),
    "secret-model-key": "sk-" + "ant-api03-" + _token(40),
    "secret-hub": "hf_" + _token(34),
    "secret-jwt": "eyJ" + _token(20) + ".eyJ" + _token(20) + "." + _token(30),
    "secret-url": "postgres://app:" + _token(12) + "@db.internal/app",
    "secret-private-key": "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    "secret-assignment": 'DB_PASSWORD = "' + _token(18) + '"',
}


@pytest.mark.parametrize("code", SECRETS)
def test_a_secret_is_an_error_that_never_shows_it(code: str) -> None:
    value = SECRETS[code]
    (finding,) = secrets(f"first\nUse {value} here", "notes.md")
    assert (finding.code, finding.file, finding.line) == (code, "notes.md", 2)
    assert value not in finding.model_dump_json()
    assert len((finding.excerpt or "").partition("…")[0]) <= 4


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        'password = "changeme-please"',
        'password: "correct horse battery"',
        'api_key = "${OPENAI_API_KEY}"',
        'token = os.environ["SERVICE_TOKEN"]',
        "Set `OPENAI_API_KEY=sk-your-key-goes-right-here`.",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxx",
        "postgres://user:password@localhost/db"[0:11] + "<user>:<password>@localhost/db",
        "The secret: write short sentences.",
        "risk-assessment-and-mitigation-planning",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    ],
)
def test_samples_and_ordinary_words_are_no_secrets(text: str) -> None:
    assert list(secrets(text, "SKILL.md")) == []


def test_entropy_tells_words_from_tokens() -> None:
    assert entropy("") == 0
    assert entropy("aaaa") == 0
    assert entropy("password") < 3 < entropy(_token(24))

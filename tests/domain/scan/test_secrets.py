"""Live-looking secrets are found and never shown. The samples are put together here, so that no file holds one."""

import random
import string

import pytest

from domain.scan.secrets import entropy, secrets


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


PLAIN = {
    "AWS_SECRET_ACCESS_KEY=" + _token(40): "secret-assignment",
    "DB_PASSWORD=" + _token(14): "secret-assignment",
    "password: " + _token(14): "secret-assignment",
    "  api_key: " + _token(20) + "  # live": "secret-assignment",
    "export API_TOKEN=" + _token(24): "secret-assignment",
    "token = " + _token(24): "secret-assignment",
    'password = "' + _token(9) + "$" + _token(5) + '<{"': "secret-assignment",
    "npm_" + _token(36): "secret-registry",
    "pypi-" + _token(60): "secret-registry",
    "SG." + _token(22) + "." + _token(43): "secret-mail",
    "dop_v1_" + _token(64, "0123456789abcdef"): "secret-cloud",
    "hvs." + _token(24): "secret-cloud",
    "dapi" + _token(32, "0123456789abcdef"): "secret-cloud",
    "shpat_" + _token(32, "0123456789abcdef"): "secret-cloud",
    "AccountKey=" + _token(86) + "==": "secret-cloud",
    "gsk_" + _token(52): "secret-model-key",
    "7301946285:AA" + _token(33): "secret-bot",
    "Authorization: Bearer " + _token(32): "secret-header",
    'curl -H "Authorization: Basic ' + _token(40) + '"': "secret-header",
}


@pytest.mark.parametrize("text", PLAIN)
@pytest.mark.parametrize("file", [".env", "config.ini", "config.yaml", "a.sh", "SKILL.md"])
def test_a_secret_without_quotes_is_found_where_values_have_none(text: str, file: str) -> None:
    assert PLAIN[text] in [finding.code for finding in secrets(f"first\n{text}\nlast\n", file)]


@pytest.mark.parametrize(
    "text",
    [
        'PASSWORD_FIELD = "password_confirmation2"',
        "TOKEN_URL=https://example.org/oauth2/token",
        "DB_PASSWORD=${DB_PASSWORD_V2}",
        "DB_PASSWORD=<your-password-123>",
        "password: {{ vault.password2 }}",
        "password: changeme1234",
        "API_TOKEN=$API_TOKEN_2",
        "token = get_token(settings2)",
        "max_token_count: 128000000",
        "secret: settings.vault2.value",
        "Authorization: Bearer ${ACCESS_TOKEN_V2}",
        "Authorization: Basic dXNlcm5hbWU6cGFzc3dvcmQ=",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ"
        ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    ],
)
@pytest.mark.parametrize("file", [".env", "config.yaml", "SKILL.md"])
def test_names_and_places_to_fill_in_are_no_secrets(text: str, file: str) -> None:
    assert list(secrets(text, file)) == []


def test_an_expression_of_a_program_is_no_value() -> None:
    assert list(secrets("token = client1_current_session_x9\n", "a.py")) == []


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

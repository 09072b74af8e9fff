"""Data that leaves: credentials and network in one line, in one script, or spread over the scripts of a skill.

Across lines and files only scripts count, because a text may name both for good reasons. A script that sends its own
service's key in a header is an ordinary client; one that reads keys of other programs, or all variables, is not.
"""

import re
from collections.abc import Iterator, Sequence

from domain.danger import Danger, Where, form, matches
from domain.scanned import Kind, Scanned
from domain.skill import Finding, Severity

_STORES = (
    r"\.ssh/(?:id_|\*|config\b|authorized)|\bid_(?:rsa|ed25519|ecdsa)\b|\.aws/credentials|\.netrc\b"
    r"|\.gnupg/|\.kube/config|\.docker/config\.json"
    r"|\.config/gcloud|\.azure/|\.git-credentials|\.npmrc\b|\.pypirc\b|/etc/shadow\b|Login[ ]Data\b"
    r"|Cookies\.sqlite|key4\.db|wallet\.dat"
    r"|\bsecurity[ \t]+(?:dump-keychain|find-generic-password)|\bkeyring\.get_password|169\.254\.169\.254"
)
_SENDS = (
    r"\b(?:requests|httpx|session|client|aiohttp)\.(?:post|put|patch|request)\s{0,3}\("
    r"|\burlopen\s{0,3}\(|\burllib3?\.\w{0,20}\.?request\b|\bhttp\.client\b"
    r"|\bfetch\s{0,3}\(\s{0,3}[\"'`]https?:|\baxios\.(?:post|put)\b|\bsocket\.(?:create_connection"
    r"|socket)\b|\bsmtplib\b|\bftplib\b"
    r"|\bcurl\b[^\n]{0,200}[ \t](?:-d|--data\S{0,14}|-F|--form|-T|--upload-file)\b"
    r"|\bwget\b[^\n]{0,120}--post|\b(?:nc|ncat)[ \t]+[\w.-]{3,60}[ \t]+\d{2,5}"
    r"|\bscp[ \t]+[^\n]{0,120}@|\bInvoke-(?:RestMethod|WebRequest)\b[^\n]{0,120}-Method[ \t]+Post"
    r"|\bdnspython\b|\bnslookup\b[^\n]{0,60}\$"
)
_ALL_VARIABLES = (
    r"\b(?:dict|json\.dumps|str|copy)\(\s{0,3}(?:dict\(\s{0,3})?os\.environ\s{0,3}\)"
    r"|\bos\.environ\.(?:items|copy)\(\)|\bJSON\.stringify\(\s{0,3}process\.env\b"
    r"|\bObject\.(?:entries|keys|values)\(\s{0,3}process\.env\s{0,3}\)|(?m:^|[|;&(`])\s{0,6}(?:env"
    r"|printenv)\s{0,4}(?:\||>|\)|$)|\bfor\s+\w{1,20}\s+in\s+os\.environ\b"
)
_STORE, _SEND, _EVERY = (re.compile(pattern) for pattern in (_STORES, _SENDS, _ALL_VARIABLES))
_STORE_WORDS = (
    *(
        ".ssh/",
        "id_rsa",
        "id_ed25519",
        "id_ecdsa",
        ".aws/",
        ".netrc",
        ".gnupg",
        ".kube/",
        ".docker/",
        "gcloud",
        ".azure/",
        ".git-cred",
    ),
    *(
        ".npmrc",
        ".pypirc",
        "/etc/shadow",
        "login data",
        "cookies.sqlite",
        "key4.db",
        "wallet.dat",
        "keychain",
        "find-generic",
        "keyring",
        "169.254",
    ),
)
_COLLECTORS = (
    r"\b(?:[\w-]{1,60}\.)?(?:webhook\.site|requestbin\.(?:com|net)|pipedream\.net|requestcatcher\.com"
    r"|beeceptor\.com|burpcollaborator\.net|oastify\.com"
    r"|interact\.sh|oast\.(?:fun|pro|live|site|me)|dnslog\.cn|ngrok(?:-free)?\.(?:io|app|dev)"
    r"|trycloudflare\.com|serveo\.net|localtunnel\.me"
    r"|loca\.lt|transfer\.sh|hookbin\.com|canarytokens\.com)\b"
)

LINES = (
    Danger(
        code="credential-exfiltration",
        message="This reads credentials and sends them over the network.",
        forms=(
            form(
                r"(?:\.ssh/|\bid_rsa\b|\.aws/credentials|\.netrc|\.git-credentials|/etc/shadow|\bprintenv\b"
                r"|\benv[ \t]{0,4}\||\$\(env\))[^\n]{0,200}"
                r"\b(?:curl|wget|nc|ncat|requests\.post|httpx\.post|scp)\b",
                "ssh rsa aws netrc git shadow printenv env",
                "curl wget nc ncat post scp",
            ),
            form(
                r"\b(?:curl|wget|nc|ncat)\b[^\n]{0,200}(?:\.ssh/|\bid_rsa\b|\.aws/credentials|\.git-credentials"
                r"|/etc/shadow|\$\(env\)|\$\(printenv)",
                "curl wget nc ncat",
                "ssh rsa aws git shadow env printenv",
            ),
            form(
                r"\b(?:send|upload|post|forward|email|exfiltrate|copy)\b[^.\n]{0,80}(?:\.ssh/|\bid_rsa\b"
                r"|\.aws/credentials|\.env\b(?![.\w])|\bapi[ ]keys\b"
                r"|\bprivate[ ]keys?\b|\bpasswords\b|\benvironment[ ]variables\b)[^.\n]{0,80}\bhttps?://",
                "send upload post forward email exfiltrate copy",
                "ssh rsa aws env keys key passwords variables",
                "http https",
            ),
        ),
        fix="Remove it.",
    ),
    Danger(
        code="collection-address",
        message="This address collects whatever is sent to it, or hides whose machine answers.",
        forms=(
            form(
                _COLLECTORS,
                "webhook requestbin pipedream requestcatcher beeceptor burpcollaborator oastify interact oast "
                "dnslog ngrok trycloudflare serveo localtunnel loca transfer hookbin canarytokens",
            ),
        ),
        fix="Name the service itself.",
        documented=Severity.WARNING,
    ),
    Danger(
        code="image-with-data",
        message="The address of this image carries data to its server as soon as it is shown.",
        forms=(
            form(
                r"!\[[^\]\n]{0,200}\]\(\s{0,3}<?https?://[^)\s]{0,300}[?&/=](?:\{\{?|\$\{?|%7B|<"
                r"|\[)[A-Za-z_ .-]{2,60}(?:\}|>|\]|%7D|\b)"
                r"|<img\b[^>\n]{0,200}\bsrc\s{0,3}=\s{0,3}[\"']?https?://[^\"'\s>]{0,300}[?&/=](?:\{\{?"
                r"|\$\{)[\w .-]{2,60}\}",
                "http https",
            ),
        ),
        fix="Put the image into assets/ and link to it there.",
        where=Where.PROSE,
    ),
    Danger(
        code="remote-image",
        message="A remote image tells its server who reads the skill, and can carry data out.",
        forms=(
            form(
                r"!\[[^\]\n]{0,200}\]\(\s{0,3}<?(?:https?:)?//"
                r"|<img\b[^>\n]{0,200}\bsrc\s{0,3}=\s{0,3}[\"']?(?:https?:)?//",
                "http https img",
            ),
        ),
        fix="Put the image into assets/ and link to it there.",
        severity=Severity.WARNING,
        where=Where.PROSE,
    ),
)


def leaks(scanned: Scanned) -> Iterator[Finding]:
    """What one text tells: dangerous lines, and in a script credentials in one line and the network in another."""
    yield from matches(LINES, scanned)
    if scanned.kind is not Kind.CODE:
        return
    sends = _SEND.search(scanned.text)
    reads = _reads(scanned)
    if sends and reads:
        yield _flow(scanned, reads, f"and sends something in line {scanned.places.line(sends.start())}")


def leaks_across(texts: Sequence[Scanned]) -> Iterator[Finding]:
    """Credentials read in one script, and the network in another of the same skill."""
    code = [scanned for scanned in texts if scanned.kind is Kind.CODE]
    senders = [scanned for scanned in code if _SEND.search(scanned.text)]
    for scanned in code if senders else ():
        if scanned not in senders and (reads := _reads(scanned)):
            yield _flow(scanned, reads, f"and {senders[0].file} sends something")


def _reads(scanned: Scanned) -> re.Match[str] | None:
    if scanned.holds("environ", "process.env", "printenv", "env") and (found := _EVERY.search(scanned.text)):
        return found
    return _STORE.search(scanned.text) if scanned.holds(*_STORE_WORDS) else None


def _flow(scanned: Scanned, reads: re.Match[str], rest: str) -> Finding:
    return scanned.finding(
        "exfiltration-flow",
        f"This script reads credentials of the person or of other programs, {rest}.",
        "Read only the one variable that the skill's own service needs, and say so in `compatibility`.",
        at=reads.start(),
        excerpt=reads[0],
    )

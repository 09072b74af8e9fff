"""Data that leaves: credentials and network in one line, in one script, or spread over the scripts of a skill.

Across lines and files only scripts count, because a text may name both for good reasons. A script that sends its own
service's key in a header is an ordinary client; one that reads keys of other programs, or all variables, is not.
"""

import re
from collections.abc import Iterator, Sequence

from domain.scan.danger import Danger, Where, form, matches
from domain.scan.scanned import Kind, Scanned
from domain.skill import Finding, Severity

_STORES = (
    r"\.ssh/(?:id_(?!\w{1,12}\.pub)|\*|config\b|authorized)|\bid_(?:rsa|ed25519|ecdsa)\b(?!\.pub)"
    r"|\.aws/credentials|\.netrc\b"
    r"|\.gnupg/|\.kube/config|\.docker/config\.json"
    r"|\.config/gcloud|\.azure/|\.git-credentials|\.npmrc\b|\.pypirc\b|/etc/shadow\b|Login[ ]Data\b"
    r"|\b(?:Chrom\w{1,4}|Brave[\w-]{0,10}|Edge|Default)\b[^\n]{0,60}[/\\\"'][ ]?,?[ ]?[\"']?Cookies\b"
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
    r"|(?m:=[ \t]{0,3}os\.environ[ \t]{0,4}$)"
    r"|[\"']printenv[\"']|\bcheck_output\(\s{0,3}\[?[\"']env[\"']"
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
        "cookies",
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

_HOME = r"(?:~|\$HOME|\$\{HOME\}|%USERPROFILE%|/root|/(?:home|Users)/[\w.-]{1,30})[\\/]"
_PRIVATE = (
    rf"(?:{_HOME}\.(?:ssh|aws|gnupg|netrc|config|kube|docker|npmrc|pypirc|git-credentials|azure|password-store)\b"
    r"|(?<![\w.])(?:[\w-]{1,30}/){0,4}\.env(?:\.(?:local|production|prod))?(?![.\w(])|\bid_(?:rsa|ed25519|ecdsa)\b)"
    r"(?!\S{0,40}(?:\.pub|known_hosts)\b)"
)
"""Files of credentials, and folders of them, as a command names them."""

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
                rf"\bcurl\b[^\n]{{0,200}}(?:@|[ \t]-T[ \t]{{0,3}}|--upload-file[ =])[\"']?{_PRIVATE}"
                rf"|\b(?:scp|rsync)[ \t][^\n]{{0,120}}{_PRIVATE}[^\s:]{{0,60}}[\"']?[ \t]+(?:-\S{{1,20}}[ \t]+){{0,3}}"
                rf"(?:[\w.@-]{{2,80}}:|…|rsync://|\$\w|\.{{3}})"
                rf"|\bgh[ \t]+gist[ \t]+create\b[^\n]{{0,120}}{_PRIVATE}"
                rf"|{_PRIVATE}[^\n]{{0,200}}\|[^\n]{{0,80}}\b(?:curl|wget|nc|ncat|socat)\b",
                "ssh aws gnupg netrc config kube docker npmrc pypirc git azure password env id_rsa rsa ed25519 ecdsa",
                "curl scp rsync gh wget nc ncat socat",
            ),
            form(
                r"\bcurl\b[^\n]{0,200}[ \t](?:-d|-F|--data[\w-]{0,12}|--form|--json)[ =]{0,2}[\"']?[^\"'\n]{0,60}\$\("
                r"(?:gh[ ]auth[ ]token|gcloud[ ]auth|security[ ]find-|printenv|env\b|aws[ ]configure[ ]get|pass[ ]show"
                r"|git[ ]credential)",
                "curl",
                "auth printenv env security pass credential configure",
            ),
            form(
                r"\b(?:dig|nslookup|drill|host)[ \t]+(?:[+@-]\S{1,30}[ \t]+){0,4}[\"']?(?:\$\([^\n]{1,160}\)"
                r"|\$\{?(?!\w{0,20}(?:sub|host|domain|name|zone|selector|prefix|service|svc|record|ip|dkim|env|region))"
                r"\w{1,30}\}?)\.[A-Za-z_$]",
                "dig nslookup drill host",
            ),
            form(
                r"\b(?:post|put|request|urlopen)\([^\n]{0,200}(?:\bdotenv_values\(|\bos\.environ\b(?!\[|\.get\b"
                r"|\.setdefault)"
                r"|\bopen\([\"'][^\"'\n]{0,60}\.env[\"']|\bprintenv\b)",
                "dotenv_values dotenv environ printenv env",
                "post put request urlopen",
            ),
            form(
                r"\b(?:collect|gather|read|take|grab|find|get|copy|zip|archive|load|open)\b[^\n]{0,80}"
                r"(?:\.ssh/|\bid_rsa\b|\.aws/credentials|\.netrc\b|\.env\b(?!\.\w|\w)|\bapi[ ]keys\b|"
                r"\bprivate[ ]keys?\b"
                r"|\bpasswords\b|\benvironment[ ]variables\b)[^\n]{0,120}\b(?:and|then)\s{1,3}[^\n]{0,20}"
                r"\b(?:post|put|send|upload|submit|forward|transmit|email|push)\s{1,3}(?:them|it|these|those"
                r"|everything|all"
                r"|both|the\s{1,3}(?:contents?|files?|results?|outputs?|archive|values?))\b[^\n]{0,80}\bhttps?://",
                "ssh rsa aws netrc env keys key passwords variables",
                "http https",
                "post put send upload submit forward transmit email push",
            ),
            form(
                r"\b(?:send|upload|post|forward|email|exfiltrate|copy)\b(?:[^.\n]|\.(?=\w)){0,80}(?:\.ssh/|\bid_rsa\b"
                r"|\.aws/credentials|\.env\b(?![.\w])|\bapi[ ]keys\b"
                r"|\bprivate[ ]keys?\b|\bpasswords\b|\benvironment[ ]variables\b)(?:[^.\n]|\.(?=\w)){0,80}\bhttps?://",
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

"""Text that tries to steer an agent against its person: orders to forget, to deceive, to never refuse; forged messages.

Phrases only. They are errors where they are said and warnings where they are shown, quoted or forbidden.
"""

import re
import unicodedata
from collections.abc import Iterator

from domain.scan.danger import Danger, Where, form, matches
from domain.scan.hidden_text import is_disguised, look_alikes_as_latin
from domain.scan.scanned import Kind, Scanned
from domain.skill import Finding, Severity

_PERSON = r"(?:user|person|human|operator|owner|reviewer|developer|customer)s?"
_PERSONS = (
    "user users person persons human humans operator operators owner owners reviewer reviewers "
    "developer developers customer customers"
)
_ORDERED = (
    r"(?m:^|(?<=[^\w\s])|(?<=[^\w\s] )|(?<=\s\s)|(?<=please )|(?<=now )|(?<=must )|(?<=should )|(?<=shall )|(?<=and )"
    r"|(?<=then )|(?<=you )|(?<=first )|(?<=just )|(?<=always )|(?<=immediately ))\b"
)
"""Before an order: the beginning of a sentence, or a word that makes an order of what follows."""
_PLAIN = "Say plainly what the agent should do; quote or fence such a phrase if the skill is about it."

PHRASES = (
    Danger(
        code="injection",
        message="This tells an agent to drop its instructions or its role.",
        forms=(
            form(
                rf"(?:(?<!not )(?<!never )(?<!n't )(?<!can )(?<!could )(?<!may )(?<!might )(?<!would )"
                rf"(?:(?<!s )|(?<=always ))\b(?:ignore|disregard|forget)|{_ORDERED}(?:override|bypass"
                rf"|discard))\s{{1,4}}"
                r"(?:(?:all|any|the|your|of|these|every|everything|my)\s{1,4}){0,3}"
                r"(?:(?:previous|prior|above|earlier|preceding|existing|original)(?:\s{1,4}system)?|system"
                r"|safety)\s{1,4}"
                r"(?:instruction|prompt|message|rule|guideline|guidance|direction|directive|constraint|order|polic)"
                r"(?:s|ies|y)?\b",
                "ignore disregard forget override bypass discard",
                "previous prior above earlier preceding existing original system safety",
            ),
            form(
                r"(?<!not )(?<!never )(?<!n't )\b(?:forget|disregard|ignore)\s{1,4}(?:everything|all|anything"
                r"|whatever|what)"
                r"\s{1,4}(?:that\s{1,4})?(?:you(?:['’]ve|\s{1,4}(?:have|had))?\s{1,4}(?:(?:were|are|been)\s{1,4})?"
                r"(?:told|taught|instructed|read|learned)|(?:was|has\s{1,4}been|i)\s{1,4}said)\b",
                "forget disregard ignore",
                "everything all anything whatever what",
            ),
            form(
                r"\bdisregard\s{1,4}(?:any|all|the|your)\s{1,4}(?:content\s{1,4}polic\w{1,4}|ethical|safety)",
                "disregard",
            ),
            form(
                r"\byou\s{1,4}are\s{1,4}now\s{1,4}(?:in\s{1,4})?(?:an?\s{1,4})?"
                r"(?:dan\b|(?:unrestricted\s{1,4})?developer\s{1,4}mode|jailbroken|unrestricted)",
                "you",
                "dan developer jailbroken unrestricted",
            ),
            form(
                r"\b(?:reveal|print|repeat|output|show|leak)\s{1,4}(?:me\s{1,4})?(?:your|the)\s{1,4}(?:full\s{1,4}"
                r"|entire\s{1,4})?system\s{1,4}prompt\b",
                "prompt",
                "reveal print repeat output show leak",
            ),
            form(
                r"\b(?:new|updated)\s{1,4}system\s{1,4}(?:instructions?|prompt)\s{0,4}:|\bsystem\s{1,4}override\b",
                "system",
                "new updated override",
            ),
            form(
                r"\bpretend\s{1,4}(?:that\s{1,4})?you\s{1,4}(?:have|are)\s{1,4}(?:no\s{1,4}(?:restrictions|rules"
                r"|limits)|not\s{1,4}an\s{1,4}ai)",
                "pretend",
            ),
            form(
                r"\becho\s{1,4}(?:back\s{1,4})?the\s{1,4}value\s{1,4}of\s{1,4}the\s{1,4}\w{1,20}\s{1,4}(?:header"
                r"|token|key|variable)",
                "echo",
                "value",
            ),
            form(
                r"\bretry\b[^.\n]{0,60}\b(?:indefinitely|forever|without\s{1,4}limit)\b",
                "retry",
                "indefinitely forever limit",
            ),
        ),
        fix=_PLAIN,
        where=Where.PROSE,
    ),
    Danger(
        code="secrecy",
        message="This tells an agent to deceive the person it works for.",
        forms=(
            form(
                rf"\b(?:do\s{{1,4}}not|don['’]t|never|must\s{{1,4}}not)\s{{1,4}}(?:ever\s{{1,4}})?(?:tell|inform"
                rf"|alert|notify|warn|let)\s{{1,4}}(?:the\s{{1,4}}|your\s{{1,4}}|any\s{{1,4}})?{_PERSON}"
                r"(?=\s{1,4}(?:about|that|of|know|see|what|this)\b|[.,;!\n\"'`]|$)",
                "tell inform alert notify warn let",
                "not don never",
                _PERSONS,
            ),
            form(
                rf"\bwithout\s{{1,4}}(?:the\s{{1,4}}|your\s{{1,4}}){_PERSON}(?:['’]s)?\s{{1,4}}(?:knowing|noticing"
                rf"|knowledge|awareness)"
                rf"|\bwithout\s{{1,4}}(?:telling|informing|notifying|alerting)\s{{1,4}}(?:the\s{{1,4}})?{_PERSON}",
                "without",
                "knowing noticing knowledge awareness telling informing notifying alerting",
            ),
            form(
                rf"\bkeep\s{{1,4}}(?:this|it|that|these|the)\s{{1,4}}(?:(?:step|call|action|upload|request"
                rf"|command|part|run"
                rf"|instruction|transfer|change)s?\s{{1,4}})?(?:hidden|secret|concealed|invisible|quiet)\s{{1,4}}from"
                rf"\s{{1,4}}(?:the\s{{1,4}}|your\s{{1,4}}|any\s{{1,4}})?{_PERSON}\b"
                rf"|\b(?:do\s{{1,4}}not|don['’]t|never|must\s{{1,4}}not)\s{{1,4}}(?:ever\s{{1,4}})?(?:reveal"
                rf"|disclose|admit"
                rf"|confess|mention)\s{{1,4}}to\s{{1,4}}(?:the\s{{1,4}}|your\s{{1,4}}|any\s{{1,4}})?{_PERSON}\s{{1,4}}"
                rf"(?:that|what|how|why|about|which)\b"
                rf"|\b{_PERSON}\s{{1,4}}(?:must|should|may|shall)\s{{1,4}}(?:not|never)\s{{1,4}}(?:ever\s{{1,4}})?(?:"
                rf"(?:learn|find\s{{1,4}}out|hear|become\s{{1,4}}aware|be\s{{1,4}}told)\s{{1,4}}(?:of|about|that"
                rf"|this|it)"
                rf"|know\s{{1,4}}(?:of|about|that))\b",
                _PERSONS,
                "hidden secret concealed invisible quiet reveal disclose admit confess mention learn find "
                "hear become told "
                "know",
            ),
            form(
                rf"\b(?:hide|conceal|keep)\s{{1,4}}(?:this|it|that"
                rf"|these\s{{1,4}}\w{{1,12}})\s{{1,4}}(?:behaviou?r\s{{1,4}})?(?:secret\s{{1,4}})?from\s{{1,4}}(?:t"
                rf"he\s{{1,4}})?{_PERSON}",
                "hide conceal keep",
                _PERSONS,
            ),
            form(
                rf"\b(?:do\s{{1,4}}not|don['’]t|never)\s{{1,4}}mention\s{{1,4}}(?:this|that|it|these|any\s{{1,4}}of"
                rf"|the\s{{1,4}}(?:step|call|upload|request|script|command|transfer|hook))\b[^.\n]{{0,60}}\bto\s{{1,4}}"
                rf"(?:the\s{{1,4}}|your\s{{1,4}}|any\s{{1,4}})?{_PERSON}"
                rf"|\bkeep\s{{1,4}}this\s{{1,4}}behaviou?r\s{{1,4}}hidden\b",
                "mention hidden",
            ),
            form(
                r"\b(?:secretly|covertly|surreptitiously)\s{1,4}(?:send|upload|copy|run|execute|install|add"
                r"|collect|post|read|forward)\b",
                "secretly covertly surreptitiously",
            ),
        ),
        fix="Tell the person what is done and why.",
        where=Where.PROSE,
    ),
    Danger(
        code="refusal-suppression",
        message="This tells an agent never to refuse, or to answer without its care.",
        forms=(
            form(
                r"\bnever\s{1,4}(?:refuse|decline)\b(?!\s{1,4}to\s{1,4}(?:merge|start|exit|compile|load|parse))"
                r"|\b(?:do\s{1,4}not|don['’]t)\s{1,4}(?:refuse|apologi[sz]e\s{1,4}or\s{1,4}refuse"
                r"|add\s{1,4}(?:any\s{1,4})?(?:safety\s{1,4})?disclaimers)\b"
                r"|\byou\s{1,4}(?:cannot|can't|must\s{1,4}not|may\s{1,4}not)\s{1,4}(?:refuse|decline)\b",
                "refuse decline disclaimers",
            ),
            form(
                r"\bwithout\s{1,4}(?:any\s{1,4})?(?:ethical|moral|safety|content)\s{1,4}(?:restrictions?"
                r"|considerations?|filters?|guidelines|checks)\b",
                "without",
                "ethical moral safety content",
            ),
            form(
                r"\b(?:answer|comply|respond)\b[^.\n]{0,40}\bregardless\s{1,4}of\s{1,4}(?:safety|ethic\w{0,4}"
                r"|polic\w{1,3}|restrictions|legality)",
                "regardless",
            ),
        ),
        fix="Leave refusing to the agent.",
        where=Where.PROSE,
    ),
    Danger(
        code="fake-message",
        message="This looks like a message of the system or a tool call, and it is neither.",
        forms=(
            form(
                r"</?\s{0,4}(?:system|system-reminder|system_prompt|assistant|human_turn|tool_result|tool_use"
                r"|function_calls|function_results|antml:\w{1,20})"
                r"\b[^>\n]{0,80}>",
                "system assistant human tool function antml",
            ),
            form(
                r"<\|(?:im_(?:start|end)|system|assistant|user|endoftext|eot_id|start_header_id)\|>",
                "im system assistant user endoftext eot start",
            ),
            form(r"\[/?INST\]|<</?SYS>>", "inst sys"),
            form(
                r"(?m)^(?:\#{1,3}[ \t]{0,3})?(?:System|Assistant|Human)\s{0,2}:\s{1,4}(?:you\b|ignore\b"
                r"|from now on\b|new\b)",
                "system assistant human",
                "you ignore now new",
            ),
        ),
        fix="Say it in the skill's own words; fence it if the skill is about such messages.",
        where=Where.PROSE,
    ),
    Danger(
        code="unasked-action",
        message="This tells an agent to act without the person's consent.",
        forms=(
            form(
                rf"\bwithout\s{{1,4}}(?:the\s{{1,4}})?{_PERSON}(?:['’]s)?\s{{1,4}}(?:consent|permission|approval"
                rf"|confirmation)\b",
                "without",
                "consent permission approval confirmation",
            ),
            form(
                r"\bexecute\b[^.\n]{0,60}\bwithout\s{1,4}(?:any\s{1,4})?(?:verification|review|confirmation|checking)\b"
                r"|\bnever\s{1,4}ask\s{1,4}for\s{1,4}(?:confirmation|permission|approval)\b",
                "execute ask",
                "verification review confirmation checking permission approval",
            ),
            form(
                r"\b(?:run|execute|do|perform|make|apply|approve|accept)\s{1,4}(?:all|any|every|everything"
                r"|each)\b[^.\n]{0,60}"
                r"\bwithout\s{1,4}(?:ever\s{1,4})?(?:asking|confirming|prompting|approval|permission|confirmation)\b",
                "without",
                "asking confirming prompting approval permission confirmation",
                "all any every everything each",
            ),
        ),
        fix="Say when the person is to be asked.",
        severity=Severity.WARNING,
        where=Where.PROSE,
    ),
)


def injections(scanned: Scanned) -> Iterator[Finding]:
    """What the text says openly, and what it says to whom look-alike letters, entities and comments do not mislead."""
    found = list(matches(PHRASES, scanned))
    yield from found
    plain = _undisguised(scanned.text)
    if plain == scanned.text:
        return
    said = {finding.code for finding in found}
    for finding in matches(PHRASES, Scanned(plain, scanned.file)):
        if finding.code not in said and finding.severity is Severity.ERROR:
            message = f"Written so that a reader does not see it: {finding.message}"
            yield finding.model_copy(update={"code": "injection-disguised", "message": message})


_ENTITY = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(nbsp|Tab|ensp|emsp));?", re.I)
_INSIDE = re.compile(r"<!--.{0,500}?-->", re.DOTALL)


def _undisguised(text: str) -> str:
    """The text as a renderer and a tolerant eye read it; what hides nothing stays as it is."""
    plain = _ENTITY.sub(_letter, text) if "&" in text else text
    if "<!--" in plain:
        plain = _INSIDE.sub(lambda found: "\n" * found[0].count("\n"), plain)
    return look_alikes_as_latin(unicodedata.normalize("NFKC", plain)) if is_disguised(plain) else plain


def _letter(entity: re.Match[str]) -> str:
    """What a numeric entity stands for, if that is a letter, a digit or a blank; brackets are rightly written so."""
    number = int(entity[1]) if entity[1] else int(entity[2], 16) if entity[2] else ord(" ")
    char = chr(number) if number < 0x110000 else ""
    return char if char.isalnum() or char == " " else entity[0]


_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_TOOL_COMMENT = re.compile(
    r"\s*(?:prettier|markdownlint|cspell|vale|textlint|/?toc|more)[\w-]{0,60}(?:\s+[\w-]{1,60}){0,2}\s*", re.I
)
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|secretly|silently)\b|\byou\s+(?:must|are\s+now|will|shall)\b"
    r"|\b(?:assistant|system\s+prompt|instructions?\s*:)"
    r"|\b(?:always|then|now|first|must)\s+(?:send|run|execute|upload|post|fetch|download|delete|copy"
    r"|read|append|include|add)\b"
    r"|\b(?:send|run|execute|upload|fetch|download|exfiltrate)\s+(?:this|that|the|all|every|it|any|curl|wget|`)"
    r"|\b(?:do\s+not|don't|never)\s+(?:tell|inform|mention|ask|warn)\b|\b(?:curl|wget|rm\s+-rf|base64)\b",
    re.I,
)


def comments(scanned: Scanned) -> Iterator[Finding]:
    """HTML comments in texts for people: nobody sees them in the rendered text, models read them."""
    if "<!--" not in scanned.text or scanned.kind is not Kind.PROSE:
        return
    for found in _COMMENT.finditer(scanned.text):
        if _TOOL_COMMENT.fullmatch(found[1]):
            continue
        orders = _ORDERS.search(found[1]) and not scanned.fenced(found.start())
        yield scanned.finding(
            "hidden-comment",
            "An HTML comment is invisible to readers, and models follow what it says.",
            "Say it in the text, or delete it.",
            at=found.start(),
            severity=Severity.ERROR if orders else Severity.WARNING,
            excerpt=found[0],
        )

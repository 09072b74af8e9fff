"""What a skill fetches and from where: versions nobody pinned, branches that move, orders that stand on other pages."""

from domain.scan.danger import Danger, Where, form
from domain.skill import Severity

_FIRST = r"(?m)(?:^|[;&|`$(\"'])[ \t]{0,12}(?:\$[ \t]|>[ \t]|sudo[ \t]+|RUN[ \t]+|-[ \t]+run:[ \t]+)?"

FETCHED = (
    Danger(
        code="unpinned-install",
        message="This installs whatever version is newest on the day.",
        forms=(
            form(
                rf"{_FIRST}(?:(?:pip3?|uv[ \t]+pip|python3?[ \t]+-m[ \t]+pip)[ \t]+install[ \t]+(?!-r\b|-e\b"
                rf"|--requirement|\.|-c\b)(?![^\n]{{0,200}}(?:==|~=|--require-hashes|@[ ]?git))"
                r"|npm[ \t]+(?:i|install|add)[ \t]+(?:-g|--global)[ \t]+(?![^\n]{0,200}@\d)"
                r"|(?:yarn|pnpm)[ \t]+(?:global[ \t]+add|add[ \t]+-g)[ \t]+(?![^\n]{0,200}@\d)"
                r"|go[ \t]+install[ \t]+\S{1,120}@(?:latest|main|master)\b"
                r"|cargo[ \t]+install[ \t]+(?![^\n]{0,200}(?:--version|@\d|--locked|--path))"
                r"|(?:pipx|uv[ \t]+tool)[ \t]+install[ \t]+(?![^\n]{0,200}(?:==|@\d))"
                r"|gem[ \t]+install[ \t]+(?![^\n]{0,200}(?:-v|--version)))[\w@.\"'\[\]/-]{2,80}",
                "install npm yarn pnpm",
                "pip pip3 npm yarn pnpm go cargo pipx uv gem",
            ),
        ),
        fix="Name a version, such as `pip install tool==1.2.3`.",
        severity=Severity.INFO,
        where=Where.RUNS,
    ),
    Danger(
        code="unpinned-run",
        message="This fetches and runs whatever version is newest on the day.",
        forms=(
            form(
                rf"{_FIRST}(?:npx[ \t]+(?:-y[ \t]+|--yes[ \t]+){{0,2}}(?!--?\w|tsc\b|eslint\b|prettier\b|jest\b"
                rf"|vitest\b|playwright\b|tsx\b|next\b"
                rf"|vite\b)(?:@[\w.-]{{1,60}}/)?[\w.-]{{2,60}}(?:@latest)?(?![\w@./-])"
                r"|(?:uvx|pipx[ \t]+run|bunx|pnpm[ \t]+dlx)[ \t]+(?!--)[\w.-]{2,60}(?![\w@=.-])|docker[ \t]+(?:run"
                r"|pull)[ \t]+[^\n]{0,160}:latest\b"
                r"|(?:go[ \t]+run|deno[ \t]+run)[ \t]+[^\n]{0,120}(?:@latest|https?://))",
                "npx uvx pipx bunx dlx docker go deno",
            ),
        ),
        fix="Name a version, such as `npx tool@1.2.3`.",
        severity=Severity.INFO,
        where=Where.RUNS,
    ),
    Danger(
        code="branch-download",
        message="This fetches a file from a branch, where it may change at any time.",
        forms=(
            form(
                r"\b(?:curl|wget|fetch|requests\.get|urlopen|iwr"
                r"|pip[ \t]+install)\b[^\n]{0,160}(?:raw\.githubusercontent\.com/[\w.-]{1,60}/[\w.-]{1,60}/(?:refs"
                r"/heads/)?"
                r"|github\.com/[\w.-]{1,60}/[\w.-]{1,60}/raw/|git\+https://[^\s@]{1,120}@)(?:main|master|dev"
                r"|develop|HEAD)\b",
                "githubusercontent github",
            ),
        ),
        fix="Name a tag or a commit, and check the file's digest.",
        severity=Severity.WARNING,
        where=Where.RUNS,
    ),
    Danger(
        code="remote-instructions",
        message="This tells an agent to follow what another page says on the day.",
        forms=(
            form(
                r"\b(?:fetch|download|read|load|open|visit|retrieve|get|go\s{1,3}to|browse\s{1,3}to"
                r"|curl)\b[^.\n]{0,80}https?://\S{1,200}[^.\n]{0,60}"
                r"\b(?:and|then)\s{1,3}(?:then\s{1,3})?(?:follow|execute|obey|run|do)\s{1,3}(?:all\s{1,3}"
                r"|any\s{1,3}|every\s{1,3}|exactly\s{1,3}|precisely\s{1,3})?"
                r"(?:the\s{1,3}|its\s{1,3}|their\s{1,3}|these\s{1,3}|those\s{1,3})?(?:instructions?|steps"
                r"|commands?|orders|directions|prompts?|code|script|what\b|whatever\b|it\s{1,3}says|everything)",
                "http https",
                "follow execute obey run do",
                "fetch download read load open visit retrieve get go browse curl",
                "instruction instructions steps command commands orders directions prompt prompts code script "
                "what whatever says everything",
            ),
            form(
                r"\b(?:follow|execute|obey)\s{1,3}(?:all\s{1,3}|any\s{1,3})?(?:the\s{1,3})?(?:instructions"
                r"|commands|steps|directions|orders)\b[^.\n]{0,60}\b(?:at|from|on|found\s{1,3}at"
                r"|in)\s{1,3}<?https?://",
                "follow execute obey",
                "http https",
            ),
            form(
                r"\b(?:follow|execute|obey)\s{1,3}(?:all\s{1,3}|any\s{1,3}"
                r"|every\s{1,3})(?:the\s{1,3})?(?:instructions?|commands?|directions|orders)\s{1,3}"
                r"(?:you\s{1,3}(?:find|receive)|found|contained|it\s{1,3}contains|returned|inside"
                r"|in\s{1,3}the\s{1,3}(?:page|file|response|document))",
                "follow execute obey",
                "all any every",
                "instruction instructions command commands directions orders",
            ),
        ),
        fix="Put the instructions into the skill; link to the page as a source for people.",
        where=Where.PROSE,
    ),
    Danger(
        code="registry-redirect",
        message="This takes packages from another place than the public registry.",
        forms=(
            form(
                r"--(?:extra-)?index-url[ =]+[\"']?https?://(?!pypi\.org|download\.pytorch\.org"
                r"|test\.pypi\.org)\S{1,200}|\bPIP_(?:EXTRA_)?INDEX_URL\s{0,3}=\s{0,3}[\"']?https?://(?!pypi\.org)"
                r"\S{1,200}"
                r"|\b(?:npm[ \t]+config[ \t]+set[ \t]+registry"
                r"|--registry)[ =]+[\"']?https?://(?!registry\.npmjs\.org|npm\.pkg\.github\.com)\S{1,200}"
                r"|\bnpm_config_registry\s{0,3}=\s{0,3}[\"']?https?://(?!registry\.npmjs\.org)\S{1,200}",
                "index registry",
            ),
        ),
        fix="Use the public registry, or say in `compatibility` whose registry it is and why.",
        severity=Severity.WARNING,
        where=Where.RUNS,
    ),
)

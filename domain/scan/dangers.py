"""Commands that may harm whoever runs a skill: what they look like, how bad they are, what to do instead. Data only.

`documented` softens what a person may rightly be told to do and a script must not do by itself.
"""

from domain.scan.danger import Danger, Where, form
from domain.skill import Severity

_SHELL = (
    r"(?:(?:/\S{0,40}/)?(?:sudo|doas|env|xargs|exec|command|nohup|busybox|timeout)"
    r"(?:[ \t]+(?:-\S{1,20}|[A-Za-z_]\w{0,30}=\S{0,60}|\{\}|\d{1,5}[smh]?)){0,4}[ \t]+){0,3}"
    r"(?:/\S{0,40}/)?(?:ba|z|da|k|fi)?sh\b"
)
_READS_CODE = r"(?:python3?|node|perl|ruby|php)\b(?![ \t]+(?:-\w{0,3}[cemnp]|[\w/.\\]))"
"""An interpreter that takes its program from the pipe, not only data for another one."""
_RC = r"\.(?:bashrc|zshrc|zprofile|profile|bash_profile|zshenv)\b"
_AGENT_FILE = (
    r"(?:\.claude/(?:settings|hooks|agents|commands)|\.claude\.json|\.cursor/(?:mcp|hooks|rules)"
    r"|\.codex/config|\.gemini/settings"
    r"|claude_desktop_config|\.mcp\.json|\.git/hooks/)"
)
_MEMORY = r"[\w~$./{}-]{0,60}(?:\b(?:CLAUDE|AGENTS|GEMINI)\.md|\.mcp\.json)\b"

COMMANDS = (
    Danger(
        code="pipe-to-shell",
        message="This runs whatever a web address answers.",
        forms=(
            form(
                rf"\b(?:curl|wget)\b[^|\n]{{0,400}}\|(?:[^|\n`]{{1,120}}\|){{0,3}}\s{{0,9}}"
                rf"(?:{_SHELL}|(?:sudo[ \t]+)?{_READS_CODE})"
                r"|\b(?:ba|z)?sh[ \t]+(?:-c[ \t]+[\"']?\$\(|<\()\s{0,9}(?:curl|wget)\b"
                r"|\beval[ \t]+[\"']?\$\((?:curl|wget)\b|\b(?:iwr|irm|Invoke-WebRequest)\b[^"
                r"|\n]{0,200}\|\s{0,9}(?:iex|Invoke-Expression)\b"
                r"|\b(?:iex|Invoke-Expression)\b[^\n]{0,80}\bDownloadString\b",
                "curl wget iwr irm invoke iex",
            ),
        ),
        fix="Download to a file, check its digest, then run it; or use a package manager with a pinned version.",
    ),
    Danger(
        code="decode-to-shell",
        message="This runs commands that nobody can read.",
        forms=(
            form(
                rf"\bbase64[ \t]+(?:-d|-D|--decode)\b[^|\n]{{0,200}}\|\s{{0,9}}(?:{_SHELL}|python3?\b|node\b)"
                rf"|\bxxd[ \t]+-r\b[^|\n]{{0,200}}"
                rf"\|\s{{0,9}}{_SHELL}|\b(?:exec|eval)\s{{0,4}}\([^\n]{{0,60}}(?:b64decode|fromhex|atob\("
                rf"|decompress\(|codecs\.decode|unhexlify)"
                r"|\bpowershell[^\n]{0,60}[ \t]-e(?:nc|ncodedcommand)?[ \t]+[A-Za-z0-9+/=]{16,}"
                r"|\b(?:exec|eval)\s{0,4}\([^\n]{0,40}(?:requests\.get|urlopen|httpx\.get|fetch|file_get_contents|URI\.open|Net::HTTP)\b",
                "base64 xxd exec eval powershell",
            ),
        ),
        fix="Write the commands out.",
    ),
    Danger(
        code="destructive-command",
        message="This can delete a whole system or home folder.",
        forms=(
            form(
                r"\brm[ \t]+(?:-[\w-]{1,30}[ \t]+){1,4}[\"']?(?:/|~/?|/\*|~/\*|\$HOME/?|\$\{HOME\}/?|/(?:etc|usr"
                r"|var|home|bin|lib|boot))"
                r"[\"']?(?=[\s;&|)`'\"]|$)",
                "rm",
            ),
            form(r"\bmkfs(?:\.\w{1,8})?[ \t]+/dev/|\bdd\b[^\n]{0,80}\bof=/dev/[sh]d", "mkfs dd", "dev"),
            form(
                r"\bfind[ \t]+(?:/|~/?|\$HOME/?)(?:[ \t]+-(?:type|depth)(?:[ \t]+\w)?){0,3}[ \t]+-delete\b",
                "find",
                "delete",
            ),
            form(r":\(\)\s{0,4}\{\s{0,4}:\|:"),
            form(
                r"\bshutil\.rmtree\(\s{0,4}(?:[\"'](?:/|~)[\"']|Path\.home\(\)|os\.path\.expanduser\([\"']~[\"']\))",
                "rmtree",
            ),
            form(
                r"\bformat[ \t]+c:|\b(?:Remove-Item|del|rd)\b[^\n]{0,60}[ \t]C:\\(?:\s|\*|$)",
                "format remove del rd",
                "c",
            ),
        ),
        fix="Name the one folder that is meant, below the working folder.",
    ),
    Danger(
        code="destructive-command",
        message="This deletes what it finds in the whole system or home folder.",
        forms=(
            form(
                r"\bfind[ \t]+(?:/|~/?|\$HOME/?)[ \t][^\n]{0,160}-(?:name|path|regex|mtime|size|user|perm)\b"
                r"[^\n]{0,160}[ \t]-(?:delete\b|exec[ \t]+rm\b)",
                "find",
                "delete rm",
            ),
        ),
        fix="Name the one folder that is meant, below the working folder.",
        severity=Severity.WARNING,
        where=Where.RUNS,
    ),
    Danger(
        code="reverse-shell",
        message="This gives somebody else a shell on the person's machine.",
        forms=(
            form(r"/dev/(?:tcp|udp)/[\w.$\{\}-]{1,80}/", "dev", "tcp udp"),
            form(r"\bn(?:c|cat|etcat)\b[^\n]{0,80}[ \t]-\w{0,4}[ec]\w{0,3}[ \t]+\S{0,20}sh\b", "nc ncat netcat"),
            form(r"\bsocat\b[^\n]{0,120}\bexec:|\bmkfifo\b[^\n]{0,120}\bnc\b", "socat mkfifo"),
            form(r"\bos\.dup2\([^\n]{0,40}fileno\(\)|\bpty\.spawn\([^\n]{0,20}sh\b", "dup2 pty"),
        ),
        fix="Remove it.",
    ),
    Danger(
        code="persistence",
        message="This changes what runs later on the person's machine.",
        forms=(
            form(
                rf">>?[ \t]{{0,4}}[\"']?(?:~|\$HOME|\$\{{HOME\}})?/?\S{{0,40}}{_RC}|\btee[ \t]+-a[ \t]+\S{{0,40}}{_RC}"
                rf"|\bopen\([^\n]{{0,80}}{_RC}[\"'][^\n]{{0,20}}[\"'][aw]"
                r"|\bcrontab[ \t]+-(?!l\b)|\|[ \t]{0,4}crontab\b|/etc/cron\.(?:d|daily|hourly|weekly)/"
                r"|\blaunchctl[ \t]+(?:load|bootstrap)\b"
                r"|Library/Launch(?:Agents|Daemons)/|\bsystemctl[ \t]+(?:--user[ \t]+)?enable\b"
                r"|\.config/systemd/user/\S{1,60}\.service"
                r"|\bschtasks\b[^\n]{0,80}/create\b|CurrentVersion\\+Run\b|/etc/rc\.local\b"
                r"|>>?[ \t]{0,4}\S{0,80}\.ssh/authorized_keys\b",
                "bashrc zshrc zprofile profile zshenv bash crontab cron launchctl launchagents launchdaemons "
                "systemctl systemd schtasks currentversion rc authorized",
                marks=(
                    *(
                        ".bashrc",
                        ".zshrc",
                        ".zprofile",
                        ".profile",
                        ".bash_profile",
                        ".zshenv",
                        "crontab",
                        "/etc/cron.",
                    ),
                    *("launchctl", "library/launch", "systemctl", ".config/systemd", "schtasks", "currentversion"),
                    *("/etc/rc.local", ".ssh/authorized_keys"),
                ),
            ),
        ),
        fix="Say what the person should add, and let them do it.",
        documented=Severity.WARNING,
        where=Where.RUNS,
    ),
    Danger(
        code="agent-settings",
        message="This changes the settings, hooks or servers of an agent, or hooks of git.",
        forms=(
            form(
                rf"(?:>>?|\b(?:cp|mv|ln|tee|install|cat|sed"
                rf"|chmod)\b[^\n]{{0,120}})[ \t]{{0,4}}[\"']?\S{{0,60}}{_AGENT_FILE}"
                rf"|\b(?:write_text|writeFile(?:Sync)?|open|dump)\b[^\n]{{0,80}}{_AGENT_FILE}"
                rf"|{_AGENT_FILE}[^\n]{{0,60}}\.write_text\("
                r"|\bgit[ \t]+config\b[^\n]{0,60}\b(?:core\.hooksPath|core\.sshCommand)\b",
                "claude cursor codex gemini mcp hooks hookspath sshcommand",
                "settings hooks agents commands json config rules mcp hookspath sshcommand add",
                marks=(
                    *(".claude/", ".claude.json", ".cursor/", ".codex/", ".gemini/", "claude_desktop_config"),
                    *(".mcp.json", ".git/hooks/", "core.hookspath", "core.sshcommand"),
                ),
            ),
            form(r"\b(?:claude|codex|gemini)[ \t]+mcp[ \t]+add\b", "mcp", "claude codex gemini", "add"),
        ),
        fix="Say what the person should change, and let them do it.",
        documented=Severity.WARNING,
        where=Where.RUNS,
    ),
    Danger(
        code="persistence",
        message="Python runs this file by itself whenever it starts.",
        forms=(
            form(
                r"\b(?:site-packages|getsitepackages|getusersitepackages|purelib)\b[^\n]{0,160}\.pth\b"
                r"|\b(?:site|user)customize\.py\b",
                "pth sitecustomize usercustomize",
            ),
        ),
        fix="Leave the person's Python alone; use an environment of the skill's own.",
        severity=Severity.WARNING,
        where=Where.RUNS,
    ),
    Danger(
        code="agent-settings",
        message="This changes what an agent is told, or which servers it has, in all later sessions.",
        forms=(
            form(
                rf"\b(?:add|append|insert|write|register|put|echo)\b[^.\n]{{0,100}}\b(?:to|into|in)\s{{1,3}}"
                rf"(?:(?:the|your|their|every|each|user's)\s{{1,3}}){{0,2}}[\"'`]?{_MEMORY}"
                rf"|>>?[ \t]{{0,4}}[\"']?{_MEMORY}|\btee[ \t]+-a[ \t]+[\"']?{_MEMORY}"
                rf"|\bopen\([^\n]{{0,80}}{_MEMORY}[\"'][^\n]{{0,20}}[\"']a",
                "claude agents gemini mcp",
                "md json",
            ),
        ),
        fix="Say what the person should add, and let them do it.",
        severity=Severity.WARNING,
    ),
    Danger(
        code="guard-off",
        message="This switches off the questions that an agent would ask before it acts.",
        forms=(
            form(
                r"--dangerously-(?:skip-permissions|bypass-\S{1,40})|--yolo\b|\bbypassPermissions\b"
                r"|\"defaultMode\"\s{0,4}:\s{0,4}\"bypass"
                r"|--ask-for-approval[ =]never|\bapproval_policy\s{0,4}=\s{0,4}[\"']never",
                "dangerously yolo bypasspermissions defaultmode approval",
            ),
        ),
        fix="Leave the questions on; name in `allowed-tools` what the skill needs.",
        documented=Severity.WARNING,
        where=Where.RUNS,
    ),
    Danger(
        code="open-permissions",
        message="This opens files to everybody, or makes a program run as its owner.",
        forms=(
            form(
                r"\bchmod[ \t]+(?:-[A-Za-z]{1,4}[ \t]+)?(?:0?777\b|[ugoa]{0,4}\+[rwx]{0,3}s\b|[246]7[0-7]{2}\b)"
                r"|\bos\.chmod\([^\n]{0,80}0o777\b|\bsetcap[ \t]+\S{0,40}\+ep?\b",
                "chmod setcap",
            ),
        ),
        fix="Give the rights that are needed to the one who needs them.",
        severity=Severity.WARNING,
        where=Where.RUNS,
    ),
    Danger(
        code="privileged-command",
        message="This runs as the system's administrator.",
        forms=(
            form(
                r"(?m)(?:^|[;&|]|\$|[\"'`(])[ \t]{0,8}(?:\$[ \t])?sudo[ \t]+(?!apt|apt-get|dnf|yum|pacman|snap"
                r"|brew|systemctl status)[\w./-]{2,}"
                r"|\bNOPASSWD\b|/etc/sudoers\b|\busermod[ \t]+-aG[ \t]+(?:sudo|wheel|docker)\b",
                "sudo sudoers nopasswd usermod",
            ),
        ),
        fix="Work in the person's own folder, or say what the person should do as administrator.",
        severity=Severity.WARNING,
        where=Where.RUNS,
    ),
    Danger(
        code="checks-off",
        message="This switches off the check of who answers, so that anybody may.",
        forms=(
            form(
                r"\bcurl\b[^\n|;]{0,120}[ \t](?:-[a-z]{0,6}k[a-z]{0,6}|--insecure)(?=\s|$)",
                "curl",
                "k insecure sk ks lk kl fk kfl skl ksl fksl kfsl slk sslk",
            ),
            form(
                r"--no-check-certificate\b|\bCERT_NONE\b|\bssl\._create_unverified_context\b",
                "certificate cert unverified",
            ),
            form(r"\bverify\s{0,3}=\s{0,3}False\b", "verify", "false"),
            form(
                r"\bNODE_TLS_REJECT_UNAUTHORIZED\b[^\n]{0,8}0|\brejectUnauthorized\s{0,3}:\s{0,3}false\b",
                "rejectunauthorized unauthorized",
            ),
            form(r"\bInsecureSkipVerify\s{0,3}:\s{0,3}true\b", "insecureskipverify"),
            form(r"\bStrictHostKeyChecking[ =]no\b", "stricthostkeychecking"),
            form(r"\bhttp\.sslVerify\b[ =]{1,3}false\b|\bstrict-ssl[ =]false\b", "sslverify ssl", "false"),
            form(r"--trusted-host\b|--disable-gpg-check|--nogpgcheck", "trusted gpg nogpgcheck"),
            form(r"\bapt\b[^\n]{0,80}--allow-unauthenticated\b", "unauthenticated"),
            form(
                r"\bSet-(?:MpPreference|ExecutionPolicy)[^\n]{0,60}\b(?:Bypass|true|Unrestricted)\b",
                "mppreference executionpolicy",
            ),
            form(r"\bsetenforce[ \t]+0\b|\bufw[ \t]+disable\b", "setenforce ufw"),
        ),
        fix="Leave the check on, and add the certificate or key that it asks for.",
        severity=Severity.WARNING,
        where=Where.RUNS,
    ),
    Danger(
        code="evidence-removed",
        message="This removes the traces of what was done.",
        forms=(
            form(
                r"\bhistory[ \t]+-c\b|\bunset[ \t]+HISTFILE\b|\bHISTFILE=/dev/null\b|\brm\b[^\n]{0,40}\.(?:bash"
                r"|zsh)_history\b"
                r"|>[ \t]{0,4}\S{0,20}\.(?:bash|zsh)_history\b|\bshred\b[^\n]{0,60}/var/log"
                r"|\brm\b[^\n]{0,40}[ \t]/var/log/(?:auth|syslog|wtmp)",
                "histfile history shred var",
                "history histfile log",
            ),
        ),
        fix="Leave the record alone.",
        where=Where.RUNS,
        documented=Severity.WARNING,
    ),
)

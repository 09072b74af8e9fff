"""Shell that is right and that is not, as `bash -n` (5.2) judged each of these texts; and that none takes long."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rules.shell_syntax import mistake_in_shell
from domain.rules.syntax import MAX_PARSED

RIGHT = [
    "time",
    "!",
    "x=$(cat <<E\na\nE\n)",
    "x=$(cat <<E\na\nE)",
    "cat <<E\na",
    "[[ a\n&& b ]]",
    "[[ a; ]]",
    "a\\",
    "echo `if`",
    'echo "`a "b`"',
    "for x in a b; { echo; }",
    "coproc X { a; }",
    "case x in esac",
    "case x in a) ;; esac",
    "case x in (a|b) c ;; d) e; esac",
    "case x in a) esac",
    "echo }",
    "function f() { a; }",
    "function f-x { a; }",
    "function f () ( a )",
    "a & b",
    "ls |\nwc",
    "> x",
    "x=1 if",
    "for x do a; done",
    "for x\ndo a; done",
    "for ((i=0;i<3;i++)) do a; done",
    "for ((i=0;i<3;i++)); { a; }",
    "for ((;;))\ndo a; done",
    "((a); b)",
    "( (a); b)",
    "echo $((a); b)",
    "[[ a == @(x|y) ]]",
    "[[ a =~ (x|y z) ]]",
    "echo ${a b}",
    "a() { b; } > c",
    "time -p a",
    "! { a; }",
    'echo #"',
    "echo then",
    "{ a; } || { b; } && c",
    "until a; do b; done < x",
    "echo $'a\\'b'",
    "select x in a b; do c; done",
    "a=()",
    'a+=( "b" # c )\n)',
    "echo $[1+2]",
    "declare -A m=([a]=1 [b]=2)",
    "let x=(1+2)",
    "echo {a,b}",
    "{echo a}",
    "f(){ a; }",
    "a && ! b",
    "case x\nin\n a) b\nesac",
    "cat <<A <<B\na\nA\nb\nB",
    "cat <<'E' | (x\ny ' \" (\nE\nz)",
    "#!/bin/sh",
    "",
    "if a\nthen b\nfi | c",
    "$( )",
    "a=$()",
    "x <(a) >(b)",
    "if\na\nthen\nb\nfi",
    "while read x; do a; done < <(b)",
    'a <<<"$b" c',
    "test a -a \\( b \\)",
    "[ a && b ]",
    "time { a; }",
    "if ! a; then b; fi",
    "if a; then b; fi & wait",
    'echo ${#x} ${x##*/} ${x//\\//_} "${x[@]}"',
    'echo "a ${b:-"c d"} e"',
    'echo "${b:-$(c "d")}"',
    'echo "${b:-}}"',
    "for $x in a; do b; done",
    "echo `a \\`b\\` c`",
    "[[ -f a ]] && b || c",
    "[[ a == [[:x:]] ]]",
    "[[ a =~ ^# ]]",
    "a 2>&1 | b &> c",
    "{ a; } 2>&1",
    "if a; then b; fi 2>/dev/null",
    "a |& b",
    "(a;)",
    "cat <<EOF > x && y\n$(\nEOF",
    "cat <<E; if a\nx\nE\nthen b; fi",
    "case $x in a|b) c;; *) d;& e) f;;& esac",
    "case $x in a) if b; then c; fi;; esac",
    'case $x in [a-z]*) c;; "a b") d;; esac',
    "x=$(case a in a) b;; esac)",
    "x=$(case a in (a) b;; esac)",
    "echo $(a # )\n)",
    'echo "$(a # ")\n)"',
    "function x\n{ a; }",
    "f()\n{\na\n}",
    "f () ( a )",
    "f () [[ a ]]",
    "f () if a; then b; fi",
    "a () { b; } & c",
    "while a; do b; done | while c; do d; done",
    "if (a) then b; fi",
    "if { a; } then b; fi",
    "until ((x > 3)); do x=$((x+1)); done",
    "! a | b",
    "exec 3<>/dev/tcp/a {fd}>x",
    "a >&- b",
    "a &&\n\nb",
    "coproc a",
]
WRONG = [
    ('echo "${x:-it\'s}"', 1),
    ('echo "${x#it\'s}"', 1),
    ("echo ${x:-it's}", 1),
    ("{ }", 1),
    ("echo $(if)", 1),
    ('echo "$(if)"', 1),
    ("if a; then b; fi fi", 1),
    ("case x in a) b", 1),
    ("}", 1),
    ("echo a(b)", 1),
    ("a &; b", 1),
    ("; a", 1),
    ("a ;; b", 1),
    ("ls | ", 1),
    ("ls &&", 1),
    ("while :; do done", 1),
    ("if [ a ] then b; fi", 1),
    ("((a)) b", 1),
    ("(a) b", 1),
    ("if a; then; b; fi", 1),
    ("echo ${", 1),
    ("a() { b; } c", 1),
    ('echo a#"', 1),
    ("then", 1),
    ("fi", 1),
    ("if a; then b; else c; elif d; then e; fi", 1),
    ('echo "a', 1),
    ("echo 'a", 1),
    ("a=b(c)", 1),
    ("f(){ a}", 1),
    ("do", 1),
    ("cat <<-E\n\ta'\n\tE\nfi", 4),
    ("a\n;b", 2),
    ("a\n&& b", 2),
    ("()", 1),
    ("if a; then # c\nfi", 2),
    ('echo "${b//\'/x}"', 1),
    ("if true; then\n  echo", 1),
    ("if x; (", 1),
    ("for i in 1 2 3 do a; done", 1),
    ("while a do b; done", 1),
    ("done", 1),
    ("esac", 1),
    ("a)", 1),
    ("(a", 1),
    ("$(a", 1),
    ("`a", 1),
    ("[[ a", 1),
    ("[[ a == b ]] c", 1),
    ("deploy (now)", 1),
    ("if a; then b; fi c", 1),
    ("a | & b", 1),
    ("a || || b", 1),
    ("a && ; b", 1),
    ("(;)", 1),
    ("(a && )", 1),
    ("case $x in ) c;; esac", 1),
    ("{ a; } }", 1),
    ("a=1 { b; }", 1),
    ("a { b; }", 1),
    ("else", 1),
    ("if a; else b; fi", 1),
    ("if a; then b; else; c; fi", 1),
    ("if a; then b; fi; fi", 1),
    ("do a", 1),
    ("a; ; b", 1),
    ("a; # c\n; b", 2),
]
TOKENS = (
    *(
        "a",
        " ",
        "\n",
        ";",
        "&",
        "|",
        "(",
        ")",
        "((",
        "))",
        "$(",
        "${",
        "}",
        "`",
        "'",
        '"',
        "\\",
        "$'",
        "#",
        "=",
        "<",
        ">",
        "[",
    ),
    *(" if ", " then ", " fi ", " for ", " in ", " do ", " done ", " case ", " esac ", " { ", " } ", "[[ ", " ]]"),
    *("<<E\n", "E\n", ";;", "!", "@(", "a=(", "f() "),
)
HOSTILE = (
    *(
        "(",
        "((",
        "$(",
        '"$(',
        "${a:-",
        "`",
        "'' ",
        "[[ ",
        "a|",
        "a;",
        "{ ",
        "if ",
        "if a;then ",
        "case a in b) ",
        "<<E ",
        "<<E\n",
    ),
    *(
        "a <<E\n\nE\n",
        "\n",
        "\\\n",
        "$'",
        "a=(",
        "f()\n",
        "a&&",
        "while ",
        "(a)\n",
        "for a in b;do ",
        "time ",
        "# \n",
        "a\\\n",
    ),
)


@pytest.mark.parametrize("text", RIGHT)
def test_what_bash_takes_is_taken(text: str) -> None:
    assert mistake_in_shell(text) is None


@pytest.mark.parametrize(("text", "line"), WRONG)
def test_what_bash_refuses_is_refused_with_its_line(text: str, line: int) -> None:
    found = mistake_in_shell(text)
    assert found is not None
    assert found[0] == line


@pytest.mark.parametrize("shell", ["zsh", "/usr/bin/env fish", "/bin/tcsh"])
def test_scripts_of_other_shells_are_not_judged(shell: str) -> None:
    assert mistake_in_shell(f"#!/bin/{shell}\nfi\n") is None


def test_a_text_without_an_end_inside_brackets_is_not_judged() -> None:
    assert mistake_in_shell("x=$(cat <<E\na\nE)\n") is None


@given(text=st.lists(st.sampled_from(TOKENS), max_size=60).map("".join) | st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = mistake_in_shell(text)
    assert found is None or 1 <= found[0] <= text.count("\n") + 1


@pytest.mark.parametrize("part", HOSTILE)
def test_hostile_shell_takes_time_in_proportion_to_its_length(part: str) -> None:
    """In processor time, ten times what the slowest takes: anything that grows faster takes minutes."""
    began = time.process_time()
    mistake_in_shell(part * (MAX_PARSED // 2 // len(part)))
    assert time.process_time() - began < 5

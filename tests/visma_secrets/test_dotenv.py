"""`.env` files are read as Meltano reads them: python-dotenv, which it uses, is asked as well."""

from __future__ import annotations

import io

import pytest
from dotenv import dotenv_values

from visma_secrets.dotenv import parse
from visma_secrets.errors import UsageError

FILES = {
    "bare": "A=1\nB=two words\n",
    "blanks around": "  A = 1  \n\n\tB=2\n",
    "comments": "# first\nA=1 # one\nB='2' # two\nC=#three\nD= # none\nE=5#6\n",
    "exported": "export A=1\nexport   'B'=2\n",
    "empty": "A=\nB=''\nC=\"\"\nD\n",
    "quotes": 'A=\'it is "so"\'\nB="it\'s"\nC=\'it\\\'s\'\nD="a\\"b"\nE=a"b\'c\n',
    "escapes": 'A="1\\n2\\t3\\\\n"\nB=\'1\\n2\\\\\'\nC=1\\n2\nD="\\$\\d"\n',
    "several lines": "A=\"-----BEGIN-----\nabc==\n-----END-----\n\"\nB='x\ny'\n",
    "json": 'A=\'[{"company_id": "no", "name": "Vår AS"}]\'\nB={"a": "b#c"}\n',
    "line ends of Windows": 'A=1\r\nB="2\r\n3"\r\nC=4',
    "byte order mark": "\ufeffA=1\n",
    "references": "A=1\nB=${A}2\nC=${NOWHERE}\nD=${NOWHERE:-d}\nE='${A}'\nF=$A\nG=${HERE}\n",
    "the last one counts": "A=1\nA=2\n",
    "odd names": "a.b=1\nÅ=2\nA-B=3\n",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_file_means_what_it_means_to_meltano(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "here")
    theirs = dotenv_values(stream=io.StringIO(text, newline=""))

    assert theirs
    assert parse(text, {"HERE": "here"}) == {k: v for k, v in theirs.items() if v is not None}


@pytest.mark.parametrize("line", ["B='open", 'B="a" b', "=1", "B='a'b'"])
def test_a_line_that_means_nothing_is_an_error_that_does_not_quote_it(line: str) -> None:
    with pytest.raises(UsageError, match="Line 2 ") as caught:
        parse(f"A=1\n{line}\nC=3\n", {})

    assert line not in str(caught.value)

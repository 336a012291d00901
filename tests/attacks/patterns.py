"""Regular expressions that would keep the C engine busy for good: each ends in the stop."""

from __future__ import annotations

from functools import partial

from .case import Case, case

endless = partial(case, attack="catastrophic patterns", pit=5)
sly = partial(case, attack="patterns that change under way", pit=23)

#: Name, pattern, text: what backtracks without end, in the shapes that are known.
SHAPES = [
    ("nested-plus", "(a+)+$", "'a' * 60 + 'b'"),
    ("nested-star", "(a*)*c", "'a' * 60"),
    ("nested-lazy", "(a+?)+?c", "'a' * 60"),
    ("same-ways", "(a|a)*c", "'a' * 60"),
    ("ways-that-overlap", "(?:a|aa|ab?)+$", "'a' * 60 + '!'"),
    ("ways-beyond-ascii", "(?:\\\\w\\\\w?|\u4e2d)+$", "'\u4e2d' * 60 + '!'"),
    ("case-folding-ways", "(?i:(?:kk?|\u212a)+$)", "'k' * 60 + '!'"),
    ("optional-many", "(?:a?){40}a{40}", "'a' * 39"),
    ("words-and-spaces", "(?:\\\\w+\\\\s?)*$", "'word ' * 30 + '!'"),
    ("numbers", "(?:[0-9]+[.]?)+$", "'1' * 60 + 'x'"),
    ("dots-in-a-row", ".*.*.*.*.*.*x", "'a' * 3000"),
    ("commas", "(.*?,){15}P", "'1,' * 60"),
    ("behind-a-look", "(?=(?:a+)+$)b", "'a' * 60 + 'b'"),
    ("not-there", "(?!(?:a+)+$)b", "'a' * 60 + 'b'"),
    ("looking-back", "(?:(?<!b)(?:a|aa))+$", "'a' * 60 + 'b'"),
    ("in-an-atom", "(?>(?:a+)+$)", "'a' * 60 + 'b'"),
    ("possessive-over-nested", "(?:(?:a+)+$)++", "'a' * 60 + 'b'"),
    ("same-again", "((?P<q>a)(?P=q)|a)*b", "'a' * 60"),
    ("again-and-again", "(a*)(?:\\\\1a|a)*b", "'a' * 60"),
    ("if-a-group-is-there", "(?:(x)?(?(1)x|(?:a|a))(?:))*b", "'a' * 60"),
    ("nothing-a-million-times", "(?:){1000000000}b", "''"),
    ("little-a-million-times", "(?:a{0,3}){99999999}b", "'a' * 30"),
    ("nothing-in-many-ways", "(?:(?:|){30})*b", "''"),
    ("borders", "(?:\\\\b|a|aa)*$", "'a' * 60 + '!'"),
    ("ends-of-lines", "(?m:(?:^.*|\\\\n|.$\\\\n)*)x", "'a\\n' * 60"),
    ("verbose-mail", "([a-zA-Z0-9])(([\\\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$",
     "'a' * 60 + '!'"),
]  # fmt: skip

CALLS = [
    ("match", "p.match(t)"),
    ("fullmatch", "p.fullmatch(t + '!')"),
    ("findall", "p.findall('!' + t)"),
]

#: One shape through each way to the engine.
WAYS = [
    ("search", "re.search('(a+)+$', t)"),
    ("finditer", "list(re.finditer('(a+)+$', t))"),
    ("split", "re.split('(a+)+$', t)"),
    ("sub", "re.sub('(a+)+$', '', t)"),
    ("subn-with-a-function", "re.subn('(a+)+$', lambda m: '', t)"),
    ("scanner", "re.compile('(a+)+$').scanner(t).search()"),
    ("unbound", "type(re.compile('')).search(re.compile('(a+)+$'), t)"),
    ("mapped", "list(map(re.compile('(a+)+$').search, [t]))"),
    ("partly", "re.compile('(a+)+$').match('b' + t, 1)"),
    ("up-to-a-place", "re.compile('(a+)+$').match(t + 'aaa', 0, len(t))"),
    ("text-of-a-subclass", "re.search('(a+)+$', type('S', (str,), {'__len__': lambda s: 0})(t))"),
    ("of-bytes", "re.search(b'(a+)+$', t.encode())"),
    ("of-a-bytearray", "re.search(b'(a+)+$', bytearray(t.encode()))"),
    ("of-a-view", "re.search(b'(a+)+$', memoryview(t.encode()))"),
    ("string-template", "import string\nstring.Template.pattern = '(?P<escaped>(a+)+$)|(?P<named>x)|(?P<braced>y)|(?P<invalid>z)'\nclass T(string.Template):\n    pattern = '(?P<escaped>(a+)+$)|(?P<named>x)|(?P<braced>y)|(?P<invalid>z)'\nT(t).substitute()"),
    ("fnmatch", "import fnmatch\nfnmatch.fnmatchcase(t * 9, '[a]*?' * 9 + 'c') or re.match(fnmatch.translate('*a?' * 9 + 'c').replace('?>', '?:'), t * 9)"),
    ("json-decoder", "import json\njson.scanner.NUMBER_RE = re.compile('((a+)+$)()()')\njson.scanner.py_make_scanner(json.JSONDecoder())(t, 0)"),
    ("strptime-format", "import _strptime\n_strptime._regex_cache['%Y'] = re.compile('(a+)+$')\n_strptime._strptime(t, '%Y')"),
    ("unittest-regex", "import unittest\nunittest.TestCase().assertRegex(t, '(a+)+$')"),
    ("logging-name", "import configparser\nclass P(configparser.ConfigParser):\n    OPTCRE = re.compile('(a+)+$')\n    _OPT_TMPL = ''\nP.SECTCRE = re.compile('(a+)+$')\np = P()\np.read_string(t)"),
]  # fmt: skip

#: What a mutable text becomes after the match was paid for, and small pieces that add up.
SLY = [
    ("a-text-that-changes-while-found", "import re\nb = bytearray(b'x' + b'c' * 60)\nfound = re.finditer(b'x|(?:a+)+$', b)\nnext(found)\nb[1:] = b'a' * 59 + b'!'\nlist(found)\nr = 'found'", "found"),
    ("a-text-that-changes-while-substituted", "import re\nb = bytearray(b'x' + b'c' * 60)\ndef change(m):\n    b[1:] = b'a' * 59 + b'!'\n    return b''\nre.sub(b'x|(?:a+)+$', change, b)\nr = 'done'", "done"),
    ("a-text-that-changes-under-a-scanner", "import re\nb = bytearray(b'x' + b'c' * 60)\ns = re.compile(b'x|(?:a+)+$').scanner(b)\ns.match()\nb[1:] = b'a' * 59 + b'!'\nr = s.match()", None),
    ("a-place-that-lies", "import re\nclass I:\n    def __index__(self): return log.append(1) or (0 if len(log) > 1 else 10**30)\nlog = []\nre.compile('a').match('a', I())\nr = len(log)", 1),
    ("a-pattern-from-nowhere", "import re\nP = type(re.compile(''))\nr = []\nfor f in (lambda: P(), lambda: P.__new__(P), lambda: object.__new__(P), lambda: type('Q', (P,), {})):\n    try:\n        r.append(f())\n    except (TypeError, AttributeError):\n        pass", []),
]  # fmt: skip

#: Patterns whose making is the work.
MAKING = [
    ("large-sets", "import re\nn = 0\nwhile True:\n    n += 1\n    re.compile('[%s]' % ''.join(map(chr, range(200 + n, 60000))), re.I)"),
    ("many-ways", "import re\nfor n in range(10**9):\n    re.compile(str(n) + 'ab|' * 999)"),
    ("many-loops-in-one-another", "import re\nfor n in range(10**9):\n    re.compile('(?:' * 40 + str(n) + ')*' * 40).match('')"),
]  # fmt: skip

CASES: list[Case] = [
    *(
        endless(
            f"pattern-{name}-{how}",
            f'import re\np = re.compile("{pattern}")\nt = {text}\n{call}',
            stopped=("steps", "memory"),
            steps=400_000,
            seconds=None,
        )
        for name, pattern, text in SHAPES
        for how, call in CALLS
    ),
    *(
        endless(
            f"pattern-by-{name}",
            f"import re\nt = 'a' * 60 + '!'\n{src}",
            stopped="steps",
            steps=3_000_000,
            seconds=None,
        )
        for name, src in WAYS
    ),
    *(sly(f"pattern-{name}", src + "\nr", value=value) for name, src, value in SLY),
    *(endless(f"pattern-made-of-{name}", src, stopped=("steps", "memory")) for name, src in MAKING),
]

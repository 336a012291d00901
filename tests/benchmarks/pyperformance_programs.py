"""pyperformance's programs as guests: its own files, cut before their command line.

What stands for `pyperf` is a clock that stands still, and what a program would read from a file it is
handed as `DATA`. Nothing else of a program is changed, but for the replacements that its row names.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from .program import Benchmark

__all__ = ["ROWS", "pyperformance_programs"]

#: What programs take the time with.
_CLOCK = "class pyperf:\n    perf_counter = int\n"
_MAIN = re.compile(r"^if __name__ == ['\"]__main__['\"]:.*\Z", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    """One program. run: the body of `run(n)`. folder: where its file is, if not under its name.

    data: a file beside it that it is handed. edits: texts and what stands for them.
    """

    run: str
    size: int = 1
    quick: int = 1
    folder: str = ""
    data: str = ""
    edits: tuple[tuple[str, str], ...] = ()
    package: str = ""
    clock: bool = False


_OPENED = (("open(filename, 'rb')", "io.BytesIO(DATA)"), ('open(filename, "rb")', "io.BytesIO(DATA)"))
_LOGGER = """\
    stream = io.StringIO()
    handler = logging.StreamHandler(stream=stream)
    logger = logging.getLogger("benchlogger")
    logger.propagate = False
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING)
    {}(n, logger, stream)
    return len(stream.getvalue())"""
_SPECTRAL = """\
    u = [1] * n
    for dummy in range(10):
        v = eval_AtA_times_u(u)
        u = eval_AtA_times_u(v)
    vBv = vv = 0
    for ue, ve in zip(u, v):
        vBv += ue * ve
        vv += ve * ve
    return vBv / vv"""
_CHAOS = """\
    class Runner:
        metadata = {}
        def bench_func(self, name, function, *args):
            self.found = function(*args)
    class args:
        thickness, width, height, filename, rng_seed = 0.25, 256, 256, None, 1234
        iterations = n
    main(Runner(), args)
    return random.random()"""
_METEOR = """\
    board, cti, pieces = get_puzzle(WIDTH, HEIGHT)
    fps = get_footprints(board, cti, pieces)
    se_nh = get_senh(board, cti)
    free = frozenset(range(len(board)))
    curr_board = [-1] * len(board)
    pieces_left = list(range(len(pieces)))
    solutions = []
    solve(n, 0, free, curr_board, pieces_left, solutions, fps, se_nh)
    return solutions"""
_BARNES_HUT = """\
    particles = create_deterministic_galaxy(60, 500, 400)
    for _ in range(n):
        advance_system(particles, DEFAULT_THETA, TIME_STEP, 1000, 800)
    return calculate_system_energy(particles)"""
_SEND = """\
    coro = fibonacci(n)
    try:
        while True:
            coro.send(None)
    except StopIteration as stop:
        return stop.value"""
_ASYNC_TREE = """\
    async def total():
        found = 0
        async for i in tree(range(n)):
            found += i
        return found
    coro = total()
    try:
        while True:
            coro.send(None)
    except StopIteration as stop:
        return stop.value"""
_FFT = "    return bench_FFT(1, n, 2)"

#: Each row's own name is the name of the program in tables.
ROWS: dict[str, Row] = {
    "argparse": Row("    for _ in range(n): bm_many_optionals()", 10, 2),
    "argparse_many": Row("    for _ in range(n): bm_subparsers()", 1, 1, "argparse"),
    "async_generators": Row(_ASYNC_TREE, 20_000, 1000),
    "barnes_hut": Row(_BARNES_HUT, 12, 1),
    "base64": Row("    return bench_b64_small(n) + bench_a85_small(n) + bench_b32_small(n)", 2, 1,
                  edits=(("randbytes(1048574)", "randbytes(2000)"), ("randbytes(102400)", "randbytes(1000)")),
        clock=True),
    "bpe_tokeniser": Row(
        "    enc = SimpleBytePairEncoding.train(DATA[:n], vocab_size=320, pat_str=r\"\"\"'s|'t| ?[a-zA-Z]+"
        "| ?\\d+|\\s+\"\"\")\n    return enc.encode(DATA[:n])", 6000, 500,
        data="frankenstein_intro.txt", edits=(("from pathlib import Path", ""),)),
    "chaos": Row(_CHAOS, 1000, 100),
    "comprehensions": Row("    bench_comprehensions(n)\n    return len(make_some_widgets())", 1000, 100,
                          clock=True),
    "coroutines": Row(_SEND, 20, 12),
    "crypto_pyaes": Row("    return bench_pyaes(n)", 1, 1, package="pyaes", clock=True),
    "decimal_factorial": Row("    return str(factorial(decimal.Decimal(n), 0))", 2000, 200),
    "decimal_pi": Row("    decimal.getcontext().prec = 19\n"
                      "    return [str(pi_decimal()) for _ in range(n)][-1]", 1500, 100),
    "deepcopy": Row("    return benchmark(n)", 20, 2, clock=True),
    "deepcopy_memo": Row("    return benchmark_memo(n)", 200, 20, "deepcopy", clock=True),
    "deepcopy_reduce": Row("    return benchmark_reduce(n)", 1000, 100, "deepcopy", clock=True),
    "deltablue": Row("    delta_blue(n)\n    return planner.current_mark", 500, 50),
    "fannkuch": Row("    return fannkuch(n)", 8, 6),
    "float": Row("    return repr(benchmark(n))", 20_000, 1000),
    "generators": Row("    return sum(tree(range(n)))", 50_000, 1000),
    "go": Row("    global GAMES\n    GAMES = n\n    return versus_cpu()", 20, 2),
    "hexiom": Row("    main(n, 25)", 1, 1, clock=True),
    "json_dumps": Row("    bench_json_dumps([(SIMPLE[0], range(n)), (NESTED[0], range(n)),"
                      " (HUGE[0], range(1))])\n    return json.dumps(NESTED[0])", 500, 20),
    "json_loads": Row("    texts = (json.dumps(DICT), json.dumps(TUPLE), json.dumps(DICT_GROUP))\n"
                      "    for _ in range(n): bench_json_loads(texts)\n"
                      "    return [json.loads(t) for t in texts]", 25, 2),
    "logging_format": Row(_LOGGER.format("bench_formatted_output"), 200, 10, "logging", clock=True),
    "logging_silent": Row(_LOGGER.format("bench_silent"), 5000, 100, "logging", clock=True),
    "logging_simple": Row(_LOGGER.format("bench_simple_output"), 200, 10, "logging", clock=True),
    # The less it tolerates the longer it takes: 0.192 is the program's own.
    "mdp": Row("    return Battle().evaluate(n / 1000)", 192, 5000),
    "meteor_contest": Row(_METEOR, 20, 1),
    "nbody": Row("    offset_momentum(BODIES['sun'])\n    report_energy()\n    advance(0.01, n)\n"
                 "    return list(SYSTEM)", 4000, 200),
    "nqueens": Row("    return list(n_queens(n))", 7, 5),
    "pidigits": Row("    return calc_ndigits(n)", 800, 50),
    "pprint": Row("    return p.pformat(printable[:n])", 1000, 50,
                  edits=(("* 100_000", "* 1_000"),)),
    "pyflate": Row("    return bench_pyflake(n, '')", 1, 1, data="interpreter.tar.bz2",
                   edits=(*_OPENED, ("import hashlib", "import hashlib, io")), clock=True),
    "raytrace": Row("    return bench_raytrace(1, n, n, None)", 40, 8, clock=True),
    # The patterns that are literals in the file of regex_effbot; nothing of them is remembered.
    "regex_compile": Row("    return [len(gen_regex_table()) for _ in range(n)]", 3, 1, "regex_effbot",
                         edits=(("        return re.compile(s)", "        re.purge()\n        return re.compile(s)"),)),
    "regex_dna": Row("    return run_benchmarks(init_benchmarks(n, 42))", 3000, 200),
    "regex_effbot": Row("    init_benchmarks([n])\n    return bench_regex_effbot(1)", 1000, 10, clock=True),
    "regex_v8": Row("    for block in (block2, block4, block7, block9): block()", 1, 1),
    "richards": Row("    return Richards().run(n)", 1, 1),
    "richards_super": Row("    return Richards().run(n)", 1, 1),
    "scimark_fft": Row(_FFT, 1024, 64, "scimark", clock=True),
    "scimark_lu": Row("    bench_LU(1, n)", 60, 10, "scimark", clock=True),
    "scimark_monte_carlo": Row("    return MonteCarlo(n)", 40_000, 1000, "scimark"),
    "scimark_sor": Row("    return bench_SOR(n, 50, 10, Array2D)", 1, 1, "scimark", clock=True),
    "scimark_sparse_mat_mult": Row("    bench_SparseMatMult(n, 1000, 5000)", 20, 1, "scimark", clock=True),
    "spectral_norm": Row(_SPECTRAL, 60, 10),
    "telco": Row("    return bench_telco(n, '')", 1, 1, data="telco-bench.b",
                 edits=(*_OPENED, ("import os\n", "")), clock=True),
    "tomli_loads": Row("    for _ in range(n): found = tomli.loads(DATA[:60_000].rpartition('\\n\\n[')[0])\n"
                       "    return len(found)", 1, 1, data="tomli-bench-data.toml",
                       # The library's own, which is the same code; the package is compiled.
                       edits=(("from pathlib import Path", ""), ("import tomli\n", "import tomllib as tomli\n"),
                              ('DATA_FILE = Path(__file__).parent / "data" / "tomli-bench-data.toml"', ""))),
    "typing_runtime_protocols": Row("    bench_protocols(n)", 20, 1,
                                    edits=(("import time\n", "class time: perf_counter = int\n"),),
                                    clock=True),
    "unpack_sequence": Row("    bench_all(n)", 1000, 50, clock=True),
}  # fmt: skip


def _home() -> Path:
    spec = importlib.util.find_spec("pyperformance")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pyperformance is not installed: pip install 'capcompiler[bench]'")
    return Path(spec.origin).parent / "data-files" / "benchmarks"


def pyperformance_programs() -> list[Benchmark]:
    """All rows whose files the installed pyperformance has. Raises ModuleNotFoundError without it."""
    home = _home()
    made = []
    for name, row in ROWS.items():
        folder = home / f"bm_{row.folder or name}"
        if not folder.is_dir():
            continue
        data: dict[str, object] = {}
        text = (folder / "run_benchmark.py").read_text("utf-8")
        for old, new in row.edits:
            text = text.replace(old, new)
        text = _MAIN.sub("", text)
        text = text.replace("import pyperf\n", _CLOCK if row.clock else "")
        if row.data:
            raw = (folder / "data" / row.data).read_bytes()
            data["DATA"] = raw.decode() if row.data.endswith((".txt", ".toml")) else raw
        text += f"\n\ndef run(n):\n{row.run}\n"
        made.append(
            Benchmark(name, "pyperformance", text, row.size, row.quick, data, package=row.package)
        )
    return made

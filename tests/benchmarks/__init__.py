"""What guests cost: programs and calls, beside plain `exec` and beside the peers, in one run.

`python -m tests.benchmarks` measures, prints a table and writes JSON; see docs/reference/benchmarks.md.
"""

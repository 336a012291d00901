"""Runs report.py on orders.csv: the program gets the rows, and no file, clock or network."""

import csv
import sys
from pathlib import Path

from capcompiler import Limits, cap_exec

HERE = Path(__file__).parent


def main() -> None:
    with open(HERE / "orders.csv", encoding="utf-8", newline="") as file:
        orders = list(csv.DictReader(file))
    report = cap_exec(
        (HERE / "report.py").read_text(encoding="utf-8"),
        {"orders": orders},
        filename="report.py",
        limits=Limits(steps=1_000_000),
    )
    sys.stdout.write(report.output)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()

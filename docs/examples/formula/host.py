"""A spreadsheet: each formula of formulas.csv is compiled once, and evaluated for each row of rows.csv.

A formula sees the cells of its row, the columns before it, and one function of the host's, `vat`.
"""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from capcompiler import CapError, GuestError, LimitExceeded, Limits, cap_compile, cap_eval

HERE = Path(__file__).parent
LIMITS = Limits(steps=10_000, memory=16 * 2**20)
VAT = {"DE": 0.19, "GB": 0.2, "IT": 0.22, "NO": 0.25, "PT": 0.23}


def vat(country: str) -> float:
    return VAT[country]


def evaluate(program: Any, cells: dict[str, Any]) -> Any:
    """The value of one cell, or what a spreadsheet shows instead."""
    try:
        return cap_eval(program, cells | {"vat": vat}, limits=LIMITS)
    except LimitExceeded as error:
        return f"#LIMIT {error.kind}"
    except GuestError as error:
        return f"#{error.exc_type}"


def read(name: str) -> list[dict[str, str]]:
    with open(HERE / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sheet(compiler: Callable[[str], Any], evaluator: Callable[[Any, dict[str, Any]], Any]) -> None:
    formulas = [(f["column"], compiler(f["formula"])) for f in read("formulas.csv")]
    for number, row in enumerate(read("rows.csv"), 1):
        cells: dict[str, Any] = dict(row)
        cells["quantity"] = int(row["quantity"])
        cells["price"], cells["cost"] = float(row["price"]), float(row["cost"])
        values = {}
        for column, formula in formulas:
            values[column] = evaluator(formula, cells)
            if type(values[column]) is not str or not values[column].startswith("#"):
                cells[column] = values[column]
        print(number, json.dumps(values, ensure_ascii=False))


def main() -> None:
    sheet(lambda text: cap_compile(text, mode="eval"), evaluate)
    try:
        cap_compile("price = 0", mode="eval")
    except CapError as error:
        print("not a formula:", type(error).__name__)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()

# packages: tabulate wcwidth
from tabulate import tabulate

rows = [["spam", 41.9999], ["eggs", "451.0"], ["bacon", None]]
for style in ("plain", "simple", "github", "grid", "pipe", "html", "latex", "rst", "fancy_grid", "tsv"):
    print(tabulate(rows, headers=["item", "qty"], tablefmt=style))
print(tabulate([{"a": 1, "b": "x"}, {"a": 22}], headers="keys", showindex=True, numalign="left"))
print(tabulate([["long text " * 5, 1]], maxcolwidths=12, tablefmt="grid"))

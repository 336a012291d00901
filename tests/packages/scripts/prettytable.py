# packages: prettytable wcwidth
from prettytable import PrettyTable, TableStyle

t = PrettyTable(["City", "Area"])
t.add_row(["Adelaide", 1295])
t.add_row(["Brisbane", 5905])
t.align["City"] = "l"
print(t, t.get_string(sortby="Area", reversesort=True), t.get_html_string(), t.get_csv_string())
t.set_style(TableStyle.MARKDOWN)
print(t)

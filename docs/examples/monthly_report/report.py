"""A monthly report on `orders`, a list of dicts of text as a CSV file gives them."""

TOP = 5


def cents(amount):
    """An amount such as "21.90" in whole cents."""
    units, _, rest = amount.partition(".")
    return int(units) * 100 + int((rest + "00")[:2])


def money(amount):
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100:,}.{abs(amount) % 100:02}"


class Tally:
    """Quantities and amounts under a key."""

    def __init__(self):
        self.units = {}
        self.amounts = {}

    def add(self, key, units, amount):
        self.units[key] = self.units.get(key, 0) + units
        self.amounts.setdefault(key, 0)
        self.amounts[key] += amount

    @property
    def total(self):
        return sum(self.amounts.values())

    def ranked(self):
        return sorted(self.amounts.items(), key=lambda item: (-item[1], item[0]))


class Month:
    def __init__(self, name):
        self.name = name
        self.orders = set()
        self.products = Tally()
        self.customers = Tally()
        self.returned = 0

    def take(self, row):
        amount = cents(row["unit_price"]) * int(row["quantity"])
        amount -= amount * int(row["discount_percent"]) // 100
        if row["status"] == "returned":
            self.returned += amount
            return
        self.orders.add(row["order"])
        self.products.add(row["product"], int(row["quantity"]), amount)
        self.customers.add(row["customer"], int(row["quantity"]), amount)


def table(headings, rows):
    """Lines of a text table: the first column to the left, the others to the right."""
    cells = [headings, *([str(c) for c in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headings))]
    rule = "  ".join("-" * w for w in widths)
    for number, row in enumerate(cells):
        first, *others = (
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *others]).rstrip()
        if number == 0 or number == len(cells) - 2:
            yield rule


def months(rows):
    found = {}
    for row in rows:
        if row["status"] == "cancelled":
            continue
        name = row["date"][:7]
        if name not in found:
            found[name] = Month(name)
        found[name].take(row)
    return [found[name] for name in sorted(found)]


report = months(orders)

print("MONTHLY REPORT")
previous = None
for month in report:
    print()
    print(f"{month.name}: {len(month.orders)} orders, {money(month.products.total)} EUR", end="")
    if previous:
        change = (month.products.total - previous.products.total) / previous.products.total
        print(f" ({change:+.1%} on the month before)", end="")
    print(f", returned {money(month.returned)}")
    lines = [
        (product, month.products.units[product], money(amount), f"{amount / month.products.total:.1%}")
        for product, amount in month.products.ranked()
    ]
    lines.append(("all", sum(month.products.units.values()), money(month.products.total), "100.0%"))
    for line in table(["product", "units", "EUR", "share"], lines):
        print("   ", line)
    previous = month

everyone = Tally()
for month in report:
    for customer, amount in month.customers.amounts.items():
        everyone.add(customer, month.customers.units[customer], amount)

print()
print(f"TOP {TOP} CUSTOMERS")
top = [(name, everyone.units[name], money(amount)) for name, amount in everyone.ranked()[:TOP]]
top.append(("all customers", sum(everyone.units.values()), money(everyone.total)))
for line in table(["customer", "units", "EUR"], top):
    print("   ", line)

totals = {month.name: month.products.total for month in report}

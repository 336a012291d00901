"""Writes orders.csv: the orders of a small shop in the first half of 2025, the same on every run."""

import csv
import datetime
import random
from pathlib import Path

PRODUCTS = {
    "Espresso beans 1 kg": 2190,
    "Filter beans 1 kg": 1980,
    "Decaf beans 1 kg": 2290,
    "Hand grinder": 8900,
    "Electric grinder": 24900,
    "Pour-over kettle": 6450,
    "Paper filters 100": 690,
    "Scale": 3900,
}
WEIGHTS = [9, 8, 3, 2, 1, 2, 7, 2]
CUSTOMERS = [
    "Café Lindenhof", "Bürohaus Krüger", "O'Hara & Sons", "Nakamura Tea Room", "Panificio Rossi",
    "Studio Ålesund", "Librería Quijote", "Kontor 14", "Bean There", "Hotel Zur Post",
    "Anna Weiß", "Tom Okafor", "Mei Chen", "Jonas Lund", "Sofia Marques",
]  # fmt: skip
COUNTRIES = ["DE", "DE", "IE", "JP", "IT", "NO", "ES", "DE", "GB", "AT", "DE", "GB", "NL", "DK", "PT"]
DISCOUNTS = [0, 0, 0, 0, 5, 10]


def main() -> None:
    rng = random.Random(2025)
    day = datetime.date(2025, 1, 2)
    rows = []
    number = 10001
    while day < datetime.date(2025, 7, 1):
        for _ in range(rng.choice([0, 1, 1, 2, 2, 3])):
            who = min(rng.randrange(len(CUSTOMERS)), rng.randrange(len(CUSTOMERS)))
            for product in rng.choices(list(PRODUCTS), WEIGHTS, k=rng.choice([1, 1, 1, 2])):
                cents = PRODUCTS[product]
                quantity = rng.choice([1, 1, 2, 3, 5, 10]) if cents < 5000 else 1
                status = rng.choices(["shipped", "returned", "cancelled"], [92, 4, 4])[0]
                rows.append(
                    {
                        "order": f"A{number}",
                        "date": day.isoformat(),
                        "customer": CUSTOMERS[who],
                        "country": COUNTRIES[who],
                        "product": product,
                        "quantity": quantity,
                        "unit_price": f"{cents // 100}.{cents % 100:02}",
                        "discount_percent": rng.choice(DISCOUNTS),
                        "status": status,
                    }
                )
            number += 1
        day += datetime.timedelta(days=1)
    with open(Path(__file__).with_name("orders.csv"), "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()

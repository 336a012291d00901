# packages: stdnum
from stdnum import iban, isbn, luhn, verhoeff
from stdnum.exceptions import ValidationError

print(
    isbn.validate("978-9024538270"),
    isbn.format("9789024538270"),
    luhn.calc_check_digit("7894"),
    iban.compact("GR16 0110"),
    verhoeff.is_valid("1234"),
)
try:
    isbn.validate("978-9024538271")
except ValidationError as error:
    print(error)

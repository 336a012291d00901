# packages: roman
import roman

print([roman.toRoman(n) for n in (1, 4, 9, 1999, 3999)], roman.fromRoman("MCMXCIX"))
try:
    roman.fromRoman("IIII")
except roman.InvalidRomanNumeralError as error:
    print(error)

# packages: tomli
import tomli

text = """
title = "x\\u00e9"
[owner]
dob = 1979-05-27T07:32:00-08:00
day = 2020-01-02
t = 07:32:00
[[points]]
x = 1
y = [1.5, -inf, 0x1F, true]
[[points]]
x = { a.b = "c" }
m = '''
multi
line'''
"""
print(tomli.loads(text))
for bad in ("a = ", "a = 1\na = 2", "[x", "x = 'a\nb'"):
    try:
        tomli.loads(bad)
    except tomli.TOMLDecodeError as error:
        print(error)

# packages: termcolor
from termcolor import colored

print(
    repr(colored("a", "red", force_color=True)),
    repr(colored("b", "green", "on_blue", ["bold", "blink"], force_color=True)),
)
print(repr(colored("c", (1, 2, 3), force_color=True)), repr(colored("d", no_color=True)))

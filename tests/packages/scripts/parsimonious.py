# packages: parsimonious regex
from parsimonious.grammar import Grammar

print(Grammar("bold = '((' text '))'\ntext = ~'[A-Z 0-9]*'i").parse("((bold stuff))"))

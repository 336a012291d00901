# packages: texttable wcwidth
from texttable import Texttable

t = Texttable(max_width=40)
t.set_cols_align(["l", "r"])
t.add_rows([["Name", "Age"], ["Xavier de la Something Long", 37], ["B", 1.5]])
print(t.draw())

# packages: simpleeval
from simpleeval import simple_eval

print(simple_eval("1 + 2 * x", names={"x": 3}))

# packages: jmespath
import jmespath
from jmespath.exceptions import JMESPathError

data = {"people": [{"name": "a", "age": 30}, {"name": "b", "age": 20}], "x": {"y": [1, 2, 3]}}
for query in (
    "people[*].name", "people[?age > `25`].name | [0]", "x.y[::-1]", "length(people)",
    "sort_by(people, &age)[].name", "max_by(people, &age).name", "{n: people[0].name, s: sum(x.y)}",
    "people[].[name, age]", "join(',', people[].name)", "not_null(z, x.y[0])", "keys(@)",
):  # fmt: skip
    print(query, jmespath.search(query, data))
try:
    jmespath.compile("people[")
except JMESPathError as error:
    print(type(error).__name__)

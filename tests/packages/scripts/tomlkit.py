# packages: tomlkit
import tomlkit
from tomlkit.exceptions import ParseError

doc = tomlkit.parse("# top\ntitle = 'x' # why\n[a]\nb = [1, 2] \n[[c]]\nd = 1979-05-27\n")
doc["a"]["b"].append(3)
doc["new"] = {"k": True}
print(tomlkit.dumps(doc), doc.unwrap())
try:
    tomlkit.parse("a = = 1")
except ParseError as error:
    print(error)

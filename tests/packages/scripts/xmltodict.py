# packages: xmltodict
import xmltodict

print(xmltodict.unparse({"a": {"@id": "1", "b": ["x", "y"], "#text": "t"}}, pretty=True))

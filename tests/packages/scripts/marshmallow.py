# packages: marshmallow
from marshmallow import Schema, ValidationError, fields, post_load, validate


class User(Schema):
    name = fields.Str(required=True, validate=validate.Length(min=2))
    age = fields.Int(load_default=5)
    born = fields.Date()
    tags = fields.List(fields.Str())
    mail = fields.Email()

    @post_load
    def done(self, data, **kwargs):
        return {**data, "done": True}


print(User().load({"name": "ab", "born": "2024-01-02", "tags": ["x"], "mail": "a@b.co"}))
print(User(many=True).dump([{"name": "q", "age": 3}]))
try:
    User().load({"name": "a", "age": "x", "mail": "no", "zz": 1})
except ValidationError as error:
    print(error.messages)

"""What Jinja2's runtime takes from `jinja2.nodes`: how a template is evaluated just now."""


class EvalContext:
    def __init__(self, environment, template_name=None):
        self.environment = environment
        escapes = environment.escapes  # as it says for every template, or None where it decides
        self.autoescape = environment.autoescape(template_name) if escapes is None else escapes
        self.volatile = False

    def save(self):
        return self.autoescape, self.volatile

    def revert(self, old):
        self.autoescape, self.volatile = old

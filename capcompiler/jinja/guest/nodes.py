"""What Jinja2's runtime takes from `jinja2.nodes`: how a template is evaluated just now."""


class EvalContext:
    def __init__(self, environment, template_name=None):
        self.environment = environment
        autoescape = environment.autoescape
        self.autoescape = autoescape(template_name) if callable(autoescape) else autoescape
        self.volatile = False

    def save(self):
        return self.autoescape, self.volatile

    def revert(self, old):
        self.autoescape, self.volatile = old

"""The world that templates run in. Jinja2's runtime, filters and tests run here as guest code.

Granted: `host` (load, version, autoescape and the host's functions), the classes of the records that
cross (`SafeText`, `HostFunction`, ...), and `settings`, data.
"""

import jinja2.utils

# It would mark code objects for tracebacks, which guests have none of.
jinja2.utils.internalcode = lambda f: f

import _markup
import markupsafe
from jinja2 import async_utils, filters, runtime
from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_TESTS
from jinja2.exceptions import (
    SecurityError,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplatesNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Macro, Undefined
from jinja2.utils import (
    Cycler,
    Joiner,
    _PassArg,
    generate_lorem_ipsum,
    pass_environment,
    pass_eval_context,
)
from markupsafe import EscapeFormatter, Markup
from string import Formatter
from _string import formatter_field_name_split

MAX_RANGE = 100000
_ABSENT = object()

# Making `Markup` of an exact text is what templates do most.
_text = str.__new__
_any_markup = Markup.__new__


def _markup_of(cls, object="", encoding=None, errors="strict"):
    if type(object) is str and encoding is None:
        return _text(cls, object)
    return _any_markup(cls, object, encoding, errors)


Markup.__new__ = _markup_of
markupsafe._escape_inner = _markup._escape_inner
_escape_any = markupsafe.escape


def _escape_of_host(value):
    """`markupsafe.escape`, which takes what an object of the host's says it is in HTML too."""
    if type(value) is not str and not hasattr(value, "__html__"):
        html = _html_of(value)
        if html is not None:
            return Markup(html)
    return _escape_any(value)


markupsafe.escape = filters.escape = _escape_of_host
concat = runtime.concat = jinja2.utils.concat = _markup.concat


_type_repr = runtime.object_type_repr


def _kind_of(obj):
    """What an error calls a value's type; of a capability there is nothing to say."""
    try:
        return _type_repr(obj)
    except AttributeError:
        return "host object"


runtime.object_type_repr = _kind_of
mark = _markup.marking(Markup, Markup)
escape = _markup.escape(Markup, markupsafe.escape)
# What the runtime and the generated code call to mark text, to escape it and to put it together.
runtime.Markup, runtime.escape = mark, escape
runtime.markup_join = _markup.tilde(Markup, runtime.markup_join)
_str_join = runtime.str_join


def str_join(parts):
    made = _markup.join(parts, "")
    return _str_join(parts) if made is None else made


runtime.str_join = str_join

# What crosses


def inside(value):
    """What came from the host, with its records made what templates know."""
    kind = type(value)
    if kind is SafeText:
        return Markup(value.text)
    if kind is HostFunction:
        return HostCall(value.call, value.passes)
    if kind is UndefinedValue:
        if value.of is not None:
            return environment.undefined._undefined_answered(value)
        return environment.undefined(value.hint, name=value.name)
    if kind is AsyncItems:
        return HostItems(value.step)
    if kind is Items:
        return HostIterator(value.step)
    if kind is TemplateValue:
        return environment.loaded(value.number)
    if kind is Refused:
        return environment.undefined(value.why, name=value.name, exc=SecurityError)
    if kind is Raised:
        raise _ERRORS[value.kind](value.message)
    if kind in _NESTS:
        return _nest(value, inside, {})
    return value


def outside(value):
    """What the host is to get for a value of the template's."""
    kind = type(value)
    if kind is str or kind is int:
        return value
    if kind is Markup:
        return SafeText(str(value))
    if kind is HostCall:
        return value._call
    if kind is HostItems:
        return AsyncItems(value._step)
    if kind is HostIterator:
        return Items(value._step)
    if isinstance(value, Undefined):
        name = value._undefined_name
        of = getattr(value, "_undefined_of", None) if asks else None
        return UndefinedValue(value._undefined_hint, name if type(name) is str else None, of)
    if kind is EvalContext:
        return ContextValue({}, None, bool(value.autoescape))
    if kind is QuickContext:
        found = {k: outside(v) for k, v in value.get_all().items() if k not in _OWN}
        return ContextValue(found, value.name, bool(value.eval_ctx.autoescape))
    if kind is Environment:
        return None
    if kind in _NESTS:
        return _nest(value, outside, {})
    if isinstance(value, Markup):
        return SafeText(str(value))
    return value


def _nest(value, each, seen):
    """A container with what `each` makes of its elements. What is shared in it stays shared, and a nest
    of shared parts is walked once, not along every path. seen: what was made, by identity."""
    made = seen.get(id(value))
    if made is not None:
        return made
    kind = type(value)
    if kind is dict:
        made = seen[id(value)] = {}
        for k, v in value.items():
            made[k] = _nest(v, each, seen) if type(v) in _NESTS else each(v)
        return made
    if kind is list:
        made = seen[id(value)] = []
        made.extend([_nest(v, each, seen) if type(v) in _NESTS else each(v) for v in value])
        return made
    elements = [_nest(v, each, seen) if type(v) in _NESTS else each(v) for v in value]
    made = seen.get(id(value))  # by way of itself
    if made is None:
        made = seen[id(value)] = tuple(elements)
    return made


_NESTS = frozenset({dict, list, tuple})


def _fresh(value, seen):
    """What came from the host as `inside` makes it, sharing nothing with it that can change. What is
    shared in it stays shared, and is walked once. seen: what was made, by identity."""
    kind = type(value)
    made = seen.get(id(value))
    if made is not None:
        return made
    if kind is dict:
        made = seen[id(value)] = {}
        for k, v in value.items():
            made[k] = _fresh(v, seen)
        return made
    if kind is list:
        made = seen[id(value)] = []
        made.extend([_fresh(v, seen) for v in value])
        return made
    if kind is tuple or kind is set or kind is frozenset:
        elements = [_fresh(v, seen) for v in value]
        made = seen.get(id(value))  # by way of itself
        if made is None:
            made = seen[id(value)] = kind(elements)
        return made
    if kind in _RECORDS or not hasattr(kind, "__dataclass_fields__"):
        return inside(value)
    made = seen[id(value)] = object.__new__(kind)
    for name in kind.__dataclass_fields__:
        object.__setattr__(made, name, _fresh(getattr(value, name), seen))
    return made


_RECORDS = (AsyncItems, Items, Raised, SafeText, HostFunction, TemplateValue, UndefinedValue, Refused)
_ERRORS = {
    kind.__name__: kind
    for kind in (
        SecurityError, StopAsyncIteration, StopIteration, TemplateNotFound, TemplateRuntimeError,
        TemplateSyntaxError, TemplatesNotFound, UndefinedError,
    )
}  # fmt: skip


class HostCall:
    """A function of the host's."""

    def __init__(self, call, passes):
        self._call = call
        self._passes = passes
        if passes:
            self.jinja_pass_arg = _PassArg[passes]

    def __call__(self, /, *args, **kwargs):
        args = [outside(a) for a in args]
        return inside(self._call(*args, **{k: outside(v) for k, v in kwargs.items()}))

    def __repr__(self):
        return "<function of the host>"


class HostItems:
    """An asynchronous iterator of the host's."""

    def __init__(self, step):
        self._step = step

    def __aiter__(self):
        return self

    async def __anext__(self):
        return inside(await self._step())


class HostIterator:
    """An iterator of the host's: each element is a use of it, and comes when it is asked for."""

    def __init__(self, step):
        self._step = step

    def __iter__(self):
        return self

    def __next__(self):
        return inside(self._step())

    def __repr__(self):
        return "<iterator of the host>"


_AT_ONCE = frozenset({int, float, bool, str, list, dict, tuple, type(None), Markup})


async def auto_await(value):
    """What something to await comes to; anything else as it is."""
    if type(value) not in _AT_ONCE and hasattr(value, "__await__"):
        return inside(await value)
    return value


async_utils.auto_await = filters.auto_await = runtime.auto_await = auto_await


# What the generated code calls


def _escape_other(value):
    if isinstance(value, Undefined) and quiet:
        return ""
    return str(markupsafe.escape(inside(value)))


def _html_of(value):
    """The safe text that an object of the host's gives for itself; None of anything else."""
    if type(value) in _COMMON or isinstance(value, Undefined):  # which may raise when it is asked
        return None
    html = getattr(value, "cap_html", None)
    return html.text if type(html) is SafeText else None


asks = settings["operations"] is not None  # whether the host answers for undefined values
quiet = settings["undefined"] == "Undefined" and not asks  # whose text is none
_COMMON = frozenset({bool, type(None), int, list, tuple, dict, set, Undefined})


def _show_other(value):
    if isinstance(value, Undefined) and quiet:
        return ""
    if isinstance(value, SafeText):
        return value.text
    return str(value)


escaped = _markup.escaping(_escape_other, Markup)
shown = _markup.showing(_show_other)


class _Formatter(Formatter):
    """`str.format` by the rules of templates (CVE-2016-10745, CVE-2019-10906)."""

    def get_field(self, field_name, args, kwargs):
        first, rest = formatter_field_name_split(field_name)
        obj = self.get_value(first, args, kwargs)
        for is_attr, name in rest:
            obj = environment.getattr(obj, name) if is_attr else environment.getitem(obj, name)
        return obj, first


class _EscapingFormatter(_Formatter, EscapeFormatter):
    pass


def _formatting(text, mapped):
    """The method `format` or `format_map` of a text, however a template came by it (CVE-2024-56326,
    CVE-2025-27516)."""
    marked = isinstance(text, Markup)

    def format(*args, **kwargs):
        if mapped:
            if kwargs or len(args) != 1:
                raise TypeError("format_map() takes exactly one argument")
            args, kwargs = (), args[0]
        made = _EscapingFormatter(escape=text.escape) if marked else _Formatter()
        return type(text)(made.vformat(text, args, kwargs))

    return format


def _attribute(obj, name):
    """`obj.name` in a template: the attribute, or the item of that name, or an undefined value."""
    if isinstance(obj, str) and (name == "format" or name == "format_map"):
        return _formatting(obj, name == "format_map")
    try:
        value = getattr(obj, name)
    except AttributeError:
        try:
            return inside(obj[name])
        except (TypeError, LookupError, AttributeError):
            if environment.refuses(obj, name):
                return environment.unsafe_undefined(obj, name)
            return environment.undefined(obj=obj, name=name)
    if environment.refuses(obj, name):
        return environment.unsafe_undefined(obj, name)
    return inside(value)


#: As Jinja2's sandbox has it: of suspended code, what leads on from it.
_UNSAFE = frozenset({"gi_frame", "gi_code", "cr_frame", "cr_code", "ag_frame", "ag_code"})


def _absent(obj, name):
    return environment.undefined(obj=obj, name=name)


def _item(obj, key):
    """`obj[key]` in a template: the item, or the attribute of that name, or an undefined value."""
    try:
        return inside(obj[key])
    except (TypeError, LookupError, AttributeError):
        if isinstance(key, str):
            name = str(key)
            if isinstance(obj, str) and (name == "format" or name == "format_map"):
                return _formatting(obj, name == "format_map")
            try:
                value = getattr(obj, name)
            except AttributeError:
                pass
            else:
                if environment.refuses(obj, name):
                    return environment.unsafe_undefined(obj, name)
                return inside(value)
        return environment.undefined(obj=obj, name=key)


def _method(context, obj, name, /, *args, **kwargs):
    return context.call(_attribute(obj, name), *args, **kwargs)


immutable = settings["immutable"]
item = _markup.taking(_item)
attribute = _attribute if immutable else _markup.reading(_attribute, _absent)
method = _method if immutable else _markup.calling(_method)


def _naming(name):
    return lambda obj: _attribute(obj, name)


def _putting(name):
    return lambda obj: escaped(_attribute(obj, name))


def _putting_as_it_is(name):
    return lambda obj: shown(_attribute(obj, name))


if immutable:
    naming, putting, putting_as_it_is = _naming, _putting, _putting_as_it_is
else:
    naming = _markup.naming(_attribute, _absent)
    putting = _markup.putting(_attribute, _absent, _escape_other, Markup)
    putting_as_it_is = _markup.putting(_attribute, _absent, _show_other, None)

_CHANGING = {
    set: frozenset(
        {"add", "clear", "difference_update", "discard", "pop", "remove",
         "symmetric_difference_update", "update", "intersection_update"}
    ),
    dict: frozenset({"clear", "pop", "popitem", "setdefault", "update"}),
    list: frozenset({"append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"}),
    bytearray: frozenset({"append", "clear", "pop", "reverse", "insert", "extend", "remove"}),
}  # fmt: skip


class Namespace:
    """`namespace(...)` of templates. Its attributes are plain ones, which are quick to read; none has
    an underscore in front."""

    def __init__(*args, **kwargs):
        self, args = args[0], args[1:]
        for name, value in dict(*args, **kwargs).items():
            self[name] = value

    def __setitem__(self, name, value):
        if name[:1] != "_":
            setattr(self, name, value)

    def __repr__(self):
        return "<Namespace>"


runtime.Namespace = jinja2.utils.Namespace = Namespace


def _run_macro(macro, context, args, kwargs):
    """`Macro.__call__` for the macros that most are: no caller, no surplus arguments."""
    missing_ones = macro._argument_count - len(args)
    if missing_ones < 0 or macro.catch_kwargs or macro.catch_varargs or macro.explicit_caller:
        return macro(context.eval_ctx, *args, **kwargs)
    called, named = [], kwargs
    if macro.caller:
        if kwargs.get("caller") is None:
            return macro(context.eval_ctx, *args, **kwargs)
        named = {**kwargs}
        called = [named.pop("caller")]
    values = [*args]
    if missing_ones:
        taken = 0
        for name in macro.arguments[len(values) :]:
            if name in named:
                taken += 1
                values.append(named[name])
            else:
                values.append(_missing)
        if taken != len(named):
            return macro(context.eval_ctx, *args, **kwargs)
    elif named:
        return macro(context.eval_ctx, *args, **kwargs)
    if called:
        values.append(called[0])
    count = len(values)
    if count == 0:
        text = macro._func()
    elif count == 1:
        text = macro._func(values[0])
    elif count == 2:
        text = macro._func(values[0], values[1])
    else:
        text = macro._func(*values)
    return mark(text) if context.eval_ctx.autoescape else text


def _call(context, f, /, *args, **kwargs):
    if f is safe_range:
        return safe_range(*args)
    if isinstance(f, HostCall) and not f._passes:
        kwargs.pop("_loop_vars", None)
        kwargs.pop("_block_vars", None)
        return f(*args, **kwargs)
    return context.call(f, *args, **kwargs)


_missing = runtime.missing
call = _call if settings["async"] else _markup.invoking(_call, Macro, _run_macro)

_slow_join = DEFAULT_FILTERS["join"]


@pass_eval_context
def _join(eval_ctx, value, d="", attribute=None):
    if attribute is None:
        made = _markup.join(value, d)
        if made is not None:
            return made
        if eval_ctx.autoescape and (type(value) is list or type(value) is tuple):
            value = [v if (html := _html_of(v)) is None else Markup(html) for v in value]
    return _slow_join(eval_ctx, value, d, attribute)


@pass_environment
def _attr(environment, obj, name):
    if isinstance(obj, str) and (name == "format" or name == "format_map"):
        return _formatting(obj, name == "format_map")
    if environment.refuses(obj, name):
        return environment.unsafe_undefined(obj, name)
    try:
        return inside(getattr(obj, name))
    except AttributeError:
        return environment.undefined(obj=obj, name=name)


_force_escape = DEFAULT_FILTERS["forceescape"]


def _escape_again(value):
    html = _html_of(value)
    return _force_escape(value if html is None else html)


DEFAULT_FILTERS["forceescape"] = _escape_again
DEFAULT_FILTERS["join"] = _join
DEFAULT_FILTERS["safe"] = mark
DEFAULT_FILTERS["escape"] = DEFAULT_FILTERS["e"] = escape
DEFAULT_FILTERS["attr"] = _attr


def _making(kind):
    """What makes an instance of a class, where the class itself would be handed to templates: its
    methods set attributes of whatever they are called with, as `cycler.reset(lipsum)`."""

    def make(*args, **kwargs):
        return kind(*args, **kwargs)

    return make


def _undefined_class():
    """The class of undefined values: Jinja2's, with what the host's has of its own asked there."""
    base = getattr(runtime, settings["undefined"])
    if not asks:
        return base

    def asking(name):
        def ask(self, /, *args, **kwargs):
            args, kwargs = [outside(a) for a in args], {k: outside(v) for k, v in kwargs.items()}
            found = inside(self._undefined_of.do(name, args, kwargs))
            return found[0] if found else NotImplemented

        return ask

    class AnsweredUndefined(base):
        def __init__(self, hint=None, obj=_missing, name=None, exc=UndefinedError):
            kind = type(obj)
            asked = {
                "hint": hint, "name": outside(name), "error": exc.__name__,
                "has_obj": obj is not _missing, "obj": None,
                "module": kind.__module__, "kind": kind.__name__,
            }  # fmt: skip
            if obj is not _missing:
                asked["obj"] = outside(obj)
            answer = host.undefined(asked)
            if type(answer) is Raised:
                inside(answer)
            value, error = answer
            base.__init__(
                self, value.hint, obj, name if value.name is None else value.name, _ERRORS[error]
            )
            self._undefined_of = value.of

        @classmethod
        def _undefined_answered(cls, value):
            """What the host gave itself."""
            made = object.__new__(cls)
            base.__init__(made, value.hint, name=value.name)
            made._undefined_of = value.of
            return made

    def getattribute(self, name):
        if name[:1] == "_":
            raise AttributeError(name)
        return read(self, name)

    read = asking("__getattr__")
    for name in settings["operations"]:
        ask = asking(name)
        if name == "__getattr__":
            ask = getattribute
        elif name == "_undefined_message" or name[:1] != "_":
            ask = property(ask)
        elif name == "__iter__" or name == "__reversed__":
            ask = _iterating(ask)
        setattr(AnsweredUndefined, name, ask)
    return AnsweredUndefined


def _iterating(ask):
    return lambda self: iter(ask(self))


class Environment:
    """What Jinja2's runtime and filters ask of an environment, and no more of one."""

    is_async = settings["async"]
    sandboxed = True

    @property
    def context_class(self):
        return QuickContext

    concat = staticmethod(_markup.concat)

    def __init__(self):
        self.undefined = _undefined_class()
        self.autoescape = self.escapes = settings["autoescape"]
        if self.escapes is None:
            self.autoescape = host.autoescape
        self.policies = {}
        self.newline_sequence = settings["newline"]
        self.filters = dict(DEFAULT_FILTERS)
        self.tests = dict(DEFAULT_TESTS)
        self.own_globals = {
            "range": safe_range, "dict": dict, "lipsum": generate_lorem_ipsum,
            "cycler": _making(Cycler), "joiner": _making(Joiner), "namespace": _making(Namespace),
        }  # fmt: skip
        self.given, self.left = {}, frozenset(self.own_globals)
        self.lasting = True  # whether no template can change what it finds in the globals
        self.globals = dict(self.own_globals)
        self.alone = True  # whether no other rendering waits for the one that runs
        self.known = {}, {}  # what the filters and tests want first, by name
        self.binops, self.unops = {}, {}
        self.extensions = {}
        self.finalize = None
        self.templates = {}
        self.modules = {}  # what was imported in this rendering, by its template
        self.found = {}  # what templates asked for in this rendering, by its name

    def fresh_globals(self):
        made = {k: v for k, v in self.own_globals.items() if k in self.left}
        made.update(inside(self.given) if self.lasting else _fresh(self.given, {}))
        return made

    def getattr(self, obj, name):
        return attribute(obj, name)

    def getitem(self, obj, key):
        return item(obj, key)

    call = staticmethod(call)

    def call_binop(self, context, operator, left, right):
        return self.binops[operator](left, right)

    def call_unop(self, context, operator, arg):
        return self.unops[operator](arg)

    def refuses(self, obj, name):
        if name[:1] == "_":
            return True
        if isinstance(obj, type) and name == "mro":
            return True
        if name in _UNSAFE:
            return True
        if immutable:
            return any(isinstance(obj, kind) and name in names for kind, names in _CHANGING.items())
        return False

    def unsafe_undefined(self, obj, name):
        kind = type(obj).__name__
        why = f"access to attribute {name!r} of {kind!r} object is unsafe."
        return self.undefined(why, name=name, obj=obj, exc=SecurityError)

    def _common(self, table, known, what, name, value, args, kwargs, context, eval_ctx):
        function = table.get(name) if type(name) is str else None
        if function is None:
            raise TemplateRuntimeError(f"No {what} named {name!r}.")
        passes = known.get(name, _ABSENT)
        if passes is _ABSENT:
            passes = known[name] = _PassArg.from_obj(function)
        if passes is None and not kwargs:
            return function(value, *args) if args else function(value)
        args, kwargs = [value, *(args or ())], kwargs or {}
        if passes is _PassArg.context:
            if context is None:
                raise TemplateRuntimeError(f"Attempted to invoke a context {what} without context.")
            args.insert(0, context)
        elif passes is _PassArg.eval_context:
            args.insert(0, eval_ctx or (context.eval_ctx if context is not None else EvalContext(self)))
        elif passes is _PassArg.environment:
            args.insert(0, self)
        return function(*args, **kwargs)

    def call_filter(self, name, value, args=None, kwargs=None, context=None, eval_ctx=None):
        return self._common(
            self.filters, self.known[0], "filter", name, value, args, kwargs, context, eval_ctx
        )

    def call_test(self, name, value, args=None, kwargs=None, context=None, eval_ctx=None):
        return self._common(
            self.tests, self.known[1], "test", name, value, args, kwargs, context, eval_ctx
        )

    # Templates that templates ask for

    def get_template(self, name, parent=None, globals=None):
        if type(name) is Template:
            return name
        if isinstance(name, Undefined):
            name._fail_with_undefined_error()
        found = self.find_template(name, parent)
        if found is None:
            raise TemplateNotFound(name)
        return found

    def select_template(self, names, parent=None, globals=None):
        if isinstance(names, Undefined):
            names._fail_with_undefined_error()
        if not names:
            raise TemplatesNotFound(message="Tried to select from an empty list of templates.")
        names = list(names)
        for name in names:
            if type(name) is Template:
                return name
            found = None if isinstance(name, Undefined) else self.find_template(name, parent)
            if found is not None:
                return found
        host.missing([str(n) for n in names if isinstance(n, str)])
        raise TemplatesNotFound(names)

    def get_or_select_template(self, name, parent=None, globals=None):
        if isinstance(name, (str, Undefined)) or type(name) is Template:
            return self.get_template(name, parent)
        return self.select_template(name, parent)

    def find_template(self, name, parent):
        if not isinstance(name, str):
            raise TypeError(f"a template's name is text, not {type(name).__name__}")
        key = str(name), parent
        found = self.found.get(key)
        if found is None:
            number = host.version(*key)
            if number is None:
                return None
            found = self.found[key] = self.loaded(number)
        return found

    def loaded(self, number):
        found = self.templates.get(number)
        if found is None:
            source = host.load(number)
            if type(source) is dict:
                raise TemplateSyntaxError(**source)
            found = self.templates[number] = Template(*source)
        return found


class QuickContext(Context):
    """Jinja2's context, made in fewer steps."""

    def __init__(self, environment, parent, name, blocks, globals=None):
        self.parent = parent
        self.vars = {}
        self.environment = environment
        self.eval_ctx = EvalContext(environment, name)
        self.exported_vars = set()
        self.name = name
        self.globals_keys = set(globals) if globals else set()
        self.blocks = {k: [v] for k, v in blocks.items()} if blocks else {}


class Template:
    """One template: the functions that its compiled text defines."""

    def __init__(self, source, filename):
        own = dict(NAMES)
        own["environment"] = environment
        exec(compile(source, filename, "exec"), own)
        self.environment = environment
        self.name = own["name"]
        self.blocks = own["blocks"]
        self.root_render_func = own["root"]

    def new_context(self, vars=None, shared=False, locals=None, given=None):
        """given: the template's own globals, which are those of one rendering."""
        if shared:
            parent = vars or {}
        else:
            found = environment.globals
            if not (environment.lasting or environment.alone):
                found = environment.fresh_globals()
            if given:
                parent = {**found, **given, **(vars or {})}
            else:
                parent = found | vars if vars else {**found}
        if locals:
            parent = dict(parent) if shared else parent
            parent.update((k, v) for k, v in locals.items() if v is not _missing)
        return QuickContext(environment, parent, self.name, self.blocks, globals=given)

    def make_module(self, vars=None, shared=False, locals=None, given=None):
        context = self.new_context(vars, shared, locals, given)
        return Module(self, context, list(self.root_render_func(context)))

    async def make_module_async(self, vars=None, shared=False, locals=None, given=None):
        context = self.new_context(vars, shared, locals, given)
        return Module(self, context, [piece async for piece in self.root_render_func(context)])

    def _get_default_module(self, context=None):
        # Kept for one rendering only: what a template exports can be changed by who imports it.
        vars = self._vars_of(context)
        if vars:
            return self.make_module(vars)
        found = environment.modules.get(self)
        if found is None:
            found = self.make_module()
            if environment.alone:
                environment.modules[self] = found
        return found

    async def _get_default_module_async(self, context=None):
        vars = self._vars_of(context)
        if vars:
            return await self.make_module_async(vars)
        found = environment.modules.get(self)
        if found is None:
            found = await self.make_module_async()
            if environment.alone:
                environment.modules[self] = found
        return found

    def _vars_of(self, context):
        """The globals of the importing template, which this one has not."""
        if context is None:
            return None
        return {k: context.parent[k] for k in context.globals_keys}


class Module:
    """What a template gives to one that imports it."""

    def __init__(self, template, context, pieces):
        self._body_stream = pieces
        self._exported = context.get_exported()
        self._name = template.name
        for name, value in self._exported.items():
            if name[:1] != "_":
                setattr(self, name, value)
        self.__name__ = template.name

    def __html__(self):
        return Markup(concat(self._body_stream))

    def __str__(self):
        return concat(self._body_stream)

    def __repr__(self):
        return f"<TemplateModule {self._name!r}>"


def safe_range(*args):
    made = range(*args)
    if len(made) > MAX_RANGE:
        raise OverflowError(
            f"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({MAX_RANGE})."
        )
    return made


environment = Environment()
_OWN = frozenset(environment.own_globals)


@pass_environment
def _debug(environment, context):
    """`{% debug %}`: what the template has, by the texts that it could have of it."""
    found = {k: v if k not in _OWN else _Named(k) for k, v in context.get_all().items()}
    shown = {
        "context": found, "filters": sorted(environment.filters), "tests": sorted(environment.tests)
    }  # fmt: skip
    from pprint import pformat

    return pformat(shown, depth=3, compact=True)


class _Named:
    """What Jinja2 gives to every template, for `{% debug %}`."""

    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return f"<{self._name} of Jinja2>"


def extension(identifier, name):
    if identifier == "jinja2.ext.DebugExtension" and name == "_render":
        return _debug  # the host's own would show the host's objects
    return inside(host.extension(identifier, name))


NAMES = {
    "extension": extension,
    "naming": naming,
    "putting": putting,
    "putting_as_it_is": putting_as_it_is,
    "item": item,
    "method": method,
    "escaped": escaped,
    "shown": shown,
    "call": call,
}


# What the host calls


def equip(filters, tests, policies, binops, unops, finalize):
    """Take over what the host changed of filters, tests and the rest; a name stands for
    Jinja2's own."""
    for table, defaults, given in (
        (environment.filters, DEFAULT_FILTERS, filters),
        (environment.tests, DEFAULT_TESTS, tests),
    ):
        table.clear()
        for name, function in given.items():
            table[name] = defaults[function] if type(function) is str else inside(function)
    environment.known = {}, {}
    environment.policies = inside(policies)
    environment.binops = {k: inside(v) for k, v in binops.items()}
    environment.unops = {k: inside(v) for k, v in unops.items()}
    environment.finalize = inside(finalize)


def equip_globals(given, left, lasting):
    environment.given, environment.left, environment.lasting = given, left, lasting
    environment.globals = environment.fresh_globals()


def forget(numbers, ended):
    for number in numbers:
        environment.templates.pop(number, None)
    for number in ended:
        streams.pop(number, None)


def prepare(number):
    environment.loaded(number)


def _begin(nested, number, vars, marked, given):
    _alone(nested)
    given = None if given is None else inside(given)
    return environment.loaded(number), inside(vars) if marked else vars, given


def _alone(nested):
    """Let what begins see nothing that another rendering made or changed, also one that waits for it."""
    environment.alone = not nested
    environment.modules, environment.found = {}, {}
    if not environment.lasting:
        environment.globals = environment.fresh_globals()


def _bounded(text):
    limit = settings["output"]
    if limit is not None and len(text) > limit:
        print(" " * len(text), end="")  # which is counted as what the guest puts out
    return text


def render(nested, number, vars, marked, given):
    template, vars, given = _begin(nested, number, vars, marked, given)
    return _bounded(concat(template.root_render_func(template.new_context(vars, given=given))))


async def render_async(nested, number, vars, marked, given):
    template, vars, given = _begin(nested, number, vars, marked, given)
    pieces = template.root_render_func(template.new_context(vars, given=given))
    return _bounded(concat([piece async for piece in pieces]))


streams = {}  # what is rendered piece by piece, by number


class Stream:
    """A rendering between two of its turns, with what it alone may see of the environment."""

    def __init__(self, pieces):
        self.pieces = pieces
        self.size = 0  # of the text so far
        self.own = environment.alone, environment.modules, environment.found, environment.globals

    def go_on(self, nested):
        """Others may have been rendered meanwhile, or one waits for this piece: what either imported,
        found or changed is not for the other."""
        if nested:
            _alone(True)
        else:
            environment.alone, environment.modules, environment.found, environment.globals = self.own

    def text_of(self, piece):
        text = str(piece)
        self.size += len(text)
        limit = settings["output"]
        if limit is not None and self.size > limit:
            print(" " * self.size, end="")  # as in `_bounded`
        return text


def open_stream(stream, nested, number, vars, marked, given):
    template, vars, given = _begin(nested, number, vars, marked, given)
    streams[stream] = Stream(template.root_render_func(template.new_context(vars, given=given)))


def pull(stream, nested, most):
    found, pieces = streams[stream], []
    found.go_on(nested)
    for piece in found.pieces:
        pieces.append(found.text_of(piece))
        if len(pieces) == most:
            break
    return pieces


async def pull_async(stream, nested, most):
    found, pieces = streams[stream], []
    found.go_on(nested)
    async for piece in found.pieces:
        pieces.append(found.text_of(piece))
        if len(pieces) == most:
            break
    return pieces


def module(shared, nested, number, vars, marked, given):
    template, vars, given = _begin(nested, number, vars, marked, given)
    return _shown_module(template.make_module(vars, shared, given=given))


async def module_async(shared, nested, number, vars, marked, given):
    template, vars, given = _begin(nested, number, vars, marked, given)
    return _shown_module(await template.make_module_async(vars, shared, given=given))


def _shown_module(made):
    exported = {k: outside(v) for k, v in made._exported.items() if isinstance(k, str)}
    return _bounded(str(made)), exported


def call_macro(nested, macro, args, kwargs, autoescape):
    _alone(nested)
    return outside(_call_macro(macro, args, kwargs, autoescape))


async def call_macro_async(nested, macro, args, kwargs, autoescape):
    _alone(nested)
    return outside(await _call_macro(macro, args, kwargs, autoescape))


def _call_macro(macro, args, kwargs, autoescape):
    args = [inside(a) for a in args]
    if autoescape is not None:
        eval_ctx = EvalContext(environment)
        eval_ctx.autoescape = autoescape
        args.insert(0, eval_ctx)
    return macro(*args, **inside(kwargs))


def evaluate(undefined_to_none, nested, number, vars, marked, given):
    template, vars, given = _begin(nested, number, vars, marked, given)
    context = template.new_context(vars, given=given)
    for _chunk in template.root_render_func(context):
        pass
    return _result(context, undefined_to_none)


async def evaluate_async(undefined_to_none, nested, number, vars, marked, given):
    template, vars, given = _begin(nested, number, vars, marked, given)
    context = template.new_context(vars, given=given)
    async for _chunk in template.root_render_func(context):
        pass
    return _result(context, undefined_to_none)


def _result(context, undefined_to_none):
    found = context.vars["result"]
    if undefined_to_none and isinstance(found, Undefined):
        return None
    return outside(found)

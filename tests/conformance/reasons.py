"""Why a test of CPython's does not pass as a guest, by what its outcome says.

A rule that is `raw` is of tests that ask for nothing but authority over the interpreter itself, which
no host can grant: they are counted as not passed, and told apart in a second figure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["RULES", "Rule", "reason_of", "rule_of"]


@dataclass(frozen=True, slots=True)
class Rule:
    """what: what the tests ask for. pattern: found in their outcomes. why: why it is not there."""

    what: str
    pattern: str
    why: str
    raw: bool = False


RULES: Final = (
    Rule("tracing: `sys.settrace`, `sys.setprofile`", r"sys\.set(trace|profile) was not granted",
         "it reaches into the interpreter", raw=True),
    Rule("frames and code of generators: `gi_frame`, `cr_await`, `ag_code` and their kin",
         r"no attribute '(gi|cr|ag)_(frame|code|yieldfrom|await|origin)'|<frame> is not|'traceback' instances",
         "frames lead to every namespace on the stack", raw=True),
    Rule("bytecode: `dis`, `co_consts`, `replace` of code",
         r"dis\.\w+ was not granted|'code' object has no attribute|code of a function cannot be run",
         "code is facts", raw=True),
    Rule("cells and namespaces of functions: `__closure__`, `__globals__`, `__builtins__`",
         r"'function' object has no attribute '__(closure|globals|builtins)__'|cannot create 'cell'",
         "other functions' variables", raw=True),
    Rule("settings of the interpreter: recursion, origins of coroutines",
         r"sys\.(setrecursionlimit|set_coroutine_origin\w+|set_asyncgen_hooks) was not granted",
         "they are the whole process's", raw=True),
    Rule("storing what decides which builtins code reaches",
         r"it decides what (code can|every function)|3 != 7|\[7, 7\] != \[7, 4\]",
         "`builtins` is read", raw=True),
    Rule("finalisers", r"crab people|\[\] != \[99, 98|: 100 != 0|1 != 0$|\(\) (is not|!=) |MyObj object",
         "no finaliser of a guest runs"),
    Rule("`mro`, `__eq__` of metaclasses, classes behind metaclasses, `super` as a base",
         r"classes compare by identity|'super' is not an acceptable base|cannot stand beside a metaclass",
         "the tables are asked by class"),
    Rule("warnings that C code gives", r"Warning'> not triggered",
         "they go to the host's filters; nobody is told"),
    Rule("flags of `compile`", r"flags are not supported", "of them only `PyCF_ONLY_AST` is taken"),
    Rule("suggestions in the text of errors", r"Did you mean|'blech'|ZeroDivisionError'\?|for_suggestions'\?",
         "C code makes them from frames"),
    Rule("`ImportError.path`", r"no attribute 'path'", "it is a path of the host's"),
    Rule("steps, seconds or memory beyond what the harness gives", r"LimitExceeded|timeout",
         "budgets; a loaded machine"),
    Rule("states of iterators", r"__setstate__|no attribute '__reduce__'", "pickling"),
    Rule("codecs that are Python code", r"unknown encoding", "not among the audited ones"),
    Rule("more levels of source than 400", r"nested too deeply", "the compiler's stack"),
    Rule("places of a `UnicodeError` that C code would read past", r"of a UnicodeError cannot be negative",
         "memory of the host's stands there"),
    Rule("what the host did not grant", r"^skip: .*not granted", "the harness grants files in memory and a clock"),
)  # fmt: skip


def rule_of(outcome: str) -> Rule | None:
    """The first rule that an outcome falls under; None where there is another reason."""
    for rule in RULES:
        if re.search(rule.pattern, outcome):
            return rule
    return None


#: Why, of tests that no rule is about: reason, and the tests, as `file.method`.
_REASONS: Final = {
    "globals of `exec` are a copy, and their builtins are the guest's own": """
        builtin.test_eval_builtins_mapping builtin.test_exec_builtins_mapping_import
        builtin.test_exec_globals builtin.test_exec_globals_dict_subclass
        builtin.test_exec_globals_error_on_get builtin.test_eval_frozendict
        builtin.test_exec_frozendict grammar.test_var_annot_simple_exec
        type_aliases.test_exec_with_unusual_globals type_params.test_exec_with_unusual_globals
        type_annotations.test_partially_executed_module""",
    "`__code__` of functions is facts, to read": """
        funcattrs.test___code__ funcattrs.test_copying___code__ builtin.test_exec_closure
        generators.test_new_gen_from_gi_code
        funcattrs.test_invalid___code___assignment funcattrs.test_invalid___code___deletion
        types.test_function_type_defaults types.test_function_type_wrong_defaults""",
    "frames are facts and show no namespace": """
        generators.test_frame_locals_outlive_generator generators.test_frame_outlives_generator
        generators.test_modify_f_locals
        generators.test_frame_locals_outlive_generator_with_exec listcomps.test_frame_locals
        types.test_frame_locals_proxy_type""",
    "no finaliser of a guest runs": """
        generators.test_close_clears_frame descr.test_delete_hook descr.test_subtype_resurrection
        sort.test_key_with_mutating_del dict.test_oob_indexing_dictiter_iternextitem
        list.test_list_overwrite_local""",
    "a `compile` with `optimize` keeps `assert`, and no tree is folded": """
        builtin.test_compile builtin.test_compile_ast""",
    "`await` at the top level needs an event loop": "coroutines.test_async_comprehension_scope",
    "of flags of `compile` it takes those that change nothing here": "flufl.test_barry_as_bdfl",
    "what a guest is handed is walked by an iterator, or an object, of ours": """
        builtin.test_bytearray_join_with_misbehaving_iterator coroutines.test_await_17""",
    "a builtin that is tamed is a method of this package's, and tells of itself as one": """
        descr.test_method_get_meth_method_invalid_type
        types.test_method_descriptor_types types.test_method_wrapper_types
        funcattrs.test_builtin__self__ funcattrs.test_builtin__module__
        super.test_unusual_getattro
        bytes.test_take_bytes_reentrant_resize""",
    "namespaces of classes and modules are views, and their names are text": """
        descr.test_gh55664 descr.test_type_lookup_mro_reference iter.test_reduce_mutating_builtins_iter
        descr.test_descrdoc descr.test_classmethod_staticmethod_annotations
        descr.test_object_class_assignment_between_heaptypes_and_nonheaptypes
        ordered_dict.test_dict_clear builtin.test_type_frozendict""",
    "`mappingproxy` and `typing.Union` are classes of the guest's own": """
        dict.test_views_mapping types.test_richcompare_evil
        type_aliases.test_union""",
    "a group that takes itself apart is matched as an exact one (CVE-2025-22153)": """
        except_star.test_except_star_EG_subclass except_star.test_falsy_exception_group_subclass
        except_star.test_exception_group_subclass_with_bad_split_func""",
    "where an error stands, or its text, is this compiler's in some cases": """
        exceptions.test_range_of_offsets exceptions.testSyntaxErrorOffset""",
    "a group is made of a list of what it is handed, whose own `repr` is not asked": """
        exception_group.test_repr_raises""",
    "`open` takes no number of an open file": "bytes.test_buffer_is_readonly",
    "no `__buffer__` of a guest's own is asked": """
        bytes.test_join_concurrent_buffer_mutation bytes.test_setslice_reentrant_resize
        bytes.test_search_methods_reentrancy_raises_buffererror""",
    "cells are read, and `__classcell__` is another object than `__closure__` shows": """
        funcattrs.test_set_cell super.test___classcell___expected_behaviour""",
    "the limit of digits of conversions is not lifted whole": """
        int.test_pylong_int_to_decimal int.test_pylong_roundtrip int.test_pylong_str_to_int""",
    "names in headers of a class body are looked up where they are written, at once": """
        type_params.test_modified_later""",
    "what evaluates a bound has a parameter without a name": "type_params.test_signature",
    "`dir` leaves out what is denied": "genericalias.test_dir",
    "`__length_hint__` is not asked: what it says may be a lie": "descr.test_special_method_lookup",
    "C modules that are not among the audited ones": """
        types.test_capsule_type types.test_method_descriptor_crash types.test_names""",
    "bases are exact tuples": "types.test_tuple_subclass_as_bases",
    "a list is made by an iterator of ours, which says no length": "list.test_preallocation",
    "put right since": "type_aliases.test_module type_params.test_constraints",
}
_BY_TEST: Final = {test: why for why, tests in _REASONS.items() for test in tests.split()}


def reason_of(file: str, name: str) -> str:
    """Why a test that no rule is about does not pass."""
    return _BY_TEST.get(f"{file.removeprefix('test_')}.{name.rpartition('.')[2]}", "not looked into")

"""Which hooks a plugin answers, as far as its texts say it; nothing runs.

A plugin can mark functions in ways that no text shows. What is found here is for a person to read; what
answers hooks is what the plugin marked as it ran.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from capcompiler.plugins.source import PluginSource
from capcompiler.source import decoded, parsed

__all__ = ["hooks_in", "trees_of"]


def hooks_in(source: PluginSource) -> dict[str, list[str]] | None:
    """The hooks that functions of its entry are marked for, by project ("" where no text says which).

    {} where nothing is marked, None where something may be that the texts do not show."""
    trees = {path: tree for path, tree, _text in trees_of(source)}
    entry = trees.get(source.manifest.entry)
    if entry is None:
        return None
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    projects = dict(pair for node in nodes for pair in _markers(node))
    found: dict[str, list[str]] = {}
    for node in entry.body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                project = projects.get(
                    _name(decorator.func if isinstance(decorator, ast.Call) else decorator)
                )
                if project is not None:
                    found.setdefault(project, []).append(_hook(node, decorator))
    return found if found or not any(_may_mark(node, projects) for node in nodes) else None


def trees_of(source: PluginSource) -> Iterator[tuple[str, ast.Module, str]]:
    """The paths, syntax trees and texts of a plugin's files, without those that are no Python."""
    texts: dict[str, str | bytes] = {source.manifest.entry: source.entry}
    texts |= {f"{module.replace('.', '/')}.py": text for module, text in source.modules.items()}
    for path, text in texts.items():
        try:
            read = decoded(text, path)
            tree = parsed(read, "exec", path)
        except SyntaxError:
            continue  # what is wrong with it is a violation
        if isinstance(tree, ast.Module):
            yield path, tree, read


def _markers(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that a statement such as `hookimpl = HookimplMarker("shop")` binds, with the project."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        call = node.value
        if _name(call.func) == "HookimplMarker":
            given = [*call.args, *(k.value for k in call.keywords)]
            project = given[0].value if given and isinstance(given[0], ast.Constant) else ""
            for target in node.targets:
                yield _name(target), project if isinstance(project, str) else ""


def _may_mark(node: ast.AST, projects: dict[str, str]) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and node.value.endswith("_impl")
    if isinstance(node, ast.Attribute):
        return node.attr in projects or node.attr.endswith("_impl")
    if isinstance(node, ast.alias):
        return node.name in projects or (node.name == "HookimplMarker" and node.asname is not None)
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in projects


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _hook(node: ast.FunctionDef, decorator: ast.expr) -> str:
    for keyword in decorator.keywords if isinstance(decorator, ast.Call) else []:
        value = keyword.value
        if keyword.arg == "specname" and isinstance(value, ast.Constant) and type(value.value) is str:
            return value.value
    return node.name

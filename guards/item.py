"""Reading `x[i]`.

Stops: slices that copy without a charge, and keys whose hash walks a nest.
"""

from __future__ import annotations

import ast
from types import GenericAlias
from typing import Any

from guards.base import Guard, Plan, Site, gone
from guards.depth import check_nesting
from guards.tamed import charge_item

__all__ = ["ReadItem"]


class ReadItem(Guard):
    """a[i] becomes `cap:getitem`(a, i)."""

    key = "cap:getitem"
    __slots__ = ()

    def run(self, obj: Any, key: Any) -> Any:
        charge_item((self.ref() or gone()), obj, key)
        if issubclass(type(obj), (type, GenericAlias)):
            check_nesting((self.ref() or gone()), key if type(key) is tuple else (key,))
        return obj[key]

    @classmethod
    def plan(cls, site: Site) -> Plan:
        return Plan.OMIT if all(_is_small_key(n) for n in site.operands) else Plan.CALL


def _is_small_key(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return (
        isinstance(node, ast.Constant)
        and (type(node.value) is not int or node.value.bit_length() <= 60)
        and (type(node.value) is not bytes or len(node.value) < 4096)
    )

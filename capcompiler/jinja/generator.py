"""From a template to Python text: Jinja2's own generator, writing for a guest.

The text is a guest's program. It is not believed: a template that smuggles Python into it
(CVE-2024-56201) has written a guest.

Stops: work at compile time, in the host and without a budget. Jinja2 folds constants, so that
`{{ "x" | center(10**9) }}` is computed before anything is rendered; nothing is folded here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

__all__ = ["GuestGenerator"]


class GuestGenerator(CodeGenerator):
    """Writes the few functions of the templates' world for attributes, items, calls and output."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        #: What reads an attribute, or puts one out: by what makes it, and the attribute's name.
        self._made: dict[tuple[str, str], str] = {}
        self._put: nodes.Expr | None = None  # what is put out as it is read
        super().visit_Template(node, frame)
        if self._made:
            # Behind the functions, so that their lines are still those that the last line tells of.
            stream: Any = self.stream
            text, mark, lines = stream.getvalue().rpartition("\ndebug_info = ")
            stream.seek(0)
            stream.truncate()
            made = "".join(f"\n{var} = {maker}({name!r})" for (maker, name), var in self._made.items())
            stream.write(text + made + mark + lines)

    @contextmanager
    def _awaited(self) -> Iterator[None]:
        """What is written meanwhile may be something to wait for, in an environment that awaits."""
        waits = self.environment.is_async
        self.write("(await auto_await(" if waits else "")
        yield
        self.write("))" if waits else "")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        if node is self._put:
            self.visit(node.node, frame)
            return
        with self._awaited():
            self._getattr(node, frame)

    def _getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        self.write(self._of_name("naming", node.attr) + "(")
        self.visit(node.node, frame)
        self.write(")")

    def _of_name(self, maker: str, name: str) -> str:
        return self._made.setdefault((maker, name), f"{maker}_{len(self._made)}")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        if isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        with self._awaited():
            self.write("item(")
            self.visit(node.node, frame)
            self.write(", ")
            self.visit(node.arg, frame)
            self.write(")")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        with self._awaited():
            self._call(node, frame, forward_caller)

    def _call(self, node: nodes.Call, frame: Frame, forward_caller: bool) -> None:
        at = node.node
        if isinstance(at, nodes.Getattr):
            self.write("method(context, ")
            self.visit(at.node, frame)
            self.write(f", {at.attr!r}")
        else:
            self.write("call(context, ")
            self.visit(at, frame)
        extra: dict[str, Any] = {"caller": "caller"} if forward_caller else {}
        if frame.loop_frame:
            extra["_loop_vars"] = "_loop_vars"
        if frame.block_frame:
            extra["_block_vars"] = "_block_vars"
        self.signature(node, frame, extra or None)
        self.write(")")

    def visit_ExtensionAttribute(self, node: nodes.ExtensionAttribute, frame: Frame) -> None:
        # Only what an extension of the host's itself put into a template can be asked for.
        asked: Any = self.environment
        asked.extension_methods.add((node.identifier, node.name))
        self.write(f"extension({node.identifier!r}, {node.name!r})")

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible()
        return super()._output_child_to_const(node, frame, finalize)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        known = not (frame.eval_ctx.volatile or self.environment.is_async or finalize.src)
        if known and isinstance(node, nodes.Getattr):
            self._put = node
            maker = "putting" if frame.eval_ctx.autoescape else "putting_as_it_is"
            self.write(self._of_name(maker, node.attr) + "(")
            return
        if frame.eval_ctx.volatile:
            self.write("(escaped if context.eval_ctx.autoescape else shown)(")
        elif frame.eval_ctx.autoescape:
            self.write("escaped(")
        else:
            self.write("shown(")
        if finalize.src is not None:
            self.write(finalize.src)

    def visit_EvalContextModifier(self, node: nodes.EvalContextModifier, frame: Frame) -> None:
        for keyword in node.options:
            self.writeline(f"context.eval_ctx.{keyword.key} = ")
            self.visit(keyword.value, frame)
            if isinstance(keyword.value, nodes.Const):
                setattr(frame.eval_ctx, keyword.key, keyword.value.value)
            else:
                frame.eval_ctx.volatile = True

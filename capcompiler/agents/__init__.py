"""Code that language models write: a session that answers in words that a model can mend its code by.

`session` runs pieces of code in one compartment; `wording` says what went wrong, what to write instead
and what is granted. `smolagents`, `pydantic_ai` and `mcp` offer it to these libraries, each by an extra
of that name.
"""

from capcompiler.agents.session import Ran, Session

__all__ = ["Ran", "Session"]

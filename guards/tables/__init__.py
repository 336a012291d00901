"""The tables of U, one file per family of types. Importing this package fills them."""

from guards.tables import containers, decimals, errors, numbers, objects, text

__all__ = ["containers", "decimals", "errors", "numbers", "objects", "text"]

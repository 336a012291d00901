"""What a guest can get at, computed: the closed world as it is, beside what it should be."""

from capcompiler.reaching.walk import Reach, Reached, reach

__all__ = ["Reach", "Reached", "reach"]

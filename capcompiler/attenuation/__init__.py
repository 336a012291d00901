"""Less of a capability: what stands between one and its holder, a file for each way.

Every attenuator works on any capability (a `Capability`, a host function, what `expose` made, a
guest's own), gives another capability, and never offers more than it was given; so they compose in
any order. `stdlib_caps` exports them to hosts, and guests have them as builtins.
"""

from capcompiler.attenuation.confirmed import Request, confirmed
from capcompiler.attenuation.expiring import expiring
from capcompiler.attenuation.logged import logged
from capcompiler.attenuation.only import only
from capcompiler.attenuation.quota import quota
from capcompiler.attenuation.rate_limited import rate_limited
from capcompiler.attenuation.readonly import readonly
from capcompiler.attenuation.revocable import revocable
from capcompiler.attenuation.seal import seal_pair

__all__ = [
    "Request",
    "confirmed",
    "expiring",
    "logged",
    "only",
    "quota",
    "rate_limited",
    "readonly",
    "revocable",
    "seal_pair",
]

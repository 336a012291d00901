"""What stands between guest code and every object that it touches.

One file per kind of access, each a guard with two faces: `run`, what it does when the program runs,
and `plan`, what the compiler may do instead at a site where it knows enough. `tables/` says of every
type that a guest can hold (the closed world U) which attributes are safe, tamed or denied.
Nothing here knows of compartments, membranes or hosts.
"""

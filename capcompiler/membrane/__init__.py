"""The membrane: everything that crosses between host and guest is copied data or a capability.

`data` copies; `capability` says what a host object offers; `reference` is what a guest holds of a
capability; `handle` is what a host holds of a guest's object; `exceptions` rebuilds errors.
"""

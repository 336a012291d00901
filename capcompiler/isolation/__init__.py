"""Guests in worker processes that the kernel confines: `isolation="process"` and `Pool`.

`wire` turns values into bytes and back; `channel` carries frames; `handles` are the tables of what
each side may name; `faults` carries errors. `world` is the host's side of a compartment, `door` what
lets its guest use what was granted; `worker` is the guest's side. `zygote` is the process that
workers are forked from, `launch` starts it, `pool` keeps both. `kernel` asks the kernel, and
`confinement` says what for.
"""

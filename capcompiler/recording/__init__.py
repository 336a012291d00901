"""Records of what a guest was told: to suspend it and go on elsewhere, and to run it again.

All that a guest learns of the world comes through capabilities. So its program, its grants and the
answers to its uses of them are enough to bring it back to where it was: it runs again from the start,
and gets the same answers without anything being done a second time.

`record` is the form of it as bytes; `values` how values stand in it; `recorder` takes and gives the
answers; `standin` stands for capabilities that are not there; `suspend` stops and goes on; `replay`
runs a record without any authority.
"""

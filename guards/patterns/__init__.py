"""What regular expressions cost, found out before C code runs them.

`code` reads what `re._compiler` made, `chars` compares sets of characters, `bound` says how much a
match can cost at most, and `walk` matches with a step for each thing it tries, where that is too much.
"""

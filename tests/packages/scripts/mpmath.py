# packages: mpmath
from mpmath import mp, mpf, nsum, pi, quad, sqrt, zeta

mp.dps = 30
print(sqrt(2), +pi, zeta(3), quad(lambda x: x**2, [0, 1]), mpf(1) / 3, nsum(lambda k: 1 / k**2, [1, 10]))

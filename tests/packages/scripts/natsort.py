# packages: natsort
from natsort import index_natsorted, natsort_keygen, natsorted, ns

names = ["file10.txt", "file2.txt", "File1.txt", "a-5", "a3.5", "1.10.1", "1.9"]
print(
    natsorted(names), natsorted(names, alg=ns.IGNORECASE), natsorted(["a-5", "a3", "a3.5"], alg=ns.REAL)
)
print(index_natsorted(names), sorted(names, key=natsort_keygen()), natsorted(names, reverse=True))

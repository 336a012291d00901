# packages: textdistance
import textdistance as td

for name in (
    "hamming", "levenshtein", "damerau_levenshtein", "jaro", "jaro_winkler", "jaccard", "sorensen", "cosine",
    "tversky", "overlap", "lcsseq", "lcsstr", "ratcliff_obershelp", "mlipns",
    "strcmp95", "bag", "prefix", "postfix", "length", "editex", "mra", "arith_ncd", "rle_ncd", "entropy_ncd",
):  # fmt: skip
    algorithm = getattr(td, name)
    print(name, algorithm("kitten", "sitting"), algorithm.normalized_similarity("test", "text"))
print(td.Jaccard(qval=2)("arrow", "arow"), td.levenshtein.distance("", "abc"))

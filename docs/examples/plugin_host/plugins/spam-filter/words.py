WORDS = ("click here", "win big")


def hits(text):
    return sum(text.lower().count(word) for word in WORDS)

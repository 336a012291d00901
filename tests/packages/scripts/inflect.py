# packages: inflect jaraco more_itertools typeguard typing_extensions
import inflect

p = inflect.engine()
print(
    p.plural("cat"),
    p.plural("ox"),
    p.a("hour"),
    p.an("union"),
    p.number_to_words(1234),
    p.ordinal(22),
    p.join(["a", "b", "c"]),
)
print(p.singular_noun("mice"), p.present_participle("run"), p.no("error", 0), p.compare("cat", "cats"))

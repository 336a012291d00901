# packages: inflection
import inflection

for word in "post octopus sheep CamelOctopus person mouse quiz status ox half".split():
    print(inflection.pluralize(word), inflection.singularize(inflection.pluralize(word)))
print(inflection.camelize("device_type", False), inflection.underscore("DeviceType"))
print(inflection.titleize("x-men: the last_stand"), inflection.ordinalize(1002), inflection.ordinal(-11))
print(
    inflection.parameterize("Donald E. Knuth"),
    inflection.humanize("author_id"),
    inflection.tableize("RawScaledScorer"),
)
print(inflection.transliterate("\u00e4l\u00e4m\u00f6l\u00f6"), inflection.dasherize("puni_puni"))

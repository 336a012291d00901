# packages: webcolors
import webcolors

print(webcolors.name_to_hex("goldenrod"), webcolors.hex_to_name("#daa520"), webcolors.hex_to_rgb("#fff"))
print(webcolors.rgb_to_hex((255, 0, 10)), webcolors.rgb_percent_to_rgb(("100%", "10%", "0%")))
print(webcolors.name_to_rgb("navy"), webcolors.normalize_hex("#0099CC"), len(webcolors.names("css3")))
print(webcolors.html5_parse_legacy_color("chucknorris"), webcolors.html5_parse_simple_color("#ffffff"))
for bad in ("nocolor", ""):
    try:
        webcolors.name_to_hex(bad)
    except ValueError as error:
        print(error)

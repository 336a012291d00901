"""Three levels: a site, a plugin of it, and a template of the plugin; less of a directory at each.

The site hands the plugin one folder. The plugin hands each template the pages of one language, to read,
for so many uses, and takes them back when it is done.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from capcompiler import CapabilityError, Compartment
from stdlib_caps import Dir

HERE = Path(__file__).parent
PAGES = {
    "plugin/en/title.txt": "Tea for everyone",
    "plugin/en/body.txt": "Our shop is open.",
    "plugin/de/title.txt": "Tee für alle",
    "plugin/de/body.txt": "Unser Laden ist offen.",
    "secret.txt": "the password of the shop",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path, text in PAGES.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        # Level one: the site opens its folder, and names the part that is the plugin's.
        site = Dir.open_ambient(folder)
        plugin = Compartment({"pages": site.subdir("plugin")}, on_use=lambda use: uses.append(use.path))
        uses: list[str] = []
        source = (HERE / "plugin.py").read_text(encoding="utf-8")
        print(plugin.exec(source, filename="plugin.py").output, end="")
        print("written:", Path(folder, "plugin/out.html").read_text(encoding="utf-8").splitlines()[0])
        print("uses by the plugin and its templates:", len(uses), "of", ", ".join(sorted(set(uses))))
        try:
            plugin.exec("pages.read_text('../secret.txt')")
        except CapabilityError as error:
            print("the plugin:", error.message)


if __name__ == "__main__":
    main()

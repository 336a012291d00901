# packages: bs4 soupsieve typing_extensions
from bs4 import BeautifulSoup

soup = BeautifulSoup(
    "<html><p class='a b' id=x>One <b>two</b> &amp; <a href='/u'>three</a><br></p><p>Four", "html.parser"
)
print(soup.prettify(), soup.p["class"], [a["href"] for a in soup.find_all("a")], soup.get_text("|"))
print(soup.select("p.a > b"), soup.select_one("#x a").text, soup.find(string="two").parent.name)
soup.b.replace_with("new")
print(soup)

# packages: rfc3986
import rfc3986

u = rfc3986.uri_reference("http://user@Example.com:80/a/../b?q=1#f")
print(
    u.scheme,
    u.authority,
    u.normalize().unsplit(),
    rfc3986.is_valid_uri("http://x"),
    u.resolve_with("http://y/").unsplit(),
    rfc3986.normalize_uri("HTTP://A.b/%7e"),
)

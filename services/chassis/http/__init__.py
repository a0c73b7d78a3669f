"""HTTP: routes as data, who asks, what is refused before any rule, how answers go out."""

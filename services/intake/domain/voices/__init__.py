"""One matter, many voices: which demands are about the same thing, and when that is a hot issue (热点).

`wording` reads a text, `names` finds what is named in it, `likeness` compares two, `matters` groups many,
`similar` keeps what was offered to staff, `issues` counts the voices of a matter.
"""

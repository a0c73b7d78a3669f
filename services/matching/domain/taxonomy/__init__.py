"""The field's words: every category of a county community's affairs, as residents and as offices say it.

A category starts at the margin. Its line `=` holds general words (whoever does one of them does the whole
category); every other line is one concept: words that mean the same thing, continued on lines indented
by four. Marks after a word: `?` weak, it also turns up elsewhere (`??` weaker still); `~` it sets a scene
(who is there, what they do, where, when) as often as it names a need. A word may stand under several
concepts: then it means the one that all the words of a text together name most.
"""

from services.matching.domain.taxonomy.homes import HOMES
from services.matching.domain.taxonomy.people import PEOPLE
from services.matching.domain.taxonomy.rights import RIGHTS
from services.matching.domain.taxonomy.streets import STREETS

TAXONOMY = STREETS + HOMES + PEOPLE + RIGHTS

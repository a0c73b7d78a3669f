"""Points decides what a partner's settled order earns, and pays it once (合伙人积分银行).

It owns accounts, transfers, each community's rule, and the stars of its partners (星级评定).
It hears that communities were loaded, that orders were settled or missed, and how they were rated.
It says that points were posted, or withheld because the budget does not cover them, and who has which star.
"""

"""Points decides what a partner's settled order or used room earns, and pays it once (合伙人积分银行).

It owns accounts, transfers, each community's rules, what points buy, good causes, the rooms that partners
share, who has booked them, and the stars of its partners (星级评定).
It hears that communities were loaded, that orders were settled, sent back or missed, and how they were rated.
It says what was posted, or withheld because the budget does not cover it, how rooms are used, and who has
which star.
"""

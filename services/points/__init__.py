"""Points decides what a partner's settled order or used room earns, and pays it once (合伙人积分银行).

It owns accounts, transfers, each community's rule, the rooms that partners share, and who has booked them.
It hears that communities were loaded and that orders were settled.
It says that points were posted, or withheld because the budget does not cover them, and how rooms are used.
"""

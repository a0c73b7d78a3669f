"""Points decides what a partner's settled order earns, and pays it once (合伙人积分银行).

It owns accounts, transfers and each community's rule.
It hears that communities were loaded and that orders were settled.
It says that points were posted, or withheld because the budget does not cover them.
"""

"""Closed lists of words, in messages, on HTTP and in the rules alike; nothing but the standard library."""

from typing import Literal

ProviderKind = Literal["unit", "partner", "community"]
"""Unit, partner, or the community itself taking the lead."""

DemandKind = Literal["enquiry", "help", "suggestion", "complaint", "report"]
"""The five kinds of demand (field-notes §4): 咨询, 求助, 建议, 投诉, 举报."""

Solved = Literal["solved", "partly", "unsolved"]
"""Three-valued result of the call back (field-notes: FixMyStreet #588)."""

Satisfaction = Literal["satisfied", "mostly", "dissatisfied"]
"""满意, 基本满意, 不满意."""

DangerLevel = Literal["now", "perhaps", "soon", "none"]
"""Somebody is in danger now; a person has to say; it will come to that; neither."""

AccusationKind = Literal["wrongdoing", "complaint", "none"]
"""举报 of a wrong; 投诉 about a service; neither."""

Want = Literal["deed", "answer", "nothing"]
"""What the one who writes wants."""

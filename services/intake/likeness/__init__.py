"""Likeness at work: which demands of a community share what they are found by, held in memory."""

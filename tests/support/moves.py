"""Random moves through a table of states, for hypothesis."""

from hypothesis import strategies as st

Moves = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(1, 400)), max_size=60)

"""The solver behind scarce places: minimum-weight full matching of a sparse bipartite graph (SciPy)."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from services.matching.domain.assignment import Edge

TIE = 1e-9
"""Keeps equal edges apart, so that the lower column is taken; far below any real difference."""


def solve(rows: int, columns: int, edges: Sequence[Edge]) -> Mapping[int, int]:
    """Return the assignment of greatest total value (`assignment.Solver`)."""
    most = max(edge.value for edge in edges) + 1.0
    # The matching takes explicit, non-zero weights; below `most` they are all above 0.
    costs = np.array([most - edge.value + TIE * edge.column for edge in edges])
    where = (np.array([edge.row for edge in edges]), np.array([edge.column for edge in edges]))
    graph = csr_matrix((costs, where), shape=(rows, columns))
    matched_rows, matched_columns = min_weight_full_bipartite_matching(graph)
    return dict(zip(matched_rows.tolist(), matched_columns.tolist(), strict=True))

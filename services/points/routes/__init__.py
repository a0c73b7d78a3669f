"""HTTP into points: one file per noun, each with its table of routes."""

"""HTTP into intake: one file per noun, each with its table of routes."""

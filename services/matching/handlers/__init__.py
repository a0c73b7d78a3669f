"""What matching does: placing, answering, working, closing, in the order of its life; timing beside."""

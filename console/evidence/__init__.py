"""What is kept for others: audit, reports, synthesis."""

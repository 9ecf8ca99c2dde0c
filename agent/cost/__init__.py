"""What a show costs at its providers, estimated while it runs, and what happens when a budget is used up."""

"""Documents with the mentions of many types marked in them, for tools that annotate and train."""

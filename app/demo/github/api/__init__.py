"""GitHub's API, a module for each subject: a table of routes and their handlers.

A handler gets a `Call` that was authenticated and allowed, and returns an `Answer` or raises a `Refusal`. May import
everything of the simulator but `control`. Start at `routes`, which joins the tables.
"""

"""The proof on made-up books: silent on every clean day, and naming each thing that is planted in it.

Hypothesis draws the orders, their policy and what befell their remote writes; the lives are those of the order laws.
"""

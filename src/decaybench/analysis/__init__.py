"""From tables to knowledge: intervals, the choice of λ, facts and the claims. No torch, no drawing."""

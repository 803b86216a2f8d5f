"""The page: one offline HTML file per language, placed from facts, figures and templates. No torch, no learning."""

"""Where numbers come from: the code that made them (`code`) and the machine (`machine`)."""
